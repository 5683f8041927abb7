// Package jsonedit changes single members in the text of a JSON document and
// leaves every other byte as it is: the order, the indentation and the way a
// person wrote it.
//
// Start with [Root], which finds the members of a document's object, and with
// [Edits], which collects changes and makes them. The text must be valid JSON;
// who changes a file reads the result with its own parser before writing it.
package jsonedit

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// Value is the place of a value in a text.
type Value struct{ From, To int }

// Of returns the text of the value.
func (v Value) Of(text []byte) string { return string(text[v.From:v.To]) }

// Member is a member of an object.
type Member struct {
	Name string
	Key  int // where its name begins, with the quote
	Value
}

// Object is the place of an object, and of its members.
type Object struct {
	Value
	Members []Member
}

// List is the place of a list, and of its elements.
type List struct {
	Value
	Elements []Value
}

var (
	errObject = errors.New("there is no object")
	errList   = errors.New("there is no list")
)

// Root finds the object that a document is.
func Root(text []byte) (Object, error) { return ObjectAt(text, 0) }

// ObjectAt finds the object that begins at a place, or after spaces there.
func ObjectAt(text []byte, at int) (o Object, err error) {
	c := newCursor(text, at)
	if o.From, err = c.open('{', errObject); err != nil {
		return o, err
	}
	for c.dec.More() {
		m := Member{Key: c.next('"')}
		name, err := c.dec.Token()
		if err != nil {
			return o, err
		}
		m.Name, _ = name.(string)
		if m.Value, err = c.value(); err != nil {
			return o, err
		}
		o.Members = append(o.Members, m)
	}
	o.To, err = c.close()
	return o, err
}

// ListAt finds the list that begins at a place, or after spaces there.
func ListAt(text []byte, at int) (l List, err error) {
	c := newCursor(text, at)
	if l.From, err = c.open('[', errList); err != nil {
		return l, err
	}
	for c.dec.More() {
		v, err := c.value()
		if err != nil {
			return l, err
		}
		l.Elements = append(l.Elements, v)
	}
	l.To, err = c.close()
	return l, err
}

// Index returns the place of the first member of this name among the members,
// -1 for none.
func (o *Object) Index(name string) int {
	for i := range o.Members {
		if o.Members[i].Name == name {
			return i
		}
	}
	return -1
}

// Find returns the first member of this name.
func (o *Object) Find(name string) (Member, bool) {
	if i := o.Index(name); i >= 0 {
		return o.Members[i], true
	}
	return Member{}, false
}

// cursor reads a text and knows the place in it.
type cursor struct {
	text []byte
	at   int
	dec  *json.Decoder
}

func newCursor(text []byte, at int) *cursor {
	return &cursor{text, at, json.NewDecoder(bytes.NewReader(text[at:]))}
}

func (c *cursor) place() int { return c.at + int(c.dec.InputOffset()) }

// next is where the next of this byte is.
func (c *cursor) next(b byte) int { return c.place() + bytes.IndexByte(c.text[c.place():], b) }

func (c *cursor) open(bracket rune, otherwise error) (int, error) {
	t, err := c.dec.Token()
	if err == nil && t != json.Delim(bracket) {
		err = otherwise
	}
	return c.place() - 1, err
}

func (c *cursor) close() (int, error) {
	_, err := c.dec.Token()
	return c.place(), err
}

func (c *cursor) value() (Value, error) {
	var raw json.RawMessage
	if err := c.dec.Decode(&raw); err != nil {
		return Value{}, err
	}
	to := c.place()
	return Value{to - len(raw), to}, nil
}

// Style is how a person wrote an object.
type Style struct {
	Colon string // ":" or ": "
	Comma string // the space between a comma and the next member
}

// StyleOf returns how an object is written.
func (o *Object) StyleOf(text []byte) Style {
	s := Style{Colon: ": ", Comma: " "}
	n := len(o.Members)
	if n == 0 {
		return s
	}
	if last := o.Members[n-1]; bytes.HasSuffix(text[last.Key:last.From], []byte(":")) {
		s = Style{Colon: ":"}
	}
	if n > 1 {
		between := string(text[o.Members[n-2].To:o.Members[n-1].Key])
		s.Comma = between[strings.IndexByte(between, ',')+1:]
	} else if lead := string(text[o.From+1 : o.Members[0].Key]); strings.Contains(lead, "\n") {
		s.Comma = lead
	}
	return s
}

// Member writes a member in this style. The value is JSON.
func (s Style) Member(name, value string) string { return Quote(name) + s.Colon + value }

// Quote writes a string of JSON.
func Quote(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // no string fails
	return strings.TrimSuffix(b.String(), "\n")
}
