package core

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxNesting bounds how deep objects and lists may lie in one another. sites.json
// needs four.
const maxNesting = 16

// jsonReader reads JSON (RFC 8259) from front to back and knows where it stands.
// It stops at the first syntax error; after that every method returns at once.
//
// encoding/json would do for the values, but it drops repeated names, replaces
// bytes that are not UTF-8 without a word, says little about where a mistake
// is, and brings reflection into the guest.
type jsonReader struct {
	data  []byte
	at    int // the next byte that was not read
	depth int
	err   *jsonError
}

// jsonError is a syntax error at a byte offset.
type jsonError struct {
	at            int
	problem, hint string
}

// jsonText is a string of the document. Its bytes may lie in the document: they
// are copied before they are kept.
type jsonText struct {
	bytes []byte
	at    int    // offset of the opening quote
	odd   string // why the string is no text, "" where it is
}

// fail notes the first syntax error.
func (r *jsonReader) fail(at int, problem, hint string) {
	if r.err == nil {
		r.err = &jsonError{at, problem, hint}
	}
}

// next skips white space and returns the byte that follows, 0 at the end.
func (r *jsonReader) next() byte {
	for ; r.err == nil && r.at < len(r.data); r.at++ {
		switch c := r.data[r.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// object calls member for each name; member must read or skip the value.
func (r *jsonReader) object(member func(name jsonText)) {
	if !r.open('{') {
		return
	}
	for first := true; r.more('}', first); first = false {
		if r.next() != '"' {
			r.unexpected("a name in double quotes")
			return
		}
		name := r.text()
		if r.next() != ':' {
			r.unexpected("a colon")
			return
		}
		r.at++
		member(name)
	}
}

// list calls item with 0, 1, …; item must read or skip the value.
func (r *jsonReader) list(item func(i int)) {
	if !r.open('[') {
		return
	}
	for i := 0; r.more(']', i == 0); i++ {
		item(i)
	}
}

func (r *jsonReader) open(bracket byte) bool {
	switch {
	case r.next() != bracket:
		r.unexpected(strconv.QuoteRune(rune(bracket)))
	case r.depth == maxNesting:
		r.fail(r.at, "nested more than "+strconv.Itoa(maxNesting)+" deep", "")
	default:
		r.depth++
		r.at++
	}
	return r.err == nil
}

// more goes on to the next element, or past the closing bracket.
func (r *jsonReader) more(bracket byte, first bool) bool {
	c := r.next()
	if c == bracket {
		r.at++
		r.depth--
		return false
	}
	if first || r.err != nil {
		return r.err == nil
	}
	if c != ',' {
		r.unexpected("a comma or " + strconv.QuoteRune(rune(bracket)))
		return false
	}
	r.at++
	if r.next() == bracket {
		r.fail(r.at, "found "+r.found()+" after a comma", "remove the comma")
	}
	return r.err == nil
}

// text reads a string.
func (r *jsonReader) text() jsonText {
	t := jsonText{at: r.at}
	end, plain := r.textEnd()
	if r.err != nil {
		return t
	}
	t.bytes = r.data[r.at+1 : end]
	r.at = end + 1
	if !plain {
		t.bytes, t.odd = unescapeText(t.bytes)
	}
	return t
}

// textEnd finds the closing quote of the string that begins here, and says
// whether the string is plain: ASCII without escapes.
func (r *jsonReader) textEnd() (end int, plain bool) {
	plain = true
	for i := r.at + 1; i < len(r.data); i++ {
		switch c := r.data[i]; {
		case c == '"':
			return i, plain
		case c == '\\':
			plain = false
			n := escapeSize(r.data[i:])
			if n == 0 {
				r.fail(i, "found an unknown escape in a string", `write \\ for a backslash`)
				return 0, false
			}
			i += n - 1
		case c < ' ':
			r.fail(i, "found "+strconv.QuoteRune(rune(c))+" in a string", "is the closing quote missing?")
			return 0, false
		case c >= utf8.RuneSelf:
			plain = false
		}
	}
	r.fail(r.at, "this string is never closed", `is the closing quote missing?`)
	return 0, false
}

// escapeSize returns the length of the escape at the start of b, 0 if it is none.
func escapeSize(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(b); ok {
			return 6
		}
	}
	return 0
}

// hex4 reads the escape \uXXXX at the start of b.
func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(n), err == nil
}

// unescapeText decodes a string whose escapes are known to be well-formed.
func unescapeText(b []byte) (out []byte, odd string) {
	if !utf8.Valid(b) {
		return b, "is not UTF-8"
	}
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			out = append(out, b[i])
			continue
		}
		i++
		if b[i] != 'u' {
			out = append(out, unescaped(b[i]))
			continue
		}
		c, n := unescapeRune(b[i-1:])
		if c == utf8.RuneError && n == 0 {
			return b, `holds half of a character (a lone surrogate \u escape)`
		}
		out = utf8.AppendRune(out, c)
		i += n - 2
	}
	return out, ""
}

