package wasmbin

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// ErrLater means that a module has a form that WebAssembly 2.0 does not know: a
// later version may.
var ErrLater = errors.New("not of WebAssembly 2.0")

var errMalformed = errors.New("not of the binary format")

var preamble = []byte("\x00asm\x01\x00\x00\x00")

// maxLocals is how many locals a function may have; engines have this limit in
// common.
const maxLocals = 50_000

// Check reads a module to the end of each of its sections, and of each of their
// parts. Engines are lax in places: some make room for as many entries as a
// number announces before they look for the first, take a number that is cut
// off for none, or read over the end of a part into the next. A module that
// passes means the same to all of them, and compiling it takes no more memory
// than a small multiple of its length, but for locals. Whether its other
// indices, and its types, are right is left to the engine.
//
// Of a custom section only the name is read, as what else is in there decides
// about no module.
func Check(module []byte) error {
	if len(module) < len(preamble) || string(module[:len(preamble)]) != string(preamble) {
		return errors.New("not a WebAssembly module of version 1")
	}
	r, c, last, later := Reader{Bytes: module, At: len(preamble)}, &counts{}, 0, error(nil)
	for r.More() {
		begin := r.At
		id := r.Byte()
		content := r.Vector()
		place, err := 0, errMalformed
		if !r.Bad {
			place, err = (&form{Reader: Reader{Bytes: content}, counts: c}).section(id, last)
		}
		if err != nil {
			err = fmt.Errorf("section %d at byte %d: %w", id, begin, err)
		}
		if errors.Is(err, ErrLater) && later == nil {
			later = err // what follows may still be malformed
		} else if err != nil && !errors.Is(err, ErrLater) {
			return err
		}
		last = max(last, place)
	}
	if later != nil {
		return later
	}
	return c.agree()
}

// counts are what several sections must agree on.
type counts struct {
	types, functions, bodies, segments uint32
	announced                          bool // the number of segments is
	announcedSegments                  uint32
}

func (c *counts) agree() error {
	if c.functions != c.bodies {
		return fmt.Errorf("%d functions with %d bodies: %w", c.functions, c.bodies, errMalformed)
	}
	if c.announced && c.announcedSegments != c.segments {
		return fmt.Errorf("%d data segments announced, %d there: %w", c.announcedSegments, c.segments, errMalformed)
	}
	return nil
}

// form reads the content of one section.
type form struct {
	Reader
	*counts
	later, typeless bool
}

// kinds has each section by its number: its place in the order of sections, and
// how it is read.
var kinds = [...]struct {
	place int
	read  func(*form)
}{
	{0, (*form).name},
	{1, (*form).functionTypes},
	{2, each((*form).imported)},
	{3, func(f *form) { f.functions = f.count(f.typeOfFunction) }},
	{4, each((*form).table)},
	{5, each((*form).limits)},
	{6, each(func(f *form) { f.globalType(); f.constant() })},
	{7, each((*form).exported)},
	{8, func(f *form) { f.U32() }},
	{9, each((*form).elements)},
	{11, func(f *form) { f.bodies = f.count(f.body) }},
	{12, func(f *form) { f.segments = f.count(f.segment) }},
	{10, func(f *form) { f.announced, f.announcedSegments = true, f.U32() }},
}

// section reads the whole of a section. It returns the place in the order that
// the module has come to.
func (f *form) section(id byte, last int) (place int, err error) {
	if int(id) >= len(kinds) {
		return 0, ErrLater
	}
	k := kinds[id]
	if k.read(f); k.place == 0 {
		k.place, f.At = last, len(f.Bytes)
	} else if k.place <= last {
		return 0, fmt.Errorf("sections are not in order: %w", errMalformed)
	}
	switch {
	case f.later:
		return 0, ErrLater
	case f.typeless:
		return 0, fmt.Errorf("a function has a type that the module has not: %w", errMalformed)
	case f.Bad:
		return 0, errMalformed
	case f.More():
		return 0, fmt.Errorf("%d bytes left over: %w", len(f.Bytes)-f.At, errMalformed)
	}
	return k.place, nil
}

