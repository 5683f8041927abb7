package wasm

import (
	"bytes"
	"fmt"
	"slices"
)

// header is the magic number and version 1 of the binary format.
var header = []byte{0, 'a', 's', 'm', 1, 0, 0, 0}

// SectionID says what a section holds.
type SectionID byte

// The sections of a module, as numbered in the binary format.
const (
	CustomSection    SectionID = 0
	TypeSection      SectionID = 1
	ImportSection    SectionID = 2
	FunctionSection  SectionID = 3
	TableSection     SectionID = 4
	MemorySection    SectionID = 5
	GlobalSection    SectionID = 6
	ExportSection    SectionID = 7
	StartSection     SectionID = 8
	ElementSection   SectionID = 9
	CodeSection      SectionID = 10
	DataSection      SectionID = 11
	DataCountSection SectionID = 12
	TagSection       SectionID = 13
)

// sectionOrder is the order in which sections stand, which their numbers do not
// follow. Custom sections stand anywhere.
var sectionOrder = []SectionID{
	TypeSection, ImportSection, FunctionSection, TableSection, MemorySection, TagSection, GlobalSection,
	ExportSection, StartSection, ElementSection, DataCountSection, CodeSection, DataSection,
}

var sectionNames = [...]string{
	"custom", "type", "import", "function", "table", "memory", "global",
	"export", "start", "element", "code", "data", "data count", "tag",
}

// String returns the section's name in the specification's words.
func (id SectionID) String() string {
	if int(id) < len(sectionNames) {
		return sectionNames[id]
	}
	return fmt.Sprintf("section %d", byte(id))
}

// Section is one section of a module:
//
//	id      1 byte
//	size    unsigned LEB128, the length of what follows
//	body    for a custom section: a name (length, UTF-8), then bytes of no fixed form
type Section struct {
	ID SectionID
	// Name is a custom section's name, which is also the start of its Body;
	// empty for the others.
	Name string
	// Body holds the section's bytes without id and size. It is shared with the
	// parsed input: replace it, do not write into it.
	Body []byte

	width int // bytes that size took, so that Encode repeats them
}

// Module is a module cut into its sections, in the order in which they stand.
type Module struct{ Sections []Section }

// Parse cuts a module into sections and checks that they stand in the
// prescribed order, each at most once. It reads nothing inside them but the
// names of custom sections. Its errors are of type [*Error].
func Parse(b []byte) (*Module, error) {
	if !bytes.HasPrefix(b, header) {
		return nil, &Error{Reason: "not a WebAssembly module of version 1"}
	}
	m, rank := &Module{}, -1
	for d := (&decoder{b: b, pos: len(header)}); !d.done(); {
		start := d.pos
		s := d.sectionEntry()
		if d.err == nil && s.ID != CustomSection {
			rank = d.checkOrder(start, s.ID, rank)
		}
		if d.err != nil {
			return nil, d.err
		}
		m.Sections = append(m.Sections, s)
	}
	return m, nil
}

func (d *decoder) sectionEntry() Section {
	s := Section{ID: SectionID(d.byte())}
	start := d.pos
	size := d.u32()
	s.width = d.pos - start
	s.Body = d.bytes(size)
	if s.ID == CustomSection && d.err == nil {
		inner := &decoder{b: s.Body, section: s.ID.String()}
		s.Name = inner.name()
		d.err = inner.err
	}
	return s
}

func (d *decoder) checkOrder(at int, id SectionID, last int) int {
	rank := slices.Index(sectionOrder, id)
	switch {
	case rank < 0:
		d.fail(at, "unknown section %d", byte(id))
	case rank <= last:
		d.fail(at, "%s section after %s section", id, sectionOrder[last])
	}
	return rank
}

// Encode puts the module together. An unchanged module gives the bytes that it
// was parsed from.
func (m *Module) Encode() []byte {
	size := len(header)
	for _, s := range m.Sections {
		size += len(s.Body) + 6
	}
	b := append(make([]byte, 0, size), header...)
	for _, s := range m.Sections {
		b = append(b, byte(s.ID))
		b = appendPadded(b, uint32(len(s.Body)), s.width)
		b = append(b, s.Body...)
	}
	return b
}

// Body returns the body of a section that is not custom, and whether the module
// has it.
func (m *Module) Body(id SectionID) ([]byte, bool) {
	for _, s := range m.Sections {
		if s.ID == id && id != CustomSection {
			return s.Body, true
		}
	}
	return nil, false
}

// WithBody returns a module whose section id has this body. A section that was
// not there is inserted in its place. The receiver stays as it is.
func (m *Module) WithBody(id SectionID, body []byte) *Module {
	out := &Module{Sections: slices.Clone(m.Sections)}
	rank, at := slices.Index(sectionOrder, id), 0
	for i, s := range out.Sections {
		if s.ID == id {
			out.Sections[i] = Section{ID: id, Body: body}
			return out
		}
		if s.ID != CustomSection && slices.Index(sectionOrder, s.ID) < rank {
			at = i + 1
		}
	}
	out.Sections = slices.Insert(out.Sections, at, Section{ID: id, Body: body})
	return out
}

// Without returns a module without the sections for which drop is true. The
// receiver stays as it is.
func (m *Module) Without(drop func(Section) bool) *Module {
	return &Module{Sections: slices.DeleteFunc(slices.Clone(m.Sections), drop)}
}

// With returns a module with custom sections added at its end. The receiver
// stays as it is.
func (m *Module) With(custom ...Section) *Module {
	return &Module{Sections: append(slices.Clone(m.Sections), custom...)}
}

// Custom returns a custom section of this name with what follows the name as
// its body.
func Custom(name string, body []byte) Section {
	return Section{ID: CustomSection, Name: name, Body: append(AppendBytes(nil, name), body...)}
}

// Custom returns what follows the name in the first custom section of this
// name, and whether there is one.
func (m *Module) Custom(name string) ([]byte, bool) {
	for _, s := range m.Sections {
		if s.ID == CustomSection && s.Name == name {
			d := &decoder{b: s.Body}
			d.name()
			return s.Body[d.pos:], true
		}
	}
	return nil, false
}

// decode starts reading a section. An absent section reads as one without
// entries.
func (m *Module) decode(id SectionID) *decoder {
	body, ok := m.Body(id)
	if !ok {
		body = []byte{0}
	}
	return &decoder{b: body, section: id.String()}
}
