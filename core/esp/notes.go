package esp

import (
	"strings"

	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/jsontext"
	"github.com/clickedge/clickedge/core/word"
)

// Notes collects what Read reports. On nil and silent notes all methods do
// nothing, so that clicks and commands share one reader.
type Notes struct {
	silent bool
	// room is a buffer for a destination that is not part of the link.
	room []byte

	fields  []Field
	region  string
	repairs string
	why     string
}

// Silent returns notes that collect nothing. A destination that is not part of
// the link is written to room, if it fits.
func Silent(room []byte) Notes { return Notes{silent: true, room: room} }

// taken reports whether the notes are collected.
func (n *Notes) taken() bool { return n != nil && !n.silent }

// buffer returns an empty slice with room for size bytes.
func (n *Notes) buffer(size int) []byte {
	if n != nil && size <= len(n.room) {
		return n.room[:0:size]
	}
	return make([]byte, 0, size)
}

func (n *Notes) field(name, value string, personal bool) {
	if n.taken() {
		n.fields = append(n.fields, Field{Name: name, Value: value, Personal: personal})
	}
}

// bytes is field for a value that must be copied. Silent notes do not copy it.
func (n *Notes) bytes(name string, value []byte, personal bool) {
	if n.taken() {
		n.field(name, string(value), personal)
	}
}

func (n *Notes) repair(what string) {
	switch {
	case !n.taken() || what == "" || strings.Contains(n.repairs, what):
	case n.repairs == "":
		n.repairs = what
	default:
		n.repairs += "; " + what
	}
}

// doubt ends a reading without a result: return n.doubt("why").
func (n *Notes) doubt(why string) (string, Grade) {
	if n.taken() {
		n.why = why
	}
	return "", Unread
}

// certain ends a reading with a URL, which must be http or https.
func (n *Notes) certain(url string) (string, Grade) { return n.read(url, Certain) }

// likely is certain with the grade Likely.
func (n *Notes) likely(url string) (string, Grade) { return n.read(url, Likely) }

func (n *Notes) read(url string, g Grade) (string, Grade) {
	if isWeb(url) {
		return url, g
	}
	if plain := destination.LowerScheme(url); isWeb(plain) {
		return plain, g
	}
	return n.doubt(notWeb(url))
}

// notWeb says why isWeb refuses a URL.
func notWeb(url string) string {
	switch plain := destination.LowerScheme(url); {
	case !word.HasPrefix(plain, "https://") && !word.HasPrefix(plain, "http://"):
		return "what it holds is not an http or https URL"
	case strings.ContainsFunc(url, func(r rune) bool { return r < 0x20 || r == 0x7f }):
		return "the URL that it holds has a control byte, such as a line break, which browsers drop"
	}
	return "the URL that it holds has no host"
}

// isWeb reports whether a URL begins with http or https in lower case, has a
// host, and has no control bytes, which no ESP writes and which browsers drop.
//
// Plain: +1,356 instructions a click (decoded).
func isWeb(url string) bool {
	host := ""
	switch {
	case word.HasPrefix(url, "https://"):
		host = url[len("https://"):]
	case word.HasPrefix(url, "http://"):
		host = url[len("http://"):]
	}
	if host == "" || host[0] == '/' || host[0] == '?' || host[0] == '#' {
		return false
	}
	controls, i := uint64(0), 0
	for ; i+8 <= len(url); i += 8 { // the scheme has none
		controls |= controlBytes(word.At(url, i))
	}
	return controls|controlBytes(word.At(url, len(url)-8)) == 0
}

// controlBytes is 0 if none of eight bytes is below 0x20 or is 0x7f.
func controlBytes(w uint64) uint64 {
	return (w-0x20*word.Ones)&^w&word.Highs | word.Zeros(w^0x7f*word.Ones)
}

// member records one member of a JSON object. Only the ESP knows which are
// personal, so all are taken to be, except the format's version.
func (n *Notes) member(name, value []byte) {
	key := string(name)
	n.bytes(key, value, key != "v")
}

// stringMember is [jsontext.StringMember] that also records all members.
func (n *Notes) stringMember(text []byte, name string) ([]byte, bool) {
	if n.taken() {
		for m := jsontext.NewMembers(text); m.Next(); {
			n.member(m.Name, m.Value)
		}
	}
	return jsontext.StringMember(text, name)
}
