package override

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/jsontext"
	"github.com/clickedge/clickedge/deploy/output"
)

// Object is the JSON object of one site. Its members keep their order.
type Object struct{ members []member }

type member struct {
	name  string
	value json.RawMessage
}

// Parse reads an object. Whether it is a site is for [Store.Check] to say.
func Parse(text []byte) (*Object, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return nil, errors.New("not JSON")
	}
	o := &Object{}
	m := jsontext.NewMembers(compact.Bytes())
	for m.Next() {
		var name string
		if err := json.Unmarshal([]byte(`"`+string(m.Name)+`"`), &name); err != nil {
			return nil, errors.New("not JSON")
		}
		o.members = append(o.members, member{name, slices.Clone(m.Value)})
	}
	if !m.Whole() {
		return nil, errors.New("not one JSON object")
	}
	return o, nil
}

// Get returns the value of a member; nil where there is none.
func (o *Object) Get(name string) json.RawMessage {
	for _, m := range o.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// With returns the object with a member changed, added, or, for nil, left out.
func (o *Object) With(name string, value json.RawMessage) *Object {
	list := slices.Clone(o.members)
	i := slices.IndexFunc(list, func(m member) bool { return m.name == name })
	switch {
	case i < 0 && value != nil:
		list = append(list, member{name, value})
	case i >= 0 && value == nil:
		list = slices.Delete(list, i, i+1)
	case i >= 0:
		list[i].value = value
	}
	return &Object{list}
}

// Text is the object as it is stored, without white space.
func (o *Object) Text() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range o.members {
		if i > 0 {
			b.WriteByte(',')
		}
		name, _ := json.Marshal(m.name)
		b.Write(name)
		b.WriteByte(':')
		b.Write(m.value)
	}
	b.WriteByte('}')
	return b.String()
}

// Pretty is the object for people, a member or item a line.
func (o *Object) Pretty() string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(o.Text()), "", "  ") != nil {
		return o.Text() + "\n"
	}
	return b.String() + "\n"
}

// Equal reports whether two objects have the same members, in any order.
func (o *Object) Equal(p *Object) bool { return len(o.Differs(p)) == 0 }

// Differs names the members that two objects do not have alike.
func (o *Object) Differs(p *Object) (names []string) {
	for _, m := range o.members {
		if !bytes.Equal(p.Get(m.name), m.value) {
			names = append(names, m.name)
		}
	}
	for _, m := range p.members {
		if o.Get(m.name) == nil {
			names = append(names, m.name)
		}
	}
	return names
}

// Diff shows what changes from one object to another, line by line; nil stands
// for no object.
func Diff(before, after *Object) string {
	text := func(o *Object) []byte {
		if o == nil {
			return nil
		}
		return []byte(o.Pretty())
	}
	return cleanLines(string(diff.Diff("now", text(before), "then", text(after))))
}

// cleanLines escapes what would control a terminal.
func cleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = clean.Text(lines[i])
	}
	return strings.Join(lines, "\n")
}

// Size is how many characters an entry has, of [contract.MaxConfigEntry].
func (o *Object) Size() int { return utf8.RuneCountInString(o.Text()) }

// nearlyFull is the size from which it is said that room is short.
const nearlyFull = contract.MaxConfigEntry * 8 / 10

// Room says how many characters the object has, and what takes them, if there
// are nearly as many as an entry may have, or more; else "".
func (o *Object) Room() string {
	if o.Size() < nearlyFull {
		return ""
	}
	list := slices.Clone(o.members)
	slices.SortStableFunc(list, func(a, b member) int { return len(b.value) - len(a.value) })
	var parts []string
	for _, m := range list[:min(len(list), 4)] {
		parts = append(parts, fmt.Sprintf("%s %s", clean.Cut(clean.Text(m.name), 40), output.Count(len(m.name)+len(m.value)+len(`"":,`), "byte")))
	}
	return fmt.Sprintf("%d of %d characters: %s", o.Size(), contract.MaxConfigEntry, strings.Join(parts, ", "))
}

// Taken says how many characters the object takes of an entry.
func (o *Object) Taken() string {
	return fmt.Sprintf("%d of %d characters", o.Size(), contract.MaxConfigEntry)
}

// Compared says in one line how an override differs from the object of
// sites.json, nil for none.
func Compared(host string, o, file *Object) string {
	if file == nil {
		return "sites.json has no site " + host
	}
	names := o.Differs(file)
	if len(names) == 0 {
		return "it says what sites.json says"
	}
	for i := range names {
		names[i] = clean.Text(names[i])
	}
	return "it differs from sites.json in " + output.Some(names, 12)
}