func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// unescapeRune reads \uXXXX, or a surrogate pair of two, and returns the length
// read; 0 for half a pair.
func unescapeRune(b []byte) (rune, int) {
	c, _ := hex4(b)
	if !utf16.IsSurrogate(c) {
		return c, 6
	}
	low, _ := hex4(b[6:])
	if c = utf16.DecodeRune(c, low); c == utf8.RuneError {
		return c, 0
	}
	return c, 12
}

// skip reads a value of any type and forgets it.
func (r *jsonReader) skip() {
	switch c := r.next(); {
	case c == '{':
		r.object(func(jsonText) { r.skip() })
	case c == '[':
		r.list(func(int) { r.skip() })
	case c == '"':
		r.text()
	case c == '-' || c >= '0' && c <= '9':
		r.number()
	case r.word("true") || r.word("false") || r.word("null"):
	default:
		r.unexpected("a value")
	}
}

// word reads one of the three words of JSON, if it stands here.
func (r *jsonReader) word(w string) bool {
	end := r.at + len(w)
	if r.err != nil || end > len(r.data) || string(r.data[r.at:end]) != w {
		return false
	}
	if end < len(r.data) && isLabelByte(r.data[end]) {
		return false
	}
	r.at = end
	return true
}

// number reads -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? and forgets it: no
// field of sites.json is a number.
func (r *jsonReader) number() {
	start := r.at
	r.take("-")
	ok := r.take("0") || r.digits()
	if r.take(".") {
		ok = r.digits() && ok
	}
	if r.take("eE") {
		r.take("+-")
		ok = r.digits() && ok
	}
	if !ok || r.at < len(r.data) && (isLabelByte(r.data[r.at]) || r.data[r.at] == '.') {
		r.fail(start, "found a number that JSON does not know", "")
	}
}

// take reads one byte if it is one of set.
func (r *jsonReader) take(set string) bool {
	for i := 0; r.at < len(r.data) && i < len(set); i++ {
		if r.data[r.at] == set[i] {
			r.at++
			return true
		}
	}
	return false
}

func (r *jsonReader) digits() bool {
	start := r.at
	for r.take("0123456789") {
	}
	return r.at > start
}

// end makes sure that nothing follows the document.
func (r *jsonReader) end() {
	if r.next(); r.err == nil && r.at < len(r.data) {
		r.fail(r.at, "found "+r.found()+" after the end of the object", "a file holds one object")
	}
}

// unexpected fails where something else belongs.
func (r *jsonReader) unexpected(belongs string) {
	if r.err == nil {
		r.fail(r.at, "found "+r.found()+" where "+belongs+" belongs", r.why())
	}
}

// found names what stands here: a word, a character, or the end of the file.
func (r *jsonReader) found() string {
	rest := r.data[r.at:]
	if len(rest) == 0 {
		return "the end of the file"
	}
	n := 0
	for n < len(rest) && n < 20 && isLabelByte(rest[n]) {
		n++
	}
	if n > 1 {
		return strconv.Quote(string(rest[:n]))
	}
	c, size := utf8.DecodeRune(rest)
	if c == utf8.RuneError && size == 1 {
		return "a byte that is not UTF-8"
	}
	return strconv.QuoteRune(c)
}

// why guesses from what stands here what the writer had in mind.
func (r *jsonReader) why() string {
	if r.at == len(r.data) {
		return ""
	}
	switch c := r.data[r.at]; {
	case c == '\'':
		return "strings stand in double quotes"
	case c == '/' || c == '#':
		return "JSON has no comments"
	case c == '"':
		return "is a comma or a colon missing before it?"
	case c == 'T' || c == 'F' || c == 'N':
		return "true, false and null are written in lower case"
	case isLetter(c):
		return "strings and names stand in double quotes"
	}
	return ""
}
