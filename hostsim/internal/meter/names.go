package meter

import (
	"unicode/utf8"

	"github.com/clickedge/clickedge/hostsim/internal/wasmbin"
)

// Parts of the section with names.
const (
	moduleName    = 0
	functionNames = 1
	localNames    = 2
	labelNames    = 3
)

// custom copies a custom section that has names, which follow their functions.
// Other custom sections are left out: engines read none of them, what speaks of
// places in the code is wrong from here on, and a cache of compiled code shall
// find modules of the same code. So are names that cannot be read, and those of
// a second section: they decide about no module, and wazero refuses them.
func (m *module) custom(content []byte) {
	r := &wasmbin.Reader{Bytes: content}
	if name := string(r.Vector()); name == "name" && !m.named {
		if names := m.names(r); names != nil {
			m.named = true
			m.emit(customSection, append(wasmbin.AppendVector(nil, []byte(name)), names...))
		}
	}
}

// names is the section with names, or nil when it is not valid. Each part must
// be read to its end, as engines differ in whether they go by the length of the
// part or of what is in it.
func (m *module) names(r *wasmbin.Reader) (out []byte) {
	out = []byte{}
	for r.More() {
		id, content := r.Byte(), r.Vector()
		part, known := &wasmbin.Reader{Bytes: content}, true
		switch id {
		case moduleName:
			content = name(part, nil)
		case functionNames:
			content = m.indexed(part, name)
		case localNames, labelNames:
			content = m.indexed(part, func(r *wasmbin.Reader, out []byte) []byte {
				n := r.U32()
				out = wasmbin.AppendU32(out, n)
				for range n {
					if out = name(r, wasmbin.AppendU32(out, r.U32())); r.Bad {
						break
					}
				}
				return out
			})
		default:
			known = false
		}
		if r.Bad || part.Bad || known && part.More() {
			return nil
		}
		out = wasmbin.AppendVector(append(out, id), content)
	}
	if r.Bad {
		return nil
	}
	return out
}

// name copies one name.
func name(r *wasmbin.Reader, out []byte) []byte {
	text := r.Vector()
	r.Bad = r.Bad || !utf8.Valid(text)
	return wasmbin.AppendVector(out, text)
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
