package esp

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/clickedge/clickedge/core/base64url"
	"github.com/clickedge/clickedge/core/target"
)

// A sublink other than "a" opens the sender's app.
func sparkPostShape(i int) shape {
	switch i {
	case 0:
		return shape{"/f/a/b/c/d", whole, KindHealth, asNothing}
	case 1:
		return shape{"/f/a/", under, KindClick, asSparkPost}
	case 2:
		return shape{"/f/", under, KindApp, asSparkPostSublink}
	case 3:
		return shape{"/q/", under, KindOpen, asSparkPost}
	}
	return shape{}
}

func readSparkPostSublink(rest string, n *Notes) (string, Grade) {
	sublink, rest, _ := strings.Cut(rest, "/")
	n.field("sublink", sublink, false)
	return readSparkPost(rest, n)
}

// readSparkPost reads what follows the sublink:
//
//	<mac>/<ti1>/<ti2>[?target=<percent-encoded URL>]
//
// ti2 is a stream of tags, or encrypted. If both the stream and target have a
// destination, it must be the same. Nothing shows that target is whole, so a
// reading of target alone is likely.
func readSparkPost(rest string, n *Notes) (string, Grade) {
	rest, query, _ := strings.Cut(rest, "?")
	mac, rest, _ := strings.Cut(rest, "/")
	ti1, ti2, ok := strings.Cut(rest, "/")
	if !ok || mac == "" || ti1 == "" || ti2 == "" {
		return n.doubt("the link has fewer than its three fields")
	}
	if !hasBothCases(ti2) && !hasBothCases(mac) {
		// Lower-casing would not show in target.
		return n.doubt("the fields lost their letter case")
	}
	var buf [maxPayload]byte
	inside, last := sparkPostStream(buf[:], ti2, n)
	return chooseSparkPost(inside, last, target.Query(query), n)
}

// chooseSparkPost decides where a link leads. Its destination may be in the
// stream, in target or in both. If it is the last in the stream, and nowhere
// else, then the reading is likely: of a link that was cut there, nothing shows
// that the last letters are those of the URL.
func chooseSparkPost(inside []byte, last bool, query target.Query, n *Notes) (string, Grade) {
	target, asked := query.Only("target")
	if query != "" && (!asked || strings.Contains(string(query), "&")) {
		n.repair("parameters added after the link")
	}
	switch {
	case !asked && strings.Contains(string(query), "target="):
		return n.doubt("target comes twice or under another name")
	case !asked && len(inside) == 0:
		return n.doubt("the payload is encrypted or damaged, and there is no target")
	case !asked && last:
		return n.likely(string(inside))
	case !asked:
		return n.certain(string(inside))
	}
	to, g := sparkPostTarget(target, n)
	if len(inside) == 0 || g == Unread {
		return to, g
	}
	if !sameURL(to, inside) {
		return n.doubt("the link names two destinations")
	}
	return to, Certain
}

// sameURL compares target with the URL in the stream, whose scheme may have
// upper-case letters.
func sameURL(to string, inside []byte) bool {
	const scheme = len("http://")
	return len(to) == len(inside) && to[scheme:] == string(inside[scheme:]) && strings.EqualFold(to[:scheme], string(inside[:scheme]))
}

// A tag is one byte: its top two bits are the form of the value's length, the
// other six say what the value is. Length form 3 is invalid.
const (
	tagMessageID   = 0x02
	tagDestination = 0x04

	tagNoValue = 0 // no value
	tagShort   = 1 // one byte of length, then the value
	tagLong    = 2 // two bytes of length, the lower first, then the value
)

// sparkPostStream returns the destination in the tag stream of ti2, and whether
// it is the last tag; nil if it has none, or if ti2 is not a stream from its
// first to its last byte. White space inside ti2 is skipped: that the tags fit
// exactly proves that nothing is lost.
func sparkPostStream(buf []byte, ti2 string, n *Notes) (url []byte, last bool) {
	data, rest, wrapped, ok := unbase64(buf, ti2)
	what, clean := residue(rest)
	if !ok || !clean {
		return nil, false
	}
	url, last, ok = destinationTag(data)
	if !ok || wrapped && last { // the text after the white space may be another word
		return nil, false
	}
	if wrapped {
		n.repair("white space inside the payload")
	}
	n.repair(what)
	n.tags(data)
	return url, last
}

// destinationTag reads the whole stream, and reports whether the destination is
// the last tag. A second destination is an error. So is an unknown tag after
// the destination: if a letter of the destination was lost, the next tag begins
// in the wrong place, and the lengths may still fit by chance.
func destinationTag(data []byte) (url []byte, last, ok bool) {
	for len(data) > 0 {
		kind, value, rest, ok := nextTag(data)
		if !ok || url != nil && !tagFits(kind, value) {
			return nil, false, false
		}
		if last = kind == tagDestination && len(value) > 0; last {
			url = value
		}
		data = rest
	}
	return url, last, true
}

