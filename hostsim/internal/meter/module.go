package meter

import (
	"errors"

	"github.com/clickedge/clickedge/hostsim/internal/wasmbin"
)

// errUnknown means that a module has something that this package does not know,
// or is not valid.
var errUnknown = errors.New("module cannot be metered")

// The imports that a metered module calls.
const (
	// Module is what both are imported from.
	Module = "hostsim"
	// Tick takes and returns nothing.
	Tick = "tick"
	// Zero takes the arguments of a memory.fill of [Much] bytes or more: address,
	// value, length. It fills as much as it likes, and returns the arguments of
	// the memory.fill that does the rest; it leaves one that is out of bounds as
	// it is. It is imported if the module has a memory.fill.
	Zero = "zero"
)

// Much is how many bytes are left to the host to fill.
const Much = 32 << 10

// Turns is how many turns a guest makes between two ticks: so many that a call
// of the host costs nothing beside them, and so few that they are over at once.
const Turns = 20_000

// Sections of a module, and kinds of what is imported and exported.
const (
	customSection  = 0
	typeSection    = 1
	importSection  = 2
	functions      = 3
	tableSection   = 4
	memorySection  = 5
	globalSection  = 6
	exportSection  = 7
	startSection   = 8
	elementSection = 9
	codeSection    = 10
	dataSection    = 11
	dataCount      = 12

	kindFunction = 0
	kindTable    = 1
	kindMemory   = 2
	kindGlobal   = 3

	functionType  = 0x60
	withMaximum   = 1
	preambleSize  = 8
	mutableGlobal = 1
)

// module is what the rewriting of one section must know of others.
type module struct {
	counter
	params  []uint32 // by type
	types   []uint32 // of the functions with code
	globals uint32   // imported
	out     []byte
	has     [dataCount + 1]bool
	named   bool // the names have been copied
	ticks   bool // it imports tick already

	lazy       lazyTable
	references []uint32 // functions that something refers to
	usesData   bool     // an instruction names a data segment
	activeData bool     // a data segment is copied at the start
}

// Rewrite returns module, which has passed wasmbin.Check, with counters in it.
// Names of functions stay; debug information is left out, since the places in
// the code that it speaks of are no longer there. A module that is valid is
// refused if it has no functions, or imports tick itself.
func Rewrite(wasm []byte, turns int32) ([]byte, error) {
	if len(wasm) < preambleSize {
		return nil, errUnknown
	}
	m := &module{counter: counter{turns: turns}}
	if !m.survey(wasm) {
		return nil, errUnknown
	}
	m.out = append(m.out, wasm[:preambleSize]...)
	r := &wasmbin.Reader{Bytes: wasm, At: preambleSize}
	last := byte(customSection)
	for r.More() {
		id := r.Byte()
		content := r.Vector()
		if r.Bad || id > dataCount {
			return nil, errUnknown
		}
		if id != customSection {
			m.missing(last, id)
			last = id
		}
		if err := m.section(id, content); err != nil {
			return nil, err
		}
	}
	if r.Bad {
		return nil, errUnknown
	}
	return m.out, nil
}

// survey counts what the indices of new things depend on. A module without code
// is not worth it.
func (m *module) survey(wasm []byte) bool {
	r := &wasmbin.Reader{Bytes: wasm, At: preambleSize}
	for r.More() {
		id := r.Byte()
		content := r.Vector()
		if r.Bad || id > dataCount || id != customSection && m.has[id] {
			return false
		}
		m.has[id] = true
		s := &wasmbin.Reader{Bytes: content}
		switch id {
		case typeSection:
			m.readTypes(s)
		case importSection:
			m.readImports(s)
		case functions:
			for range s.U32() {
				if m.types = append(m.types, s.U32()); s.Bad {
					return false
				}
			}
		case tableSection:
			m.lazy.readTable(s)
		case globalSection:
			m.global = m.globals + s.U32()
		case elementSection:
			m.surveyElements(s)
		case dataSection:
			m.surveyData(s)
		case codeSection:
			for range s.U32() {
				if !m.surveyCode(s.Vector()) || s.Bad {
					return false
				}
			}
		}
		if s.Bad {
			return false
		}
	}
	if !m.has[globalSection] {
		m.global = m.globals
	}
	m.lazy.decide(m.function(m.tick + uint32(len(m.types))))
	return !r.Bad && len(m.types) > 0 && m.has[typeSection] && m.has[codeSection]
}

