package meter

import "github.com/clickedge/clickedge/hostsim/internal/wasmbin"

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
	opI32GeU       = 0x4f
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
	fills   bool   // there is a memory.fill, and zero is imported behind tick
}

// function is the index of a function once tick and zero are among the imports.
func (c *counter) function(index uint32) uint32 {
	if index >= c.tick {
		index++
		if c.fills {
			index++
		}
	}
	return index
}

// check takes one turn off, and calls tick when there is none left.
func (c *counter) check(b []byte, local uint32) []byte {
	b = wasmbin.AppendU32(append(b, opGlobalGet), c.global)
	b = append(b, opI32Const, 1, opI32Sub)
	b = wasmbin.AppendU32(append(b, opLocalTee), local)
	b = wasmbin.AppendU32(append(b, opGlobalSet), c.global)
	b = wasmbin.AppendU32(append(b, opLocalGet), local)
	b = append(b, opI32Const, 0, opI32LeS, opIf, emptyBlock)
	b = wasmbin.AppendU32(append(b, opCall), c.tick)
	b = wasmbin.AppendI32(append(b, opI32Const), c.turns)
	b = wasmbin.AppendU32(append(b, opGlobalSet), c.global)
	return append(b, opEnd)
}

// charge takes turns off for the length on top of the stack, and leaves it
// there.
func (c *counter) charge(b []byte, local uint32) []byte {
	b = wasmbin.AppendU32(append(b, opLocalTee), local)
	b = wasmbin.AppendU32(append(b, opGlobalGet), c.global)
	b = wasmbin.AppendU32(append(b, opLocalGet), local)
	b = append(b, opI32Const, bulkShift, opI32ShrU, opI32Sub)
	return wasmbin.AppendU32(append(b, opGlobalSet), c.global)
}

// zero lets the host fill where it is much, and leaves the arguments of what is
// still to do.
func (m *module) zero(b []byte, local uint32) []byte {
	b = wasmbin.AppendU32(append(b, opLocalGet), local)
	b = wasmbin.AppendI32(append(b, opI32Const), Much)
	b = wasmbin.AppendI32(append(b, opI32GeU, opIf), int32(m.zeroType()))
	b = wasmbin.AppendU32(append(b, opCall), m.tick+1)
	return append(b, opEnd)
}

// body is one function's code as it is rewritten.
type body struct {
	*module
	r      *wasmbin.Reader
	text   []byte // the code, rewritten
	copied int    // bytes of r that are in text
	local  uint32
	calls  int
	heads  int // loops at the very beginning
}

// code rewrites the code of a function with so many parameters.
func (m *module) code(code []byte, params uint32) ([]byte, error) {
	b := &body{module: m, r: &wasmbin.Reader{Bytes: code}}
	locals, count := b.locals(params)
	begin := b.r.At
	b.copied = begin
	for b.r.More() {
		b.instruction(begin)
	}
	if b.r.Bad {
		return nil, errUnknown
	}
	b.flush(len(code))
	out := append(wasmbin.AppendU32(nil, count+1), locals...)
	out = append(out, 1, typeI32)
	if b.calls > 1 && b.heads == 0 {
		out = m.check(out, b.local)
	}
	return append(out, b.text...), nil
}

// locals reads the declarations, and gives the counter a local of its own
// behind them.
func (b *body) locals(params uint32) (declarations []byte, count uint32) {
	count = b.r.U32()
	from, total := b.r.At, uint64(0)
	for range count {
		total += uint64(b.r.U32())
		if b.r.Byte(); b.r.Bad {
			return nil, 0
		}
	}
	if b.r.Bad = b.r.Bad || total > 50_000; b.r.Bad {
		return nil, 0
	}
	b.local = params + uint32(total)
	return b.r.Bytes[from:b.r.At], count
}

// flush copies what has been read up to a place.
func (b *body) flush(to int) {
	b.text = append(b.text, b.r.Bytes[b.copied:to]...)
	b.copied = to
}

