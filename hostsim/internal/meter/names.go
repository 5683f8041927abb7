package meter

import "strings"

// Parts of the section with names.
const (
	functionNames = 1
	localNames    = 2
	labelNames    = 3
)

// custom copies a custom section. Names follow their functions; what speaks of
// places in the code is left out.
func (m *module) custom(content []byte) {
	r := &reader{b: content}
	switch name := string(r.vector()); {
	case strings.HasPrefix(name, ".debug_"), name == "sourceMappingURL":
	case name == "name":
		if names := m.names(r); names != nil {
			m.emit(customSection, append(appendVector(nil, []byte(name)), names...))
		}
	default:
		m.emit(customSection, content)
	}
}

// names is the section with names, or nil when it is not valid.
func (m *module) names(r *reader) (out []byte) {
	out = []byte{}
	for r.more() {
		id, content := r.byte(), r.vector()
		switch part := (&reader{b: content}); id {
		case functionNames:
			content = m.indexed(part, func(r *reader, out []byte) []byte { return appendVector(out, r.vector()) })
		case localNames, labelNames:
			content = m.indexed(part, func(r *reader, out []byte) []byte {
				n := r.u32()
				out = appendU32(out, n)
				for range n {
					if out = appendU32(out, r.u32()); r.bad {
						break
					}
					out = appendVector(out, r.vector())
				}
				return out
			})
		}
		if r.bad || content == nil {
			return nil
		}
		out = appendVector(append(out, id), content)
	}
	if r.bad {
		return nil
	}
	return out
}

// indexed copies a list with an entry for each of some functions.
func (m *module) indexed(r *reader, entry func(*reader, []byte) []byte) []byte {
	n := r.u32()
	out := appendU32(nil, n)
	for range n {
		out = appendU32(out, m.function(r.u32()))
		if out = entry(r, out); r.bad {
			return nil
		}
	}
	return out
}