// surveyData: segments that are neither copied at the start nor named by an
// instruction do nothing, and an engine makes room for each of them in each
// instance. Many are left when a memory's image has been taken out.
func (m *module) surveyData(r *wasmbin.Reader) {
	for range r.U32() {
		if r.U32() != notActive {
			m.activeData = true
			return
		}
		if r.Vector(); r.Bad {
			return
		}
	}
}

func (m *module) readTypes(r *wasmbin.Reader) {
	for range r.U32() {
		if r.Byte() != functionType {
			r.Bad = true
		}
		n := r.U32()
		r.Take(uint64(n))
		r.Vector()
		if m.params = append(m.params, n); r.Bad {
			return
		}
	}
}

func (m *module) readImports(r *wasmbin.Reader) {
	for range r.U32() {
		from, name := string(r.Vector()), string(r.Vector())
		if from == Module && (name == Tick || name == Zero) {
			m.ticks, r.Bad = true, true // a guest that knows of it is not metered twice
		}
		switch r.Byte() {
		case kindFunction:
			r.U32()
			m.tick++
		case kindTable:
			m.lazy.refused = true
			r.Byte()
			limits(r)
		case kindMemory:
			limits(r)
		case kindGlobal:
			r.Take(2)
			m.globals++
		default:
			r.Bad = true
		}
		if r.Bad {
			return
		}
	}
	m.imports = m.tick
}

func limits(r *wasmbin.Reader) {
	if flags := r.Byte(); flags > withMaximum {
		r.Bad = true
	} else {
		r.Skip(1 + uint32(flags))
	}
}

// missing adds sections that the module does not have, between two that it has.
func (m *module) missing(last, next byte) {
	if !m.has[importSection] && before(last, importSection) && before(importSection, next) {
		m.emit(importSection, m.addImports(0, nil))
		m.has[importSection] = true
	}
	if !m.has[globalSection] && before(last, globalSection) && before(globalSection, next) {
		m.emit(globalSection, m.addGlobal(wasmbin.AppendU32(nil, 1), nil))
		m.has[globalSection] = true
	}
}

// before reports the order of sections, which is that of their numbers but for
// the count of data segments, which stands before the code.
func before(a, b byte) bool {
	place := func(id byte) int {
		if id == dataCount {
			return 2*elementSection + 1
		}
		return 2 * int(id)
	}
	return place(a) < place(b)
}

func (m *module) emit(id byte, content []byte) {
	m.out = wasmbin.AppendVector(append(m.out, id), content)
}

// addImports appends the imports of tick and zero to the n that are there.
func (m *module) addImports(n uint32, rest []byte) []byte {
	added := m.function(m.tick) - m.tick
	b := append(wasmbin.AppendU32(nil, n+added), rest...)
	for i, name := range []string{Tick, Zero}[:added] {
		b = wasmbin.AppendVector(b, []byte(Module))
		b = wasmbin.AppendVector(b, []byte(name))
		b = wasmbin.AppendU32(append(b, kindFunction), m.tickType()+uint32(i))
	}
	return b
}

// addGlobal appends the counter to the globals that are there.
func (m *module) addGlobal(b, rest []byte) []byte {
	b = append(b, rest...)
	b = append(b, typeI32, mutableGlobal, opI32Const)
	return append(wasmbin.AppendI32(b, m.turns), opEnd)
}

// section writes one section as it has to be.
func (m *module) section(id byte, content []byte) error {
	r := &wasmbin.Reader{Bytes: content}
	switch id {
	case customSection:
		m.custom(content)
		return nil
	case typeSection:
		m.emit(id, m.addTypes(r.U32(), content[r.At:]))
	case functions:
		m.emit(id, m.addFunctions(r.U32(), content[r.At:]))
	case importSection:
		n := r.U32()
		m.emit(id, m.addImports(n, content[r.At:]))
	case globalSection:
		m.emit(id, m.readGlobals(r))
	case exportSection:
		m.emit(id, m.exports(r))
	case startSection:
		m.emit(id, wasmbin.AppendU32(nil, m.function(r.U32())))
	case elementSection:
		if m.lazy.on {
			m.emit(id, m.declared())
		} else {
			m.emit(id, m.elements(r))
		}
	case dataCount, dataSection:
		if m.usesData || m.activeData {
			m.emit(id, content)
		}
	case codeSection:
		return m.bodies(r)
	default:
		m.emit(id, content)
	}
	if r.Bad {
		return errUnknown
	}
	return nil
}

// tickType is that of tick and of functions that fill; behind it are that of
// zero, and that of the function which chooses among those that fill.
func (m *module) tickType() uint32 { return uint32(len(m.params)) }

func (m *module) zeroType() uint32 { return m.tickType() + 1 }

func (m *module) chooseType() uint32 {
	if m.fills {
		return m.zeroType() + 1
	}
	return m.tickType() + 1
}

