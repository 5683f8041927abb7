package wasm

// Op is an opcode. One that has a prefix byte has the prefix in the upper and
// its number in the lower 16 bits.
type Op uint32

// Opcodes that a rewriter of memories and tables must know.
const (
	OpTableSet   Op = 0x26
	OpMemoryInit Op = 0xfc<<16 | 8
	OpDataDrop   Op = 0xfc<<16 | 9
	OpTableInit  Op = 0xfc<<16 | 12
	OpElemDrop   Op = 0xfc<<16 | 13
	OpTableCopy  Op = 0xfc<<16 | 14
	OpTableGrow  Op = 0xfc<<16 | 15
	OpTableFill  Op = 0xfc<<16 | 17
	OpMemoryCopy Op = 0xfc<<16 | 10
	OpMemoryFill Op = 0xfc<<16 | 11
)

// Opcodes from which a rewriter makes code of its own.
const (
	OpLoop      Op = 0x03
	OpEnd       Op = 0x0b
	OpCall      Op = 0x10
	OpDrop      Op = 0x1a
	OpLocalGet  Op = 0x20
	OpI32Load8U Op = 0x2d
	OpI32Store8 Op = 0x3a
	OpI32Const  Op = 0x41
	OpI32Add    Op = 0x6a
)

const (
	opBlock    Op = 0x02
	opIf       Op = 0x04
	opI64Const Op = 0x42
	opF32Const Op = 0x43
	opF64Const Op = 0x44
)

var opNames = map[Op]string{
	OpTableSet: "table.set", OpMemoryInit: "memory.init", OpDataDrop: "data.drop", OpTableInit: "table.init",
	OpElemDrop: "elem.drop", OpTableCopy: "table.copy", OpTableGrow: "table.grow", OpTableFill: "table.fill",
}

// Name returns the name in the text format of the exported opcodes, and "" for
// all others.
func (op Op) Name() string { return opNames[op] }

// immediate is what follows an opcode.
type immediate byte

const (
	illegal immediate = iota
	none
	index         // one u32
	twoIndices    // two u32
	number32      // signed LEB128
	number64      //
	blockType     // signed LEB128 of 33 bits: nothing, one value, or an index
	refType       // a byte
	zero          // a byte 0, where later versions name a memory
	twoZeros      //
	indexZero     // one u32, and a byte 0
	fixed1        // bytes
	fixed4        //
	fixed8        //
	fixed16       //
	memoryArg     // alignment and offset
	memoryArgLane // and a lane
	branchTable   // vector of labels and a default
	typeVector    // vector of value types
)

// span gives the opcodes from first to last the same immediate.
type span struct {
	first, last uint32
	imm         immediate
}

// plain lists the opcodes without prefix, of WebAssembly 2.0 with tail calls.
var plain = table(256,
	span{0x00, 0x01, none}, span{0x02, 0x04, blockType}, span{0x05, 0x05, none}, span{0x0b, 0x0b, none},
	span{0x0c, 0x0d, index}, span{0x0e, 0x0e, branchTable}, span{0x0f, 0x0f, none},
	span{0x10, 0x10, index}, span{0x11, 0x11, twoIndices}, span{0x12, 0x12, index}, span{0x13, 0x13, twoIndices},
	span{0x1a, 0x1b, none}, span{0x1c, 0x1c, typeVector}, span{0x20, 0x26, index}, span{0x28, 0x3e, memoryArg},
	span{0x3f, 0x40, zero}, span{0x41, 0x41, number32}, span{0x42, 0x42, number64}, span{0x43, 0x43, fixed4},
	span{0x44, 0x44, fixed8}, span{0x45, 0xc4, none}, span{0xd0, 0xd0, refType}, span{0xd1, 0xd1, none},
	span{0xd2, 0xd2, index},
)

// bulk lists the opcodes after 0xfc: saturating conversions, bulk memory and
// tables.
var bulk = table(18,
	span{0, 7, none}, span{8, 8, indexZero}, span{9, 9, index}, span{10, 10, twoZeros}, span{11, 11, zero},
	span{12, 12, twoIndices}, span{13, 13, index}, span{14, 14, twoIndices}, span{15, 17, index},
)

// vector lists the opcodes after 0xfd: 128-bit vectors.
var vector = table(256,
	span{0, 11, memoryArg}, span{12, 13, fixed16}, span{14, 20, none}, span{21, 34, fixed1}, span{35, 83, none},
	span{84, 91, memoryArgLane}, span{92, 93, memoryArg}, span{94, 255, none},
)

func table(size int, spans ...span) []immediate {
	t := make([]immediate, size)
	for _, s := range spans {
		for i := s.first; i <= s.last; i++ {
			t[i] = s.imm
		}
	}
	return t
}

// Bodies returns the code of the functions that the module defines: locals,
// then instructions. They are shared with the module.
func (m *Module) Bodies() ([][]byte, error) {
	d := m.decode(CodeSection)
	return entries(d, func() []byte { return d.bytes(d.u32()) })
}

// WithBodies returns the module with this code.
func (m *Module) WithBodies(bodies [][]byte) *Module {
	return m.WithBody(CodeSection, appendVector(nil, bodies, AppendBytes[[]byte]))
}

// Instruction is one instruction of a function body.
type Instruction struct {
	Op     Op
	Offset uint32 // of an access to memory
	Bytes  []byte // with what follows the opcode
}

