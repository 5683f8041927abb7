package core

import (
	"bytes"
	"unicode/utf8"
)

// maxDepth bounds nested arrays and objects; the ESPs' own use two.
const maxDepth = 16

// jsonObject walks over the members of a JSON object (RFC 8259) and checks the
// whole text on its way. encoding/json reflects; this allocates nothing.
//
//	o := jsonObject{text: text}
//	for o.next() { … o.name, o.value … }
//	if o.whole { … }
//
// Only after the loop is it known that the text is valid. It must be UTF-8
// throughout: what is not was damaged on its way.
type jsonObject struct {
	text  []byte
	pos   int
	name  []byte // the raw name, with its quotes
	value []byte // the raw value
	whole bool   // the text was one object and nothing else
	begun bool
}

// next moves to the next member. It returns false at the end and at a mistake.
func (o *jsonObject) next() bool {
	if !o.begun {
		o.begun = true
		if !utf8.Valid(o.text) || !o.take('{') {
			return false
		}
		if o.take('}') {
			o.end()
			return false
		}
		return o.member()
	}
	if o.take(',') {
		return o.member()
	}
	if o.take('}') {
		o.end()
	}
	return false
}

func (o *jsonObject) member() bool {
	o.space()
	from := o.pos
	if !o.str() {
		return false
	}
	o.name = o.text[from:o.pos]
	if !o.take(':') {
		return false
	}
	o.space()
	from = o.pos
	if !o.skip(1) {
		return false
	}
	o.value = o.text[from:o.pos]
	return true
}

func (o *jsonObject) end() {
	o.space()
	o.whole = o.pos == len(o.text)
}

func (o *jsonObject) space() {
	for o.pos < len(o.text) {
		switch o.text[o.pos] {
		case ' ', '\t', '\r', '\n':
			o.pos++
		default:
			return
		}
	}
}

// peek returns the byte at hand, or 0 at the end.
func (o *jsonObject) peek() byte {
	if o.pos < len(o.text) {
		return o.text[o.pos]
	}
	return 0
}

// take passes over white space and then c, if c is there.
func (o *jsonObject) take(c byte) bool {
	o.space()
	if o.peek() != c {
		return false
	}
	o.pos++
	return true
}

// skip passes over any value.
func (o *jsonObject) skip(depth int) bool {
	o.space()
	switch c := o.peek(); {
	case c == '"':
		return o.str()
	case c == '{':
		return depth < maxDepth && o.nested('}', depth+1, true)
	case c == '[':
		return depth < maxDepth && o.nested(']', depth+1, false)
	case c == '-' || c >= '0' && c <= '9':
		return o.number()
	}
	return o.word("true") || o.word("false") || o.word("null")
}

// nested passes over an array, or over an object where named.
func (o *jsonObject) nested(end byte, depth int, named bool) bool {
	o.pos++
	if o.take(end) {
		return true
	}
	for {
		o.space()
		if named && !(o.str() && o.take(':')) || !o.skip(depth) {
			return false
		}
		if !o.take(',') {
			return o.take(end)
		}
	}
}

func (o *jsonObject) word(w string) bool {
	if len(o.text)-o.pos < len(w) || string(o.text[o.pos:o.pos+len(w)]) != w {
		return false
	}
	o.pos += len(w)
	return true
}

// str passes over a string and checks its escapes, surrogates aside.
func (o *jsonObject) str() bool {
	if o.peek() != '"' {
		return false
	}
	for o.pos++; o.pos < len(o.text); o.pos++ {
		switch c := o.text[o.pos]; {
		case c == '"':
			o.pos++
			return true
		case c < 0x20:
			return false
		case c == '\\':
			k := escapeLen(o.text[o.pos:])
			if k == 0 {
				return false
			}
			o.pos += k - 1
		}
	}
	return false
}