// addTypes appends the types of what is added.
func (m *module) addTypes(n uint32, rest []byte) []byte {
	last := m.chooseType() - 1
	added := []byte{functionType, 0, 0}
	if m.fills {
		added = append(added, functionType, 3, typeI32, typeI32, typeI32, 3, typeI32, typeI32, typeI32)
	}
	if m.lazy.on {
		last, added = last+1, append(added, functionType, 1, typeI32, 0)
	}
	return append(append(wasmbin.AppendU32(nil, n+last+1-m.tickType()), rest...), added...)
}

func (m *module) addFunctions(n uint32, rest []byte) []byte {
	if !m.lazy.on {
		return append(wasmbin.AppendU32(nil, n), rest...)
	}
	out := append(wasmbin.AppendU32(nil, n+m.lazy.chunks()+1), rest...)
	for range m.lazy.chunks() {
		out = wasmbin.AppendU32(out, m.tickType())
	}
	return wasmbin.AppendU32(out, m.chooseType())
}

func (m *module) readGlobals(r *wasmbin.Reader) []byte {
	n := r.U32()
	out := wasmbin.AppendU32(nil, n+1)
	for range n {
		if out = append(out, r.Take(2)...); r.Bad {
			return nil
		}
		out = m.expression(r, out)
	}
	return m.addGlobal(out, nil)
}

// expression copies a constant expression.
func (m *module) expression(r *wasmbin.Reader, out []byte) []byte {
	for {
		at := r.At
		op := r.Byte()
		switch op {
		case opI32Const, opI64Const, opGlobalGet, opRefNull:
			r.Skip(1)
		case opF32Const:
			r.Take(4)
		case opF64Const:
			r.Take(8)
		case prefixVector:
			vectorOp(r)
		case opRefFunc:
			out = wasmbin.AppendU32(append(out, op), m.function(r.U32()))
			continue
		case opEnd:
		default:
			r.Bad = true
		}
		if r.Bad {
			return nil
		}
		if out = append(out, r.Bytes[at:r.At]...); op == opEnd {
			return out
		}
	}
}

func (m *module) exports(r *wasmbin.Reader) []byte {
	n := r.U32()
	out := wasmbin.AppendU32(nil, n)
	for range n {
		out = wasmbin.AppendVector(out, r.Vector())
		kind, index := r.Byte(), r.U32()
		if kind == kindFunction {
			index = m.function(index)
		}
		if out = wasmbin.AppendU32(append(out, kind), index); r.Bad {
			return nil
		}
	}
	return out
}

// Bits of an element segment's first number.
const (
	notActive   = 1
	explicit    = 2 // with a table, or declarative
	expressions = 4
)

func (m *module) elements(r *wasmbin.Reader) []byte {
	n := r.U32()
	out := wasmbin.AppendU32(nil, n)
	for range n {
		flags := r.U32()
		out = wasmbin.AppendU32(out, flags)
		if flags > notActive|explicit|expressions {
			r.Bad = true
		}
		if flags&notActive == 0 {
			if flags&explicit != 0 {
				out = wasmbin.AppendU32(out, r.U32())
			}
			out = m.expression(r, out)
		}
		if flags&(notActive|explicit) != 0 {
			out = append(out, r.Byte()) // the kind, or the type
		}
		count := r.U32()
		out = wasmbin.AppendU32(out, count)
		for range count {
			if r.Bad {
				return nil
			}
			if flags&expressions != 0 {
				out = m.expression(r, out)
			} else {
				out = wasmbin.AppendU32(out, m.function(r.U32()))
			}
		}
	}
	return out
}

func (m *module) bodies(r *wasmbin.Reader) error {
	n := r.U32()
	if r.Bad || int(n) != len(m.types) {
		return errUnknown
	}
	more := uint32(0)
	if m.lazy.on {
		more = m.lazy.chunks() + 1
	}
	out := wasmbin.AppendU32(make([]byte, 0, len(r.Bytes)+len(r.Bytes)/4), n+more)
	for _, t := range m.types {
		if int(t) >= len(m.params) {
			return errUnknown
		}
		code := r.Vector()
		if r.Bad {
			return errUnknown
		}
		rewritten, err := m.code(code, m.params[t])
		if err != nil {
			return err
		}
		out = wasmbin.AppendVector(out, rewritten)
	}
	if m.lazy.on {
		for i := range m.lazy.chunks() {
			out = wasmbin.AppendVector(out, m.fill(i))
		}
		out = wasmbin.AppendVector(out, m.choose())
	}
	m.emit(codeSection, out)
	return nil
}
