package wire

import "strings"

// Field is one header or trailer field as it stands on the wire, without the
// white space around the value.
type Field struct {
	Name  string
	Value string
}

// is reports whether the field has this name.
func (f *Field) is(name string) bool {
	return len(f.Name) == len(name) && strings.EqualFold(f.Name, name)
}

// Header is a field list in wire order. Names keep their case and a name may
// occur more than once; all methods compare names without regard to case (RFC
// 9110, section 5.1).
type Header []Field

// NewHeader makes a list of names and values in turn; a name without a value
// gets an empty one.
func NewHeader(pairs ...string) Header {
	h := make(Header, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		f := Field{Name: pairs[i]}
		if i+1 < len(pairs) {
			f.Value = pairs[i+1]
		}
		h = append(h, f)
	}
	return h
}

// Get returns the first value of name and whether there is one.
func (h Header) Get(name string) (string, bool) {
	for i := range h {
		if h[i].is(name) {
			return h[i].Value, true
		}
	}
	return "", false
}

// Count is how often name occurs.
func (h Header) Count(name string) (n int) {
	for i := range h {
		if h[i].is(name) {
			n++
		}
	}
	return n
}

// Values returns all values of name in wire order; nil when there is none.
func (h Header) Values(name string) []string {
	var values []string
	for i := range h {
		if h[i].is(name) {
			values = append(values, h[i].Value)
		}
	}
	return values
}

// Has reports whether name occurs.
func (h Header) Has(name string) bool {
	_, ok := h.Get(name)
	return ok
}

// Add appends a field and keeps what is there.
func (h *Header) Add(name, value string) { *h = append(*h, Field{name, value}) }

// Set replaces all fields of name by values. The new fields stand where the
// first old one stood, or at the end.
func (h *Header) Set(name string, values ...string) {
	at, kept := -1, make(Header, 0, len(*h)+len(values))
	for _, f := range *h {
		if !f.is(name) {
			kept = append(kept, f)
		} else if at < 0 {
			at = len(kept)
			kept = appendFields(kept, name, values)
		}
	}
	if at < 0 {
		kept = appendFields(kept, name, values)
	}
	*h = kept
}

func appendFields(h Header, name string, values []string) Header {
	for _, v := range values {
		h = append(h, Field{name, v})
	}
	return h
}

// Del removes all fields of name and reports whether there were any.
func (h *Header) Del(name string) bool {
	if !h.Has(name) {
		return false
	}
	h.Set(name)
	return true
}

// Clone returns a copy that shares nothing with h.
func (h Header) Clone() Header { return append(Header(nil), h...) }

// Names returns each name once, in lower case, in the order of its first
// occurrence.
func (h Header) Names() []string {
	seen := make(map[string]bool, len(h))
	names := make([]string, 0, len(h))
	for _, f := range h {
		name := strings.ToLower(f.Name)
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

// ValidName reports whether name is a token (RFC 9110, section 5.6.2), which
// every field name and method must be.
func ValidName(name string) bool {
	for i := range len(name) {
		if !tokenByte(name[i]) {
			return false
		}
	}
	return name != ""
}

func tokenByte(c byte) bool { return tokenBytes[c] }

// tokenBytes are those of a token.
var tokenBytes = func() (set [256]bool) {
	for c := range set {
		letter := byte(c) | 0x20
		set[c] = letter >= 'a' && letter <= 'z' && c < 0x80 || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", byte(c)) >= 0
	}
	return set
}()

// ValidValue reports whether value holds no control byte but the tab. Bytes
// from 0x80 up are allowed: they occur.
func ValidValue(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
