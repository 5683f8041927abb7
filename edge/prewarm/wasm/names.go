package wasm

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