// tagFits reports whether the value of a tag other than the destination has
// SparkPost's form.
func tagFits(kind byte, value []byte) bool {
	switch kind {
	case 0x3d, 0x3e, 0x3f:
		return len(value) == 0
	case 0x06, 0x18:
		return len(value) == 4
	case 0x02:
		return len(value) > 0
	case 0x12:
		return bytes.IndexByte(value, '@') > 0 && isText(value)
	case 0x05, 0x07, 0x08, 0x17:
		return isText(value)
	}
	return false
}

// isText reports whether a value is UTF-8 without controls.
func isText(b []byte) bool {
	for _, c := range b {
		if c < 0x20 || c == 0x7f {
			return false
		}
	}
	return utf8.Valid(b)
}

// nextTag cuts the first tag off a stream.
func nextTag(data []byte) (kind byte, value, rest []byte, ok bool) {
	kind, form, rest := data[0]&0x3f, data[0]>>6, data[1:]
	size := 0
	switch {
	case form == tagNoValue:
	case form == tagShort && len(rest) >= 1:
		size, rest = int(rest[0]), rest[1:]
	case form == tagLong && len(rest) >= 2:
		size, rest = int(rest[0])|int(rest[1])<<8, rest[2:]
	default:
		return 0, nil, nil, false
	}
	if size > len(rest) {
		return 0, nil, nil, false
	}
	return kind, rest[:size], rest[size:], true
}

// sparkPostTarget reads the value of target, in which SparkPost percent-encodes
// every such byte. A raw ":", "/" or "&" shows that it was decoded on the way,
// and may have lost what followed a "&". A raw "+" may be a space. Closing
// punctuation at the end may belong to the sentence around the link.
func sparkPostTarget(v string, n *Notes) (string, Grade) {
	if strings.HasPrefix(v, "3Dhttp") {
		v = v[2:]
		n.repair(`"=" came encoded`)
	}
	if !isEscaped(v) {
		return n.doubt("target was decoded on its way")
	}
	if v == "" {
		return n.doubt("target is empty")
	}
	if v[0] == 'H' && strings.ToUpper(v) == v {
		return n.doubt("target was upper-cased on its way")
	}
	url, g := decodeWeb(v, n, Likely)
	switch {
	case g == Unread:
	case strings.IndexByte(url, ' ') >= 0:
		return n.doubt("target has a space: words after the link may have come to it")
	case endsInPunctuation(url):
		return n.doubt("target ends in punctuation that may not be its own")
	}
	return url, g
}

// endsInPunctuation reports whether the last character, escaped or not, may end
// a sentence.
func endsInPunctuation(s string) bool {
	for _, n := range [...]int{1, len("%2E")} {
		if last := s[max(0, len(s)-n):]; anyOf(last, dots) == n || anyOf(last, closers) == n {
			return true
		}
	}
	return false
}

// isComponent reports whether a percent-encoded value may have this byte
// unescaped.
func isComponent(c byte) bool {
	return base64url.Value(c) != base64url.Invalid || strings.IndexByte("%.~!*'()", c) >= 0
}

// tagNames has the names of the tags, and says which are personal.
var tagNames = [64]Field{
	tagMessageID: {Name: "message_id", Personal: true},
	0x04:         {Name: "destination", Personal: true},
	0x05:         {Name: "link_name", Personal: true},
	0x06:         {Name: "expiry"},
	0x07:         {Name: "metadata", Personal: true},
	0x08:         {Name: "campaign"},
	0x12:         {Name: "recipient", Personal: true},
	0x17:         {Name: "tenant"},
	0x18:         {Name: "subaccount"},
	0x3d:         {Name: "initial_open"},
	0x3e:         {Name: "open"},
	0x3f:         {Name: "click"},
}

// tags records every tag of a valid stream. Numbers are recorded in hexadecimal
// digits.
func (n *Notes) tags(data []byte) {
	for n.taken() && len(data) > 0 {
		kind, value, rest, ok := nextTag(data)
		if !ok {
			return
		}
		f := tagNames[kind]
		if f.Name == "" {
			f = Field{Name: "tag_" + hexText([]byte{kind}), Personal: true}
		}
		switch kind {
		case 0x04, 0x05, 0x07, 0x08, 0x12, 0x17:
			f.Value = string(value)
		default:
			f.Value = hexText(value)
		}
		n.fields, data = append(n.fields, f), rest
	}
}

func hexText(b []byte) string {
	const digit = "0123456789abcdef"
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = append(out, digit[c>>4], digit[c&15])
	}
	return string(out)
}
