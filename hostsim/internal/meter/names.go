package meter

import (
	"strings"

	"github.com/clickedge/clickedge/hostsim/internal/wasmbin"
)

// Parts of the section with names.
const (
	functionNames = 1
	localNames    = 2
	labelNames    = 3
)

// custom copies a custom section. Names follow their functions; what speaks of
// places in the code is left out.
func (m *module) custom(content []byte) {
	r := &wasmbin.Reader{Bytes: content}
	switch name := string(r.Vector()); {
	case strings.HasPrefix(name, ".debug_"), name == "sourceMappingURL":
	case name == "name":
		if names := m.names(r); names != nil {
			m.emit(customSection, append(wasmbin.AppendVector(nil, []byte(name)), names...))
		}
	default:
		m.emit(customSection, content)
	}
}

// names is the section with names, or nil when it is not valid.
func (m *module) names(r *wasmbin.Reader) (out []byte) {
	out = []byte{}
	for r.More() {
		id, content := r.Byte(), r.Vector()
		switch part := (&wasmbin.Reader{Bytes: content}); id {
		case functionNames:
			content = m.indexed(part, func(r *wasmbin.Reader, out []byte) []byte { return wasmbin.AppendVector(out, r.Vector()) })
		case localNames, labelNames:
			content = m.indexed(part, func(r *wasmbin.Reader, out []byte) []byte {
				n := r.U32()
				out = wasmbin.AppendU32(out, n)
				for range n {
					if out = wasmbin.AppendU32(out, r.U32()); r.Bad {
						break
					}
					out = wasmbin.AppendVector(out, r.Vector())
				}
				return out
			})
		}
		if r.Bad || content == nil {
			return nil
		}
		out = wasmbin.AppendVector(append(out, id), content)
	}
	if r.Bad {
		return nil
	}
	return out
}

// indexed copies a list with an entry for each of some functions.
func (m *module) indexed(r *wasmbin.Reader, entry func(*wasmbin.Reader, []byte) []byte) []byte {
	n := r.U32()
	out := wasmbin.AppendU32(nil, n)
	for range n {
		out = wasmbin.AppendU32(out, m.function(r.U32()))
		if out = entry(r, out); r.Bad {
			return nil
		}
	}
	return out
}
