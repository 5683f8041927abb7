package target

import "strings"

// Query is a raw query: name=value pairs, joined by "&". Nothing in it is
// decoded.
type Query string

// Param is one parameter.
type Param struct{ Name, Value string }

// All yields the parameters in order, for range. Empty ones are skipped.
func (q Query) All(yield func(Param) bool) {
	for rest := string(q); rest != ""; {
		var one string
		one, rest, _ = strings.Cut(rest, "&")
		if one == "" {
			continue
		}
		name, value, _ := strings.Cut(one, "=")
		if !yield(Param{name, value}) {
			return
		}
	}
}

// Only returns the value of the parameter with this name. It is not ok if there
// are two: servers differ in which one they use.
func (q Query) Only(name string) (value string, ok bool) {
	for p := range q.All {
		if p.Name != name {
			continue
		}
		if ok {
			return "", false
		}
		value, ok = p.Value, true
	}
	return value, ok
}
