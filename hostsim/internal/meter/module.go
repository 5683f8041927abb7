package meter

// Module and name of the import that a metered module calls. It takes and
// returns nothing.
const (
	TickModule = "hostsim"
	TickName   = "tick"
)

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

	lazy       lazyTable
	references []uint32 // functions that something refers to
	usesData   bool     // an instruction names a data segment
	activeData bool     // a data segment is copied at the start
}

// Rewrite returns module with counters in it. Names of functions stay; debug
// information is left out, since the places in the code that it speaks of are
// no longer there.
func Rewrite(wasm []byte, turns int32) ([]byte, error) {
	if len(wasm) < preambleSize {
		return nil, errUnknown
	}
	m := &module{counter: counter{turns: turns}}
	if !m.survey(wasm) {
		return nil, errUnknown
	}
	m.out = append(m.out, wasm[:preambleSize]...)
	r := &reader{b: wasm, at: preambleSize}
	last := byte(customSection)
	for r.more() {
		id := r.byte()
		content := r.vector()
		if r.bad || id > dataCount {
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
	if r.bad {
		return nil, errUnknown
	}
	return m.out, nil
}

// survey counts what the indices of new things depend on. A module without code
// is not worth it.
func (m *module) survey(wasm []byte) bool {
	r := &reader{b: wasm, at: preambleSize}
	for r.more() {
		id := r.byte()
		content := r.vector()
		if r.bad || id > dataCount || id != customSection && m.has[id] {
			return false
		}
		m.has[id] = true
		s := &reader{b: content}
		switch id {
		case typeSection:
			m.readTypes(s)
		case importSection:
			m.readImports(s)
		case functions:
			for range s.u32() {
				if m.types = append(m.types, s.u32()); s.bad {
					return false
				}
			}
		case tableSection:
			m.lazy.readTable(s)
		case globalSection:
			m.global = m.globals + s.u32()
		case elementSection:
			m.surveyElements(s)
		case dataSection:
			m.surveyData(s)
		case codeSection:
			for range s.u32() {
				if !m.surveyCode(s.vector()) || s.bad {
					return false
				}
			}
		}
		if s.bad {
			return false
		}
	}
	if !m.has[globalSection] {
		m.global = m.globals
	}
	m.lazy.decide(m.function(m.tick + uint32(len(m.types))))
	return !r.bad && m.has[typeSection] && m.has[codeSection]
}

// surveyData: segments that are neither copied at the start nor named by an
// instruction do nothing, and an engine makes room for each of them in each
// instance. Many are left when a memory's image has been taken out.
func (m *module) surveyData(r *reader) {
	for range r.u32() {
		if r.u32() != notActive {
			m.activeData = true
			return
		}
		if r.vector(); r.bad {
			return
		}
	}
}

func (m *module) readTypes(r *reader) {
	for range r.u32() {
		if r.byte() != functionType {
			r.bad = true
		}
		n := r.u32()
		r.take(uint64(n))
		r.vector()
		if m.params = append(m.params, n); r.bad {
			return
		}
	}
}

func (m *module) readImports(r *reader) {
	for range r.u32() {
		from, name := string(r.vector()), string(r.vector())
		if from == TickModule && name == TickName {
			r.bad = true // a guest that knows of it is not metered twice
		}
		switch r.byte() {
		case kindFunction:
			r.u32()
			m.tick++
		case kindTable:
			m.lazy.refused = true
			r.byte()
			r.limits()
		case kindMemory:
			r.limits()
		case kindGlobal:
			r.take(2)
			m.globals++
		default:
			r.bad = true
		}
		if r.bad {
			return
		}
	}
	m.imports = m.tick
}

func (r *reader) limits() {
	if flags := r.byte(); flags > withMaximum {
		r.bad = true
	} else {
		r.skip(1 + uint32(flags))
	}
}

// missing adds sections that the module does not have, between two that it has.
func (m *module) missing(last, next byte) {
	if !m.has[importSection] && before(last, importSection) && before(importSection, next) {
		m.emit(importSection, m.addImport(appendU32(nil, 1), nil))
		m.has[importSection] = true
	}
	if !m.has[globalSection] && before(last, globalSection) && before(globalSection, next) {
		m.emit(globalSection, m.addGlobal(appendU32(nil, 1), nil))
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
	m.out = appendVector(append(m.out, id), content)
}

// addImport appends the import of tick to those that are there.
func (m *module) addImport(b, rest []byte) []byte {
	b = append(b, rest...)
	b = appendVector(b, []byte(TickModule))
	b = appendVector(b, []byte(TickName))
	return appendU32(append(b, kindFunction), uint32(len(m.params)))
}

// addGlobal appends the counter to the globals that are there.
func (m *module) addGlobal(b, rest []byte) []byte {
	b = append(b, rest...)
	b = append(b, typeI32, mutableGlobal, opI32Const)
	return append(appendI32(b, m.turns), opEnd)
}

// section writes one section as it has to be.
func (m *module) section(id byte, content []byte) error {
	r := &reader{b: content}
	switch id {
	case customSection:
		m.custom(content)
		return nil
	case typeSection:
		m.emit(id, m.addTypes(r.u32(), content[r.at:]))
	case functions:
		m.emit(id, m.addFunctions(r.u32(), content[r.at:]))
	case importSection:
		n := r.u32()
		m.emit(id, m.addImport(appendU32(nil, n+1), content[r.at:]))
	case globalSection:
		m.emit(id, m.readGlobals(r))
	case exportSection:
		m.emit(id, m.exports(r))
	case startSection:
		m.emit(id, appendU32(nil, m.function(r.u32())))
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
	if r.bad {
		return errUnknown
	}
	return nil
}

// addTypes appends the type of tick and of functions that fill, and that of the
// one that chooses among those.
func (m *module) addTypes(n uint32, rest []byte) []byte {
	if m.lazy.on {
		return append(append(appendU32(nil, n+2), rest...), functionType, 0, 0, functionType, 1, typeI32, 0)
	}
	return append(append(appendU32(nil, n+1), rest...), functionType, 0, 0)
}

func (m *module) addFunctions(n uint32, rest []byte) []byte {
	if !m.lazy.on {
		return append(appendU32(nil, n), rest...)
	}
	out := append(appendU32(nil, n+m.lazy.chunks()+1), rest...)
	for range m.lazy.chunks() {
		out = appendU32(out, uint32(len(m.params)))
	}
	return appendU32(out, uint32(len(m.params))+1)
}

func (m *module) readGlobals(r *reader) []byte {
	n := r.u32()
	out := appendU32(nil, n+1)
	for range n {
		if out = append(out, r.take(2)...); r.bad {
			return nil
		}
		out = m.expression(r, out)
	}
	return m.addGlobal(out, nil)
}

// expression copies a constant expression.
func (m *module) expression(r *reader, out []byte) []byte {
	for {
		at := r.at
		op := r.byte()
		switch op {
		case opI32Const, opI64Const, opGlobalGet, opRefNull:
			r.skip(1)
		case opF32Const:
			r.take(4)
		case opF64Const:
			r.take(8)
		case prefixVector:
			r.vectorOp()
		case opRefFunc:
			out = appendU32(append(out, op), m.function(r.u32()))
			continue
		case opEnd:
		default:
			r.bad = true
		}
		if r.bad {
			return nil
		}
		if out = append(out, r.b[at:r.at]...); op == opEnd {
			return out
		}
	}
}

func (m *module) exports(r *reader) []byte {
	n := r.u32()
	out := appendU32(nil, n)
	for range n {
		out = appendVector(out, r.vector())
		kind, index := r.byte(), r.u32()
		if kind == kindFunction {
			index = m.function(index)
		}
		if out = appendU32(append(out, kind), index); r.bad {
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

func (m *module) elements(r *reader) []byte {
	n := r.u32()
	out := appendU32(nil, n)
	for range n {
		flags := r.u32()
		out = appendU32(out, flags)
		if flags > notActive|explicit|expressions {
			r.bad = true
		}
		if flags&notActive == 0 {
			if flags&explicit != 0 {
				out = appendU32(out, r.u32())
			}
			out = m.expression(r, out)
		}
		if flags&(notActive|explicit) != 0 {
			out = append(out, r.byte()) // the kind, or the type
		}
		count := r.u32()
		out = appendU32(out, count)
		for range count {
			if r.bad {
				return nil
			}
			if flags&expressions != 0 {
				out = m.expression(r, out)
			} else {
				out = appendU32(out, m.function(r.u32()))
			}
		}
	}
	return out
}

func (m *module) bodies(r *reader) error {
	n := r.u32()
	if r.bad || int(n) != len(m.types) {
		return errUnknown
	}
	more := uint32(0)
	if m.lazy.on {
		more = m.lazy.chunks() + 1
	}
	out := appendU32(make([]byte, 0, len(r.b)+len(r.b)/4), n+more)
	for _, t := range m.types {
		if int(t) >= len(m.params) {
			return errUnknown
		}
		code := r.vector()
		if r.bad {
			return errUnknown
		}
		rewritten, err := m.code(code, m.params[t])
		if err != nil {
			return err
		}
		out = appendVector(out, rewritten)
	}
	if m.lazy.on {
		for i := range m.lazy.chunks() {
			out = appendVector(out, m.fill(i))
		}
		out = appendVector(out, m.choose())
	}
	m.emit(codeSection, out)
	return nil
}