// escapeLen is the length of the JSON escape that s begins with, 0 if it is none.
func escapeLen(s []byte) int {
	switch {
	case len(s) < 2:
		return 0
	case bytes.IndexByte([]byte(`"\/bfnrt`), s[1]) >= 0:
		return 2
	case s[1] == 'u' && codeUnit(s) >= 0:
		return 6
	}
	return 0
}

// codeUnit returns the UTF-16 code unit of the \uXXXX at the start of s, or -1.
func codeUnit(s []byte) rune {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range s[2:6] {
		d := hexDigit(c)
		if d > 15 {
			return -1
		}
		r = r<<4 | rune(d)
	}
	return r
}

func (o *jsonObject) number() bool {
	if o.peek() == '-' {
		o.pos++
	}
	if o.peek() == '0' {
		o.pos++
	} else if !o.digits() {
		return false
	}
	if o.peek() == '.' {
		o.pos++
		if !o.digits() {
			return false
		}
	}
	if c := o.peek(); c != 'e' && c != 'E' {
		return true
	}
	o.pos++
	if c := o.peek(); c == '+' || c == '-' {
		o.pos++
	}
	return o.digits()
}

// digits passes over one digit at least.
func (o *jsonObject) digits() bool {
	from := o.pos
	for c := o.peek(); c >= '0' && c <= '9'; c = o.peek() {
		o.pos++
	}
	return o.pos > from
}

// unquote decodes a JSON string that [jsonObject] has passed over. It does so in
// place: no escape is shorter than what it stands for. Half a surrogate pair
// stands for nothing: not ok.
func unquote(s []byte) ([]byte, bool) {
	if len(s) < 2 || s[0] != '"' {
		return nil, false
	}
	s = s[1 : len(s)-1]
	out := s[:0]
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			out = append(out, s[i])
			i++
			continue
		}
		r, k := unescape(s[i:])
		if k == 0 {
			return nil, false
		}
		out = utf8.AppendRune(out, r)
		i += k
	}
	return out, true
}

// unescape returns the rune of the escape at the start of s and its length, 0
// for half a surrogate pair.
func unescape(s []byte) (rune, int) {
	switch s[1] {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
	default:
		return rune(s[1]), 2
	}
	r := codeUnit(s)
	if r < 0xd800 || r > 0xdfff {
		return r, 6
	}
	low := codeUnit(s[6:])
	if r > 0xdbff || low < 0xdc00 || low > 0xdfff {
		return 0, 0
	}
	return 0x10000 + (r-0xd800)<<10 + (low - 0xdc00), 12
}

// stringMember returns the one string member of this name in the object that is
// the whole of text, decoded in place. Parsers differ on a name that comes
// twice, and some take it in any letter case: either is no answer.
func stringMember(text []byte, name string, n *notes) ([]byte, bool) {
	var found []byte
	o := jsonObject{text: text}
	for o.next() {
		n.member(o.name, o.value)
		same, alike := isName(o.name, name)
		switch {
		case !alike:
			continue
		case !same || found != nil:
			return nil, false
		}
		var ok bool
		if found, ok = unquote(o.value); !ok {
			return nil, false
		}
	}
	return found, found != nil && o.whole
}

// isName compares a raw name, escapes and all, with one in lower case.
func isName(raw []byte, name string) (same, alike bool) {
	if len(raw) > 6*len(name)+2 {
		return false, false
	}
	got, ok := unquote(raw)
	if !ok || len(got) != len(name) {
		return false, false
	}
	same = string(got) == name
	for i, c := range got {
		if c != name[i] && (c|0x20 != name[i] || !isLetter(c)) {
			return false, false
		}
	}
	return same, true
}

// member notes one member of a JSON object. Which of them are personal only the
// ESP knows, so all are, but for the format's version.
func (n *notes) member(name, value []byte) {
	if !n.taken() {
		return
	}
	key := string(name)
	if len(key) > 1 {
		key = key[1 : len(key)-1]
	}
	n.bytes(key, value, key != "v")
}
