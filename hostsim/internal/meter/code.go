package meter

// Opcodes (WebAssembly core specification 2.0, section 5.4).
const (
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opSelectTyped  = 0x1c
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opTableGet     = 0x25
	opTableSet     = 0x26
	opFirstMemory  = 0x28
	opLastMemory   = 0x3e
	opMemorySize   = 0x3f
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opF32Const     = 0x43
	opF64Const     = 0x44
	opFirstNumeric = 0x45
	opLastNumeric  = 0xc4
	opI32LeS       = 0x4c
	opI32Add       = 0x6a
	opI32Sub       = 0x6b
	opI32ShrU      = 0x76
	opRefNull      = 0xd0
	opRefIsNull    = 0xd1
	opRefFunc      = 0xd2
	prefixBulk     = 0xfc
	prefixVector   = 0xfd

	emptyBlock  = 0x40
	typeI32     = 0x7f
	typeFuncref = 0x70
)

// Instructions behind prefixBulk.
const (
	lastTruncation = 7
	memoryInit     = 8
	dataDrop       = 9
	memoryCopy     = 10
	memoryFill     = 11
	tableInit      = 12
	elemDrop       = 13
	tableCopy      = 14
	tableGrow      = 15
	tableSize      = 16
	tableFill      = 17
)

// bulkImmediates is how many numbers follow such an instruction.
var bulkImmediates = [...]uint32{memoryInit: 2, dataDrop: 1, memoryCopy: 2, memoryFill: 1, tableInit: 2, elemDrop: 1, tableCopy: 2,
	tableGrow: 1, tableSize: 1, tableFill: 1}

// moves reports whether a bulk instruction takes as long as the number on top of
// the stack says.
func moves(op uint32) bool {
	switch op {
	case memoryInit, memoryCopy, memoryFill, tableInit, tableCopy, tableFill:
		return true
	}
	return false
}

// bulkShift makes turns of a loop of bytes moved: 256 take about as long.
const bulkShift = 8

// counter is where and how a module counts.
type counter struct {
	global  uint32 // of the turns that are left
	tick    uint32 // the function to call when there are none
	turns   int32
	imports uint32 // functions before tick: those keep their index
}

// function is the index of a function once tick is among the imports.
func (c *counter) function(index uint32) uint32 {
	if index >= c.tick {
		index++
	}
	return index
}

// check takes one turn off, and calls tick when there is none left.
func (c *counter) check(b []byte, local uint32) []byte {
	b = appendU32(append(b, opGlobalGet), c.global)
	b = append(b, opI32Const, 1, opI32Sub)
	b = appendU32(append(b, opLocalTee), local)
	b = appendU32(append(b, opGlobalSet), c.global)
	b = appendU32(append(b, opLocalGet), local)
	b = append(b, opI32Const, 0, opI32LeS, opIf, emptyBlock)
	b = appendU32(append(b, opCall), c.tick)
	b = appendI32(append(b, opI32Const), c.turns)
	b = appendU32(append(b, opGlobalSet), c.global)
	return append(b, opEnd)
}

// charge takes turns off for the length on top of the stack, and leaves it
// there.
func (c *counter) charge(b []byte, local uint32) []byte {
	b = appendU32(append(b, opLocalTee), local)
	b = appendU32(append(b, opGlobalGet), c.global)
	b = appendU32(append(b, opLocalGet), local)
	b = append(b, opI32Const, bulkShift, opI32ShrU, opI32Sub)
	return appendU32(append(b, opGlobalSet), c.global)
}

// body is one function's code as it is rewritten.
type body struct {
	*module
	r      *reader
	text   []byte // the code, rewritten
	copied int    // bytes of r that are in text
	local  uint32
	calls  int
	heads  int // loops at the very beginning
}

// code rewrites the code of a function with so many parameters.
func (m *module) code(code []byte, params uint32) ([]byte, error) {
	b := &body{module: m, r: &reader{b: code}}
	locals, count := b.locals(params)
	begin := b.r.at
	b.copied = begin
	for b.r.more() {
		b.instruction(begin)
	}
	if b.r.bad {
		return nil, errUnknown
	}
	b.flush(len(code))
	out := append(appendU32(nil, count+1), locals...)
	out = append(out, 1, typeI32)
	if b.calls > 1 && b.heads == 0 {
		out = m.check(out, b.local)
	}
	return append(out, b.text...), nil
}