// EachInstruction calls visit for every instruction of a function body, and
// returns the bytes before the first, which declare the locals. Its errors are
// of type [*Error].
func EachInstruction(body []byte, visit func(Instruction)) (locals []byte, err error) {
	d := &decoder{b: body, section: "function body"}
	d.locals()
	locals = body[:d.pos:d.pos]
	for !d.done() {
		start := d.pos
		in := Instruction{Op: d.instruction()}
		if d.err == nil {
			in.Offset, in.Bytes = d.offset, body[start:d.pos:d.pos]
			visit(in)
		}
	}
	return locals, d.end()
}

// EachOp calls visit for every opcode of every function body, with the index of
// the function among those that the module defines. It stops at visit's first
// error and returns that; an opcode that it does not know is an [*Error].
func (m *Module) EachOp(visit func(fn int, op Op) error) error {
	d := m.decode(CodeSection)
	n := d.count()
	for fn := 0; fn < n && d.err == nil; fn++ {
		size := d.u32()
		body := decoder{b: d.b, pos: d.pos, section: d.section}
		if d.bytes(size); d.err != nil {
			break
		}
		body.b = d.b[:d.pos]
		if err := body.eachOp(fn, visit); err != nil {
			return err
		}
	}
	return d.end()
}

func (d *decoder) eachOp(fn int, visit func(int, Op) error) error {
	d.locals()
	depth := 1 // of blocks that are open, the function's own among them
	for depth > 0 && !d.done() {
		op := d.instruction()
		if d.err != nil {
			break
		}
		switch op {
		case opBlock, OpLoop, opIf:
			depth++
		case OpEnd:
			depth--
		}
		if err := visit(fn, op); err != nil {
			return err
		}
	}
	if depth > 0 {
		d.fail(d.pos, "function %d does not end", fn)
	}
	return d.end()
}

// maxLocals is how many locals a function may declare; engines have this limit
// in common, and some make room for as many at once.
const maxLocals = 50_000

func (d *decoder) locals() {
	start, sum := d.pos, uint64(0)
	for n := d.count(); n > 0 && d.err == nil; n-- {
		sum += uint64(d.u32())
		d.valType()
	}
	if sum > maxLocals {
		d.fail(start, "%d locals: a function may have %d", sum, maxLocals)
	}
}

// instruction reads one opcode and steps over its immediates.
func (d *decoder) instruction() Op {
	start := d.pos
	op, imm := Op(d.byte()), illegal
	switch op {
	case 0xfc:
		op, imm = d.prefixed(op, bulk)
	case 0xfd:
		op, imm = d.prefixed(op, vector)
		// wazero reads one byte of it in any case, and what follows it as
		// instructions. Those that begin at 128 have a second byte of 1, a nop.
		if n := len(AppendU32(nil, uint32(op&0xffff))); d.err == nil && imm != illegal && d.pos-start != 1+n {
			d.fail(start, "opcode 0x%x in more bytes than it needs", uint32(op))
		}
	default:
		imm = plain[op]
	}
	if imm == illegal && d.err == nil {
		d.fail(start, "unknown opcode 0x%x", uint32(op))
	}
	d.skip(imm)
	return op
}

func (d *decoder) prefixed(prefix Op, t []immediate) (Op, immediate) {
	n := d.u32()
	if n >= uint32(len(t)) {
		return prefix<<16 | Op(n&0xffff), illegal
	}
	return prefix<<16 | Op(n), t[n]
}

func (d *decoder) skip(imm immediate) {
	switch imm {
	case index:
		d.u32()
	case twoIndices:
		d.u32()
		d.u32()
	case number32:
		d.signed(32)
	case number64:
		d.signed(64)
	case blockType:
		d.blockType()
	case refType:
		d.refType()
	case zero:
		d.zero()
	case twoZeros:
		d.zero()
		d.zero()
	case indexZero:
		d.u32()
		d.zero()
	case fixed1:
		d.bytes(1)
	case fixed4:
		d.bytes(4)
	case fixed8:
		d.bytes(8)
	case fixed16:
		d.bytes(16)
	case memoryArg:
		d.memoryArg()
	case memoryArgLane:
		d.memoryArg()
		d.byte()
	case branchTable:
		for n := d.count() + 1; n > 0 && d.err == nil; n-- {
			d.u32()
		}
	case typeVector:
		d.valTypes()
	}
}

// blockType reads what a block takes and leaves.
func (d *decoder) blockType() {
	start := d.pos
	const nothing = 0x40 - 0x80 // a byte, as the signed number it is
	if v := d.signed(33); v < 0 && v != nothing {
		if _, ok := valTypeNames[ValType(v+0x80)]; !ok || v < -0x40 {
			d.fail(start, "unknown block type %d", v)
		}
	}
}

func (d *decoder) zero() {
	if c := d.byte(); c != 0 {
		d.fail(d.pos-1, "memory is 0x%02x, not 0", c)
	}
}

// memoryArg refuses alignments that no instruction has; from bit 6 on they
// would name a memory other than the first.
func (d *decoder) memoryArg() {
	start := d.pos
	if align := d.u32(); align >= 32 {
		d.fail(start, "memory access of alignment 2^%d", align)
	}
	d.offset = d.u32()
}
