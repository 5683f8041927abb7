package handler

import (
	"strings"

	"github.com/fastly/compute-sdk-go/fsthttp"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/header"
)

// This file has what core says of header fields in the form that the SDK has
// them: a map, which keeps the order of a field's values, and none of fields. In
// core a field's values are one text, each followed by a NUL.

// namesOf returns the names of the fields, in lower case.
func namesOf(h fsthttp.Header) string {
	var names strings.Builder
	for name := range h {
		names.WriteString(strings.ToLower(name))
		names.WriteByte(0)
	}
	return names.String()
}

// fieldsOf says which of the fields that matter a message has.
func fieldsOf(h fsthttp.Header) (set header.Set) {
	set.Read(namesOf(h))
	return set
}

// valuesOf returns the values of a field.
func valuesOf(h fsthttp.Header, name string) string {
	values := h.Values(name)
	if len(values) == 0 {
		return ""
	}
	return strings.Join(values, "\x00") + "\x00"
}

// joined returns the values of a field as one; "" where there is none.
func joined(h fsthttp.Header, name string) string {
	if values := h.Values(name); len(values) == 1 {
		return values[0]
	}
	return string(header.AppendJoined(nil, valuesOf(h, name)))
}

// editor returns what carries out edits of a message's fields; o is whose
// cookies they are.
func editor(h fsthttp.Header, o *core.Origin) core.Editor {
	return func(op core.EditOp, name, value string) {
		apply(h, o, core.Edit{Op: op, Name: name, Value: value})
	}
}

func apply(h fsthttp.Header, o *core.Origin, e core.Edit) {
	switch e.Op {
	case core.EditSet:
		h.Set(e.Name, e.Value)
	case core.EditRemove:
		h.Del(e.Name)
	case core.EditPass:
	case core.EditRemoveAliases:
		for name, rest := o.NextAlias(namesOf(h)); name != ""; name, rest = o.NextAlias(rest) {
			h.Del(name)
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

func removeNamed(h fsthttp.Header, value string) {
	for name, rest := core.NamedByConnection(value); name != ""; name, rest = core.NamedByConnection(rest) {
		h.Del(name)
	}
}

// replace gives a field the values that core makes of those that it has.
func replace(h fsthttp.Header, o *core.Origin, e core.Edit) {
	before := valuesOf(h, e.Name)
	after := string(o.AppendValues(nil, e, before))
	if after == before {
		return
	}
	h.Del(e.Name)
	for after != "" {
		var value string
		value, after = header.Next(after)
		h.Add(e.Name, value)
	}
}