// locals reads the declarations, and gives the counter a local of its own
// behind them.
func (b *body) locals(params uint32) (declarations []byte, count uint32) {
	count = b.r.u32()
	from, total := b.r.at, uint64(params)
	for range count {
		total += uint64(b.r.u32())
		if b.r.byte(); b.r.bad {
			return nil, 0
		}
	}
	if b.r.bad = b.r.bad || total > 50_000; b.r.bad {
		return nil, 0
	}
	b.local = uint32(total)
	return b.r.b[from:b.r.at], count
}

// flush copies what has been read up to a place.
func (b *body) flush(to int) {
	b.text = append(b.text, b.r.b[b.copied:to]...)
	b.copied = to
}

// instruction reads one instruction and rewrites it where it must be.
func (b *body) instruction(begin int) {
	r, at := b.r, b.r.at
	switch op := r.byte(); {
	case op == opLoop:
		r.skip(1)
		b.flush(r.at)
		if at == begin {
			b.heads++
		}
		b.text = b.check(b.text, b.local)
	case op == opCall, op == opRefFunc:
		b.flush(r.at)
		index := r.u32()
		if op == opCall && index >= b.imports {
			b.calls++
		}
		b.text = appendU32(b.text, b.function(index))
		b.copied = r.at
	case op == opCallIndirect:
		b.calls++
		if r.skip(2); b.lazy.on && !r.bad {
			b.flush(at)
			b.text = b.indirect(b.text, b.local)
		}
	case op == prefixBulk:
		b.bulk(at)
	default:
		r.immediates(op)
	}
}

func (b *body) bulk(at int) {
	op := b.r.u32()
	if op <= lastTruncation {
		return
	}
	if op >= uint32(len(bulkImmediates)) {
		b.r.bad = true
		return
	}
	b.r.skip(bulkImmediates[op])
	if moves(op) && !b.r.bad {
		b.flush(at)
		b.text = b.charge(b.text, b.local)
	}
}

// surveyCode notes what the code of a function does with tables and data.
func (m *module) surveyCode(code []byte) bool {
	b := &body{module: m, r: &reader{b: code}}
	b.locals(0)
	for b.r.more() {
		switch op := b.r.byte(); op {
		case opLoop, opCall, opRefFunc:
			b.r.skip(1)
		case opCallIndirect:
			b.r.skip(2)
		case opTableGet, opTableSet:
			m.lazy.refused = true
			b.r.skip(1)
		case prefixBulk:
			m.surveyBulk(b.r)
		default:
			b.r.immediates(op)
		}
	}
	return !b.r.bad
}

func (m *module) surveyBulk(r *reader) {
	op := r.u32()
	switch op {
	case memoryInit, dataDrop:
		m.usesData = true
	case tableInit, elemDrop, tableCopy, tableGrow, tableFill:
		m.lazy.refused = true
	}
	if op > lastTruncation && op < uint32(len(bulkImmediates)) {
		r.skip(bulkImmediates[op])
	} else if op > lastTruncation {
		r.bad = true
	}
}

// immediates passes over what follows an opcode that stays as it is.
func (r *reader) immediates(op byte) {
	switch {
	case op <= 0x01, op == 0x05, op == opEnd, op == 0x0f, op == 0x1a, op == 0x1b, op >= opFirstNumeric && op <= opLastNumeric, op == opRefIsNull:
	case op == opBlock, op == opIf, op == opBr, op == opBrIf, op >= opLocalGet && op <= opTableSet, op == opMemorySize, op == opMemoryGrow,
		op == opI32Const, op == opI64Const, op == opRefNull:
		r.skip(1)
	case op >= opFirstMemory && op <= opLastMemory:
		r.skip(2)
	case op == opBrTable:
		r.skip(r.u32() + 1)
	case op == opSelectTyped:
		r.take(uint64(r.u32()))
	case op == opF32Const:
		r.take(4)
	case op == opF64Const:
		r.take(8)
	case op == prefixVector:
		r.vectorOp()
	default:
		r.bad = true
	}
}

// vectorOp passes over what follows prefixVector.
func (r *reader) vectorOp() {
	switch op := r.u32(); {
	case op <= 11, op == 92, op == 93: // loads and stores
		r.skip(2)
	case op == 12, op == 13: // v128.const, i8x16.shuffle
		r.take(16)
	case op >= 21 && op <= 34: // of one lane
		r.take(1)
	case op >= 84 && op <= 91: // loads and stores of one lane
		r.skip(2)
		r.take(1)
	case op > 255:
		r.bad = true
	}
}
