package wasm

// Check reads the whole module: every section to its end, and every part of
// one to the end of the part. Engines are lax in places: some make room for as
// many entries as a number announces before they look for the first, take a
// number that is cut off for none, or read over the end of a part into the
// next. A module that passes means the same to all of them, and to who rewrites
// it. Whether its other indices, and its types, are right is left to the
// engine.
//
// The name section is read too, although a module without names that can be
// read is valid: engines refuse it, or make room for as many as it announces.
func (m *Module) Check() error {
	for _, read := range []func() error{
		reads(m.FunctionTypes), reads(m.Tables), reads(m.Memories), m.checkTags,
		reads(m.Globals), reads(m.Exports), reads(m.Start), m.checkElements, m.checkData, m.checkCode, m.checkNames,
	} {
		if err := read(); err != nil {
			return err
		}
	}
	return nil
}

func reads[T any](read func() (T, error)) func() error {
	return func() error {
		_, err := read()
		return err
	}
}

func (m *Module) checkTags() error {
	d := m.decode(TagSection)
	d.each(d.tag)
	return d.end()
}

func (m *Module) checkElements() error {
	d := m.decode(ElementSection)
	d.each(d.elementSegment)
	return d.end()
}

// elementSegment reads a segment for tables. Bit 0 of its first number says
// that it is not copied at the start, bit 1 that a table is named, or that
// references are only declared, and bit 2 that expressions follow.
func (d *decoder) elementSegment() {
	start := d.pos
	flags := d.u32()
	if flags > 7 {
		d.fail(start, "element segment of unknown kind %d", flags)
	}
	if flags&3 == 2 {
		d.u32()
	}
	if flags&1 == 0 {
		d.constant()
	}
	switch {
	case flags&3 != 0 && flags&4 != 0:
		d.refType()
	case flags&3 != 0:
		if c := d.byte(); c != 0 {
			d.fail(d.pos-1, "elements of unknown kind 0x%02x", c)
		}
	}
	if flags&4 != 0 {
		d.each(func() { d.constant() })
	} else {
		d.each(func() { d.u32() })
	}
}

func (m *Module) checkData() error {
	d, n := m.decode(DataSection), 0
	d.each(func() {
		d.dataSegment(func(int) uint32 { d.constant(); return 0 })
		n++
	})
	if err := d.end(); err != nil {
		return err
	}
	return m.checkDataCount(n)
}

// checkCode reads the code. There are as many bodies as functions, and
// instructions name data segments only where these are counted before the code.
func (m *Module) checkCode() error {
	functions, err := m.Functions()
	if err != nil {
		return err
	}
	bodies := m.decode(CodeSection)
	if n := bodies.count(); bodies.err == nil && n != len(functions) {
		bodies.fail(0, "%d functions with %d bodies", len(functions), n)
	}
	if bodies.err != nil {
		return bodies.err
	}
	_, counted := m.Body(DataCountSection)
	return m.EachOp(func(fn int, op Op) error {
		if (op == OpMemoryInit || op == OpDataDrop) && !counted {
			bodies.fail(0, "function %d has %s, without a data count section", fn, op.Name())
		}
		return bodies.err
	})
}

func (m *Module) checkNames() error {
	var names *decoder
	for _, s := range m.Sections {
		if s.ID != CustomSection || s.Name != "name" {
			continue
		}
		d := &decoder{b: s.Body, section: "name"}
		if names != nil {
			d.fail(0, "there are two")
		}
		names = d
		d.name()
		d.names(func(uint32, string) {})
		if err := d.end(); err != nil {
			return err
		}
	}
	return nil
}
