package wasm

import "slices"

// Parts of the name section.
const (
	moduleName    = 0
	functionNames = 1
	localNames    = 2
)

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
	d.names(func(index uint32, name string) { names[index] = name })
	return names, d.end()
}

// names reads a name section and calls function for those of functions. Each
// part must be read to its end, as engines differ in whether they go by the
// length of the part or of what is in it.
func (d *decoder) names(function func(index uint32, name string)) {
	for !d.done() {
		id := d.byte()
		part := &decoder{b: d.bytes(d.u32()), section: d.section}
		switch id {
		case moduleName:
			part.name()
		case functionNames:
			part.each(func() {
				index := part.u32()
				function(index, part.name())
			})
		case localNames:
			part.each(func() {
				part.u32()
				part.each(func() { part.u32(); part.name() })
			})
		default:
			continue // engines pass over the others by their length
		}
		if err := part.end(); err != nil && d.err == nil {
			d.err = err
		}
	}
}

// each reads the entries of a list.
func (d *decoder) each(one func()) {
	for n := d.count(); n > 0 && d.err == nil; n-- {
		one()
	}
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
