package core

import (
	"strings"

	"github.com/clickedge/clickedge/core/header"
)

// Edit is one change of a header field. The edits of a message are carried out
// in order:
//
//   - EditRemove: remove the field, if it is there;
//   - EditRemoveNamed: remove every field that [NamedByConnection] gives;
//   - EditRemoveAliases: remove every field that [Origin.NextAlias] gives;
//   - EditSet: give the field Value as its only value;
//   - EditPass: do nothing;
//   - all others: read the field's values, and replace them by what
//     [Origin.AppendValues] makes of them.
type Edit struct {
	Name  string // in lower case
	Value string
	Op    EditOp
}

// EditOp is how a field is changed.
type EditOp uint8

// The changes.
const (
	EditSet           EditOp = iota // to Value, whatever came
	EditRemove                      // the field
	EditRemoveNamed                 // the fields that this one names
	EditRemoveAliases               // the fields that may be taken for one that is managed
	EditPass                        // nothing, where one might expect a change
	EditAppend                      // Value, to what came
	EditDefault                     // Value, where nothing came
	EditUnlessKept                  // Value, unless what came says for how long an answer is kept
	EditOwnCookies                  // of Cookie: what CookiesOwn says
	EditOwnSetCookies               // of Set-Cookie: what CookiesOwn says
)

// Editor is called with each edit, in order. The guest carries it out at once;
// a list is for those who print or check: see [Edits].
type Editor func(op EditOp, name, value string)

// Edits is a list of edits.
type Edits []Edit

// Add is an [Editor].
func (l *Edits) Add(op EditOp, name, value string) { *l = append(*l, Edit{name, value, op}) }

// AppendValues appends the values that a field has after one of the edits,
// given those that it has before. Each value is followed by a NUL, before and
// after. No values mean that the field is removed.
func (o *Origin) AppendValues(dst []byte, e Edit, before string) []byte {
	start := len(dst)
	switch e.Op {
	case EditAppend:
		if dst = header.AppendJoined(dst, before); len(dst) > start {
			dst = append(dst, ", "...)
		}
		dst = append(append(dst, e.Value...), 0)
	case EditOwnCookies:
		if dst = o.appendCookies(dst, before); len(dst) > start {
			dst = append(dst, 0)
		}
	case EditOwnSetCookies:
		dst = o.appendSetCookies(dst, before)
	default:
		if e.replaces(before) {
			before = ""
			dst = append(append(dst, e.Value...), 0)
		}
		dst = append(dst, before...)
	}
	return dst
}

// replaces reports whether Value takes the place of what came.
func (e Edit) replaces(before string) bool {
	switch e.Op {
	case EditDefault:
		return before == ""
	case EditUnlessKept:
		return !hasCacheDirective(before)
	}
	return e.Op == EditSet
}

// appendCookies makes one field of all (RFC 6265, 5.4): over HTTP/2 a browser
// may send one for each cookie.
func (o *Origin) appendCookies(dst []byte, fields string) []byte {
	start := len(dst)
	for fields != "" {
		var field string
		field, fields = header.Next(fields)
		dst = append(dst[:start], o.AppendCookies(dst[start:], field)...)
	}
	return dst
}

func (o *Origin) appendSetCookies(dst []byte, fields string) []byte {
	for fields != "" {
		var field string
		field, fields = header.Next(fields)
		before := len(dst)
		if dst = o.AppendSetCookie(dst, field); len(dst) > before {
			dst = append(dst, 0)
		}
	}
	return dst
}

// editConnection removes what concerns one connection only: the known fields,
// and those that Connection names.
func editConnection(has header.Set, edit Editor) {
	if has.Has(header.Connection) {
		edit(EditRemoveNamed, "connection", "")
	}
	for left := has & header.HopByHop; left != 0; left = left.Rest() {
		edit(EditRemove, left.Name(), "")
	}
}

// keptFields stay even if Connection names them: its own options, the fields
// that the ESP or the reader needs, and the mark against loops.
var keptFields = [...]string{
	"", "close", "keep-alive", "host", "content-type", "content-length", "content-encoding", "content-range",
	"location", "set-cookie", "cdn-loop",
}

// NamedByConnection cuts the first name off a value of Connection that is to be
// removed with it. The name is "" when none is left.
func NamedByConnection(value string) (name, rest string) {
	for rest = value; rest != ""; {
		name, rest, _ = strings.Cut(rest, ",")
		if name = strings.TrimSpace(name); !isKeptField(name) {
			return name, rest
		}
	}
	return "", ""
}

func isKeptField(name string) bool {
	for _, k := range keptFields {
		if strings.EqualFold(name, k) {
			return true
		}
	}
	return false
}
