package wasm

import "slices"

// functionNames is the part of the name section that names functions.
const functionNames = 1

// FunctionNames returns the names of functions by index, imports included, as
// far as the custom section "name" has them; none where there is no such
// section.
func (m *Module) FunctionNames() (map[uint32]string, error) {
	names := map[uint32]string{}
	body, ok := m.Custom("name")
	if !ok {
		return names, nil
	}
	d := &decoder{b: body, section: "name"}
	for !d.done() {
		id := d.byte()
		part := &decoder{b: d.bytes(d.u32()), section: "name"}
		if d.err != nil || id != functionNames {
			continue
		}
		for n := part.count(); n > 0 && part.err == nil; n-- {
			index := part.u32()
			names[index] = part.name()
		}
		if part.err != nil {
			return nil, part.err
		}
	}
	return names, d.end()
}

// WithFunctionName returns the module with one more name in its custom section
// "name". index must be above those of all functions that have a name, as that
// of a new function is. A module without such a section, or with one that
// cannot be read, stays as it is.
func (m *Module) WithFunctionName(index uint32, name string) *Module {
	out := &Module{Sections: slices.Clone(m.Sections)}
	for i, s := range out.Sections {
		if s.ID != CustomSection || s.Name != "name" {
			continue
		}
		if body, ok := withFunctionName(s.Body, index, name); ok {
			out.Sections[i] = Section{ID: CustomSection, Name: s.Name, Body: body}
		}
		return out
	}
	return m
}

func withFunctionName(section []byte, index uint32, name string) (out []byte, ok bool) {
	d := &decoder{b: section, section: "name"}
	d.name()
	out = append(out, section[:d.pos]...)
	for !d.done() {
		id := d.byte()
		part := d.bytes(d.u32())
		if id == functionNames {
			names := &decoder{b: part, section: "name"}
			n := names.u32()
			if names.err != nil || ok {
				return nil, false
			}
			ok = true
			part = append(AppendU32(nil, n+1), part[names.pos:]...)
			part = AppendBytes(AppendU32(part, index), name)
		}
		out = AppendBytes(append(out, id), part)
	}
	return out, ok && d.err == nil
}
