package jsontext

import (
	"unicode/utf16"
	"unicode/utf8"
)

// Text is a string of the document. Its bytes may be part of the document: copy
// them before keeping them.
type Text struct {
	Bytes []byte
	At    int    // offset of the opening quote
	Odd   string // why the string is not valid text, "" if it is
}

// rawText is a string as it is written, between its quotes.
type rawText struct {
	bytes []byte
	at    int
	plain bool // ASCII without escapes
}

// Text reads a string, which must begin here.
func (r *Reader) Text() Text { return r.rawText().decoded() }

// decoded returns the text. It is copied only if it is not plain.
func (t rawText) decoded() Text {
	switch {
	case t.plain:
		return Text{Bytes: t.bytes, At: t.at}
	case !utf8.Valid(t.bytes):
		return Text{Bytes: t.bytes, At: t.at, Odd: "is not UTF-8"}
	}
	decoded, ok := appendUnescaped(nil, t.bytes)
	if !ok {
		return Text{Bytes: t.bytes, At: t.at, Odd: `holds half of a character (a lone surrogate \u escape)`}
	}
	return Text{Bytes: decoded, At: t.at}
}

// rawText reads a string and checks its escapes.
func (r *Reader) rawText() rawText {
	t := rawText{at: r.at, plain: true}
	for i := r.at + 1; i < len(r.data); i++ {
		switch c := r.data[i]; {
		case c == '"':
			t.bytes = r.data[t.at+1 : i]
			r.at = i + 1
			return t
		case c == '\\':
			t.plain = false
			n := escapeSize(r.data[i:])
			if n == 0 {
				r.Fail(i, "found an unknown escape in a string", `write \\ for a backslash`)
				return t
			}
			i += n - 1
		case c < ' ':
			r.record(fault{at: i, problem: " in a string", hint: "is the closing quote missing?", found: true})
			return t
		case c >= utf8.RuneSelf:
			t.plain = false
		}
	}
	r.Fail(r.at, "this string is never closed", "is the closing quote missing?")
	return t
}

// escapeSize returns the length of the escape at the start of b, 0 if it is
// invalid.
func escapeSize(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if codeUnit(b) >= 0 {
			return 6
		}
	}
	return 0
}

// codeUnit returns the UTF-16 code unit of the \uXXXX at the start of b, or -1.
func codeUnit(b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	var unit rune
	for _, c := range b[2:6] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		unit = unit<<4 | rune(c)
	}
	return unit
}

// appendUnescaped decodes a string whose escapes have been checked. dst may be
// the start of b, since no escape is shorter than its character. It is not ok
// for half a surrogate pair.
func appendUnescaped(dst, b []byte) ([]byte, bool) {
	for len(b) > 0 {
		if b[0] != '\\' {
			dst, b = append(dst, b[0]), b[1:]
			continue
		}
		c, n := unescape(b)
		if n == 0 {
			return nil, false
		}
		dst, b = utf8.AppendRune(dst, c), b[n:]
	}
	return dst, true
}

// unescape returns the rune of the escape at the start of b, and the length of
// the escape, 0 for half a surrogate pair.
func unescape(b []byte) (rune, int) {
	switch b[1] {
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
		return rune(b[1]), 2
	}
	c := codeUnit(b)
	if !utf16.IsSurrogate(c) {
		return c, 6
	}
	if c = utf16.DecodeRune(c, codeUnit(b[6:])); c == utf8.RuneError {
		return 0, 0
	}
	return c, 12
}
