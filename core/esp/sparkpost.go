package esp

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/clickedge/clickedge/core/base64url"
	"github.com/clickedge/clickedge/core/target"
)

// A sublink other than "a" is one that the sender has given to an app.
var sparkPostShapes = []shape{
	{"/f/a/b/c/d", whole, KindHealth, nil},
	{"/f/a/", under, KindClick, readSparkPost},
	{"/f/", under, KindApp, readSparkPostSublink},
	{"/q/", under, KindOpen, readSparkPost},
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
// ti2 is a stream of tags, or is encrypted and then parses as nothing. A
// destination in the stream and one in target must be the same. Nothing shows
// that target is whole, whatever follows it: a reading of it alone is likely.
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
	return chooseSparkPost(sparkPostStream(buf[:], ti2, n), target.Query(query), n)
}

// chooseSparkPost settles where a link leads that may name its destination in
// the stream, in target or in both.
func chooseSparkPost(inside []byte, query target.Query, n *Notes) (string, Grade) {
	target, asked := query.Only("target")
	if query != "" && (!asked || strings.Contains(string(query), "&")) {
		n.repair("parameters added behind the link")
	}
	switch {
	case !asked && strings.Contains(string(query), "target="):
		return n.doubt("target comes twice or under another name")
	case !asked && len(inside) == 0:
		return n.doubt("the payload is encrypted or damaged, and there is no target")
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

// sameURL compares what target says with what the stream says, whose scheme may
// have capitals.
func sameURL(to string, inside []byte) bool {
	const scheme = len("http://")
	return len(to) == len(inside) && to[scheme:] == string(inside[scheme:]) && strings.EqualFold(to[:scheme], string(inside[:scheme]))
}

// A tag is one byte: its top two bits say how long the value is, the other six
// what it is. The length form 3 stands for nothing.
const (
	tagDestination = 0x04

	tagNoValue = 0 // no value
	tagShort   = 1 // one byte of length, then the value
	tagLong    = 2 // two bytes of length, the lower first, then the value
)

// sparkPostStream returns the destination in the tag stream that ti2 holds; nil
// where there is none, or where ti2 is no stream from its first to its last
// byte. That framing is what makes white space inside it safe to leave out.
func sparkPostStream(buf []byte, ti2 string, n *Notes) []byte {
	data, rest, wrapped, ok := unbase64(buf, ti2)
	what, clean := residue(rest)
	if !ok || !clean {
		return nil
	}
	url, last, ok := destinationTag(data)
	if !ok || wrapped && last { // what follows the white space may be another word
		return nil
	}
	if wrapped {
		n.repair("white space inside the payload")
	}
	n.repair(what)
	n.tags(data)
	return url
}

// destinationTag walks the whole stream. A second destination is an error, and so
// is an unknown tag behind the destination: where a letter was lost inside it,
// what follows is out of step, and the lengths alone may fit by chance. It says
// whether the destination is the last tag.
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

// tagFits reports whether a tag that is no destination has a value as SparkPost
// writes it.
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

// nextTag takes the first tag off a stream.
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

// sparkPostTarget reads the value of target, which SparkPost percent-encodes
// whole. A raw ":", "/" or "&" shows that it was decoded on the way and may have
// lost what stood behind a "&"; a raw "+" may be a space; and closing
// punctuation at its end may be the sentence's.
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
		return n.doubt("target has a space: words behind the link may have come to it")
	case endsInPunctuation(url):
		return n.doubt("target ends in punctuation that may not be its own")
	}
	return url, g
}

// endsInPunctuation reports whether the last byte, escaped or not, may close a
// sentence.
func endsInPunctuation(s string) bool {
	last := s[len(s)-1:]
	if len(s) > 3 && s[len(s)-3] == '%' {
		last = s[len(s)-3:]
	}
	return anyOf(last, dots[:]) > 0 || anyOf(last, closers[:]) > 0
}

// isComponent tells whether a percent-encoded value holds this byte as it is.
func isComponent(c byte) bool {
	return base64url.Value(c) != base64url.Invalid || strings.IndexByte("%.~!*'()", c) >= 0
}

// tagNames names what the stream may hold, and says what is personal: all but
// times and marks.
var tagNames = [64]Field{
	0x02: {Name: "message_id", Personal: true},
	0x04: {Name: "destination", Personal: true},
	0x05: {Name: "link_name", Personal: true},
	0x06: {Name: "expiry"},
	0x07: {Name: "metadata", Personal: true},
	0x08: {Name: "campaign"},
	0x12: {Name: "recipient", Personal: true},
	0x17: {Name: "tenant"},
	0x18: {Name: "subaccount"},
	0x3d: {Name: "initial_open"},
	0x3e: {Name: "open"},
	0x3f: {Name: "click"},
}

// tags notes every tag of a stream that has been walked before. Values that are
// numbers are given in hexadecimal digits.
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