// each is a section that is a list.
func each(one func(*form)) func(*form) {
	return func(f *form) { f.count(func() { one(f) }) }
}

// count reads the length of a list, and its entries, each of which has at least
// one byte.
func (f *form) count(one func()) uint32 {
	n := f.U32()
	if f.Bad = f.Bad || uint64(n) > uint64(len(f.Bytes)-f.At); f.Bad {
		return 0
	}
	for i := uint32(0); i < n && !f.Bad; i++ {
		one()
	}
	return n
}

// only marks a byte that must be one of a few. Others are of later versions, or
// of none.
func (f *form) only(ok bool) {
	if !ok && !f.Bad {
		f.later, f.Bad = true, true
	}
}

func (f *form) name() {
	if !utf8.Valid(f.Vector()) {
		f.Bad = true
	}
}

func (f *form) valueType() {
	t := f.Byte()
	f.only(t >= 0x7b && t <= 0x7f || t == funcref || t == externref)
}

func (f *form) referenceType() {
	t := f.Byte()
	f.only(t == funcref || t == externref)
}

const (
	funcref   = 0x70
	externref = 0x6f
)

func (f *form) functionTypes() {
	f.types = f.count(f.functionType)
	if f.later {
		f.types = math.MaxUint32 // an entry of a later version may hold several
	}
}

// typeOfFunction reads which type a function has. It must be there: wazero looks
// at the types of functions that are called before it has checked them.
func (f *form) typeOfFunction() {
	if n := f.U32(); !f.Bad && n >= f.types {
		f.typeless, f.Bad = true, true
	}
}

func (f *form) functionType() {
	f.only(f.Byte() == 0x60)
	f.count(f.valueType)
	f.count(f.valueType)
}

func (f *form) imported() {
	f.name()
	f.name()
	switch f.Byte() {
	case 0:
		f.typeOfFunction()
	case 1:
		f.table()
	case 2:
		f.limits()
	case 3:
		f.globalType()
	default:
		f.only(false)
	}
}

func (f *form) table() {
	f.referenceType()
	f.limits()
}

func (f *form) limits() {
	flags := f.Byte()
	f.only(flags <= 1)
	f.U32()
	if flags == 1 {
		f.U32()
	}
}

func (f *form) globalType() {
	f.valueType()
	f.only(f.Byte() <= 1)
}

func (f *form) exported() {
	f.name()
	f.only(f.Byte() <= 3)
	f.U32()
}

// elements reads a segment for tables. Bit 0 of its first number says that it
// is not copied at the start, bit 1 that a table is named, or that only
// references are declared, and bit 2 that expressions follow.
func (f *form) elements() {
	flags := f.U32()
	f.only(flags <= 7)
	if flags&3 == 2 {
		f.U32()
	}
	if flags&1 == 0 {
		f.constant()
	}
	switch {
	case flags&3 != 0 && flags&4 != 0:
		f.referenceType()
	case flags&3 != 0:
		f.only(f.Byte() == 0)
	}
	if flags&4 != 0 {
		f.count(f.constant)
	} else {
		f.count(func() { f.U32() })
	}
}

// segment reads a segment for memory.
func (f *form) segment() {
	kind := f.U32()
	f.only(kind <= 2)
	if kind == 2 {
		f.U32()
	}
	if kind != 1 {
		f.constant()
	}
	f.Vector()
}

// body reads the code of a function.
func (f *form) body() {
	b := &form{Reader: Reader{Bytes: f.Vector(), Bad: f.Bad}, counts: f.counts}
	locals := uint64(0)
	b.count(func() {
		locals += uint64(b.U32())
		b.valueType()
	})
	depth := 1 // of blocks that are open, the function's own among them
	for depth > 0 && !b.Bad {
		switch b.instruction() {
		case opBlock, opLoop, opIf:
			depth++
		case opEnd:
			depth--
		}
	}
	f.later = f.later || b.later
	f.Bad = f.Bad || b.Bad || b.More() || locals > maxLocals
}
