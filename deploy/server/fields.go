package server

import (
	"slices"
	"strings"
	"unsafe"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/header"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// This file has what core says of header fields in the form that package wire
// has them. In core a field's values are one text, each followed by a NUL.

// namesOf returns the names of the fields, in lower case.
func namesOf(h wire.Header) string {
	var names strings.Builder
	for _, name := range h.Names() {
		names.WriteString(name)
		names.WriteByte(0)
	}
	return names.String()
}

// fieldsOf says which of the fields that matter a message has.
func (x *exchange) fieldsOf(h wire.Header) (set header.Set) {
	x.names = x.names[:0]
	for i := range h {
		x.names = append(append(x.names, h[i].Name...), 0)
	}
	set.Read(unsafe.String(unsafe.SliceData(x.names), len(x.names))) // it keeps nothing
	return set
}

// valuesOf returns the values of a field.
func valuesOf(h wire.Header, name string) string {
	if h.Count(name) == 1 { // as a rule
		value, _ := h.Get(name)
		return value + "\x00"
	}
	values := h.Values(name)
	if len(values) == 0 {
		return ""
	}
	return strings.Join(values, "\x00") + "\x00"
}

// joined returns the values of a field as one; "" where there is none.
func joined(h wire.Header, name string) string {
	value, found := h.Get(name)
	if !found || h.Count(name) == 1 {
		return value
	}
	return string(header.AppendJoined(nil, valuesOf(h, name)))
}

// apply carries out one edit of a message's fields; o is whose cookies they are.
func apply(h *wire.Header, o *core.Origin, e core.Edit) {
	switch e.Op {
	case core.EditSet:
		set(h, e.Name, e.Value)
	case core.EditRemove:
		remove(h, e.Name)
	case core.EditPass:
	case core.EditRemoveAliases:
		for name, rest := o.NextAlias(namesOf(*h)); name != ""; name, rest = o.NextAlias(rest) {
			remove(h, name)
		}
	case core.EditRemoveNamed:
		for _, value := range h.Values(e.Name) {
			removeNamed(h, value)
		}
	case core.EditAppend, core.EditDefault, core.EditUnlessKept, core.EditOwnCookies, core.EditOwnSetCookies:
		replace(h, o, e)
	default:
		panic("internal error: an edit that is not known here") // else a field would stay in silence
	}
}

func removeNamed(h *wire.Header, value string) {
	for name, rest := core.NamedByConnection(value); name != ""; name, rest = core.NamedByConnection(rest) {
		remove(h, name)
	}
}

// set replaces all fields of a name by one, where the first of them stood, or at
// the end. It changes the list in place, which must be one's own.
func set(h *wire.Header, name, value string) {
	at := -1
	for i := range *h {
		if is(&(*h)[i], name) {
			at = i
			break
		}
	}
	if at < 0 {
		h.Add(name, value)
		return
	}
	(*h)[at] = wire.Field{Name: name, Value: value}
	rest := (*h)[at+1:]
	remove(&rest, name)
	*h = (*h)[:at+1+len(rest)]
}

// remove removes all fields of a name, in place as set does.
func remove(h *wire.Header, name string) {
	*h = slices.DeleteFunc(*h, func(f wire.Field) bool { return is(&f, name) })
}

func is(f *wire.Field, name string) bool {
	return len(f.Name) == len(name) && strings.EqualFold(f.Name, name)
}

// replace gives a field the values that core makes of those that it has.
func replace(h *wire.Header, o *core.Origin, e core.Edit) {
	before := valuesOf(*h, e.Name)
	after := string(o.AppendValues(nil, e, before))
	if after == before {
		return
	}
	var values []string
	for rest := after; rest != ""; {
		var value string
		value, rest = header.Next(rest)
		values = append(values, value)
	}
	h.Set(e.Name, values...)
}
