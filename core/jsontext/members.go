package jsontext

import "unicode/utf8"

// Members iterates over the members of an object that is a whole text:
//
//	m := NewMembers(text)
//	for m.Next() { … m.Name, m.Value … }
//	if m.Whole() { … }
//
// Whole says after the loop whether the text is valid. All of it must be UTF-8:
// other text was damaged on its way.
type Members struct {
	Name  []byte // as it is written, between its quotes
	Value []byte // as it is written
	text  []byte
	r     Reader
	begun bool
	whole bool
}

// NewMembers returns the members of text.
func NewMembers(text []byte) Members {
	m := Members{text: text, r: NewReader(text)}
	if !utf8.Valid(text) {
		m.r.Fail(0, "the text is not UTF-8", "")
	}
	return m
}

// Next moves to the next member. It returns false at the end and at a syntax
// error.
func (m *Members) Next() bool {
	first := !m.begun
	if first {
		m.begun = true
		m.r.open('{')
	}
	if !m.r.more('}', first) {
		m.r.End("object")
		m.whole = !m.r.Failed()
		return false
	}
	// Name and Value are cut from m.text: so the compiler sees that the text
	// does not escape, and the caller's buffer stays on the stack.
	m.r.Next()
	start := m.r.at + 1
	size := len(m.r.name().bytes)
	m.r.Next()
	if m.r.Failed() {
		return false
	}
	m.Name = m.text[start : start+size]
	start = m.r.at
	m.r.Skip()
	m.Value = m.text[start:m.r.at]
	return !m.r.Failed()
}

// Whole reports whether the text was one object and nothing else.
func (m *Members) Whole() bool { return m.whole }

// StringMember returns the string member of this name, which is in lower case,
// of the object that is the whole of text. It decodes in place and allocates
// nothing. It is not ok if the name comes twice or in another letter case,
// since parsers differ on both.
func StringMember(text []byte, name string) ([]byte, bool) {
	var found []byte
	m := NewMembers(text)
	for m.Next() {
		same, alike := isName(m.Name, name)
		switch {
		case !alike:
			continue
		case !same || found != nil:
			return nil, false
		}
		var ok bool
		if found, ok = unquote(m.Value); !ok {
			return nil, false
		}
	}
	return found, found != nil && m.Whole()
}

// isName compares a raw name with one in lower case: same is an exact match,
// alike one in any letter case.
func isName(raw []byte, name string) (same, alike bool) {
	if len(raw) > 6*len(name) {
		return false, false
	}
	got, ok := appendUnescaped(raw[:0], raw)
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

// unquote decodes a value in place, if it is a string.
func unquote(value []byte) ([]byte, bool) {
	if len(value) < 2 || value[0] != '"' {
		return nil, false
	}
	body := value[1 : len(value)-1]
	return appendUnescaped(body[:0], body)
}