// instruction reads one instruction and rewrites it where it must be.
func (b *body) instruction(begin int) {
	r, at := b.r, b.r.At
	switch op := r.Byte(); {
	case op == opLoop:
		r.Skip(1)
		b.flush(r.At)
		if at == begin {
			b.heads++
		}
		b.text = b.check(b.text, b.local)
	case op == opCall, op == opRefFunc:
		b.flush(r.At)
		index := r.U32()
		if op == opCall && index >= b.imports {
			b.calls++
		}
		b.text = wasmbin.AppendU32(b.text, b.function(index))
		b.copied = r.At
	case op == opCallIndirect:
		b.calls++
		if r.Skip(2); b.lazy.on && !r.Bad {
			b.flush(at)
			b.text = b.indirect(b.text, b.local)
		}
	case op == prefixBulk:
		b.bulk(at)
	default:
		immediates(r, op)
	}
}

func (b *body) bulk(at int) {
	op := b.r.U32()
	if op <= lastTruncation {
		return
	}
	if op >= uint32(len(bulkImmediates)) {
		b.r.Bad = true
		return
	}
	b.r.Skip(bulkImmediates[op])
	if moves(op) && !b.r.Bad {
		b.flush(at)
		b.text = b.charge(b.text, b.local)
		if op == memoryFill {
			b.text = b.zero(b.text, b.local)
		}
	}
}

// surveyCode notes what the code of a function does with tables and data.
func (m *module) surveyCode(code []byte) bool {
	b := &body{module: m, r: &wasmbin.Reader{Bytes: code}}
	b.locals(0)
	for b.r.More() {
		switch op := b.r.Byte(); op {
		case opLoop, opCall, opRefFunc:
			b.r.Skip(1)
		case opCallIndirect:
			b.r.Skip(2)
		case opTableGet, opTableSet:
			m.lazy.refused = true
			b.r.Skip(1)
		case prefixBulk:
			m.surveyBulk(b.r)
		default:
			immediates(b.r, op)
		}
	}
	return !b.r.Bad
}

func (m *module) surveyBulk(r *wasmbin.Reader) {
	op := r.U32()
	switch op {
	case memoryFill:
		m.fills = true
	case memoryInit, dataDrop:
		m.usesData = true
	case tableInit, elemDrop, tableCopy, tableGrow, tableFill:
		m.lazy.refused = true
	}
	if op > lastTruncation && op < uint32(len(bulkImmediates)) {
		r.Skip(bulkImmediates[op])
	} else if op > lastTruncation {
		r.Bad = true
	}
}

// immediates passes over what follows an opcode that stays as it is.
func immediates(r *wasmbin.Reader, op byte) {
	switch {
	case op <= 0x01, op == 0x05, op == opEnd, op == 0x0f, op == 0x1a, op == 0x1b, op >= opFirstNumeric && op <= opLastNumeric, op == opRefIsNull:
	case op == opBlock, op == opIf, op == opBr, op == opBrIf, op >= opLocalGet && op <= opTableSet, op == opMemorySize, op == opMemoryGrow,
		op == opI32Const, op == opI64Const, op == opRefNull:
		r.Skip(1)
	case op >= opFirstMemory && op <= opLastMemory:
		r.Skip(2)
	case op == opBrTable:
		r.Skip(r.U32())
		r.Skip(1)
	case op == opSelectTyped:
		r.Take(uint64(r.U32()))
	case op == opF32Const:
		r.Take(4)
	case op == opF64Const:
		r.Take(8)
	case op == prefixVector:
		vectorOp(r)
	default:
		r.Bad = true
	}
}

// vectorOp passes over what follows prefixVector.
func vectorOp(r *wasmbin.Reader) {
	switch op := r.U32(); {
	case op <= 11, op == 92, op == 93: // loads and stores
		r.Skip(2)
	case op == 12, op == 13: // v128.const, i8x16.shuffle
		r.Take(16)
	case op >= 21 && op <= 34: // of one lane
		r.Take(1)
	case op >= 84 && op <= 91: // loads and stores of one lane
		r.Skip(2)
		r.Take(1)
	case op > 255:
		r.Bad = true
	}
}
