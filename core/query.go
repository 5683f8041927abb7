package core

import "strings"

// params is a raw query: name=value, joined by "&". Nothing in it is decoded.
type params string

type param struct{ name, value string }

// all yields the parameters in order, for range; empty ones are left out.
func (q params) all(yield func(param) bool) {
	for rest := string(q); rest != ""; {
		var one string
		one, rest, _ = strings.Cut(rest, "&")
		if one == "" {
			continue
		}
		name, value, _ := strings.Cut(one, "=")
		if !yield(param{name, value}) {
			return
		}
	}
}

// only returns the value of the parameter with this name. There must be one and
// no more: servers differ in which of two they take.
func (q params) only(name string) (value string, ok bool) {
	for p := range q.all {
		if p.name != name {
			continue
		}
		if ok {
			return "", false
		}
		value, ok = p.value, true
	}
	return value, ok
}
