package publish

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// The kinds of objects of a version, by the API's path below the version.
const (
	kindBackend = "backend"
	kindDomain  = "domain"
	kindLink    = "resource"
	kindLogging = "logging/" // followed by the kind of log endpoint
)

// Object is a part of a version: a backend, a domain, a log endpoint.
type Object struct {
	Kind, Name string
	Fields     []Field
}

// Field is one of the API's form fields. "" is what the API calls null: not
// set.
type Field struct {
	Name, Value string
	// Secret values are never shown.
	Secret bool
	// Keep leaves an existing value unchanged if Value is "".
	Keep bool
}

// found is an object as the API has it, each value as a form field would be.
type found map[string]string

// foundObject reads one of the API's objects.
func foundObject(raw map[string]any) found {
	f := found{}
	for name, v := range raw {
		switch v := v.(type) {
		case nil:
		case bool:
			f[name] = flag(v)
		case float64:
			f[name] = strconv.FormatFloat(v, 'f', -1, 64)
		case string:
			f[name] = v
		}
	}
	return f
}

// flag is a bool in the API's forms.
func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// form creates an object. Fields that are not set are not sent.
func (o *Object) form() url.Values {
	v := url.Values{"name": {o.Name}}
	for _, f := range o.Fields {
		if f.Value != "" {
			v.Set(f.Name, f.Value)
		}
	}
	return v
}

// diff returns the fields in which an object differs from the wanted one, and a
// description of each.
func (o *Object) diff(have found) (fields url.Values, said []string) {
	fields = url.Values{}
	for _, f := range o.Fields {
		old := have[f.Name]
		if old == f.Value || f.Keep && f.Value == "" {
			continue
		}
		fields.Set(f.Name, f.Value)
		said = append(said, f.change(old))
	}
	return fields, said
}

func (f *Field) change(old string) string {
	if f.Secret {
		return f.Name + ": another secret than the one there"
	}
	return fmt.Sprintf("%s: %s, was %s", f.Name, shown(f.shown(f.Value)), shown(f.shown(old)))
}

// shown is a value without a possible secret in it: the query of a URL, where
// some log receivers expect their key.
func (f *Field) shown(value string) string {
	before, query, ok := strings.Cut(value, "?")
	if f.Name != "url" || !ok || query == "" {
		return value
	}
	return before + "?…"
}

// shown quotes what came from outside.
func shown(value string) string {
	if value == "" {
		return "none"
	}
	return strconv.Quote(value)
}
