package jsonedit

import (
	"cmp"
	"slices"
)

// Edits are changes of a text that are made together: places are those of the
// text before any of them.
type Edits struct {
	list []edit
}

type edit struct {
	Value
	with string
}

// Replace puts a text in the place of a value.
func (e *Edits) Replace(v Value, with string) { e.list = append(e.list, edit{v, with}) }

// Insert puts a text at a place. What is inserted at one place stands in the
// order of the calls.
func (e *Edits) Insert(at int, with string) { e.Replace(Value{at, at}, with) }

// Add adds a member behind the last one of an object, written as they are.
func (e *Edits) Add(text []byte, o *Object, name, value string) {
	if len(o.Members) == 0 {
		e.Insert(o.From+1, o.StyleOf(text).Member(name, value))
		return
	}
	e.AddAfter(text, o, len(o.Members)-1, name, value)
}

// AddAfter adds a member behind the one with this index.
func (e *Edits) AddAfter(text []byte, o *Object, i int, name, value string) {
	s := o.StyleOf(text)
	e.Insert(o.Members[i].To, ","+s.Comma+s.Member(name, value))
}

// Remove removes members, by their indexes. One must remain.
func (e *Edits) Remove(o *Object, members ...int) {
	gone := func(i int) bool { return slices.Contains(members, i) }
	kept := false
	for i, m := range o.Members {
		switch {
		case !gone(i):
			kept = true
		case kept:
			e.Replace(Value{o.Members[i-1].To, m.To}, "")
		case i+1 < len(o.Members):
			e.Replace(Value{m.Key, o.Members[i+1].Key}, "")
		}
	}
}

// Apply returns the text with all changes made.
func (e *Edits) Apply(text []byte) []byte {
	list := slices.Clone(e.list)
	slices.SortStableFunc(list, func(a, b edit) int { return cmp.Or(a.From-b.From, a.To-b.To) })
	out := make([]byte, 0, len(text)+256)
	at := 0
	for _, x := range list {
		out = append(append(out, text[at:x.From]...), x.with...)
		at = x.To
	}
	return append(out, text[at:]...)
}
