package wasmbin

// Opcodes and their prefixes (WebAssembly core specification 2.0, section 5.4).
const (
	opBlock    = 0x02
	opLoop     = 0x03
	opIf       = 0x04
	opEnd      = 0x0b
	opRefNull  = 0xd0
	opEmpty    = 0x40 // the type of a block that leaves nothing
	bulkPrefix = 0xfc
	vectorOps  = 0xfd
	lastBulk   = 17
	lastVector = 255
	maxAlign   = 31 // powers of two; 6 more bits name a memory in later versions
)

// instruction reads one instruction, and returns its opcode or prefix.
func (f *form) instruction() byte {
	op := f.Byte()
	switch {
	case op <= 0x01, op == 0x05, op == opEnd, op == 0x0f, op == 0x1a, op == 0x1b, op >= 0x45 && op <= 0xc4, op == 0xd1:
	case op == opBlock, op == opLoop, op == opIf:
		f.blockType()
	case op == 0x0c, op == 0x0d, op == 0x10, op >= 0x20 && op <= 0x26, op == 0xd2:
		f.U32()
	case op == 0x3f, op == 0x40: // memory.size, memory.grow
		f.memory()
	case op == 0x11: // call_indirect
		f.U32()
		f.U32()
	case op == 0x0e: // br_table
		f.count(func() { f.U32() })
		f.U32()
	case op == 0x1c: // select with a type
		f.count(f.valueType)
	case op >= 0x28 && op <= 0x3e:
		f.access()
	case op == 0x41:
		f.signed(32)
	case op == 0x42:
		f.signed(64)
	case op == 0x43:
		f.Take(4)
	case op == 0x44:
		f.Take(8)
	case op == opRefNull:
		f.referenceType()
	case op == bulkPrefix:
		f.bulk()
	case op == vectorOps:
		f.vector()
	default:
		f.only(false)
	}
	return op
}

// constant reads a constant expression. What may be in one is read here as
// well: blocks, for which the first end would not be the last, may not.
func (f *form) constant() {
	for !f.Bad {
		switch op := f.instruction(); op {
		case opEnd:
			return
		case opBlock, opLoop, opIf:
			f.Bad = true
		}
	}
}

// blockType reads what a block takes and leaves: nothing, one value, or the
// index of a type.
func (f *form) blockType() {
	v := f.signed(33)
	f.only(v >= 0 || v == opEmpty-0x80 || v >= 0x7b-0x80 || v == funcref-0x80 || v == externref-0x80)
}

// access reads alignment and offset of an access to memory.
func (f *form) access() {
	f.only(f.U32() <= maxAlign)
	f.U32()
}

// memory reads the byte where a later version names a memory.
func (f *form) memory() { f.only(f.Byte() == 0) }

// bulk reads what follows the prefix of bulk instructions.
func (f *form) bulk() {
	op := f.U32()
	f.only(op <= lastBulk)
	switch op {
	case 8, 9: // memory.init, data.drop: legal only where the segments are counted before the code
		f.U32()
		f.Bad = f.Bad || !f.announced
	case 10: // memory.copy
		f.memory()
	case 12, 14: // table.init, table.copy
		f.U32()
		f.U32()
	case 13, 15, 16, 17:
		f.U32()
	}
	if op == 8 || op == 10 || op == 11 {
		f.memory()
	}
}

// vector reads what follows the prefix of vector instructions. Their number in
// more bytes than it needs is legal, but wazero reads the first byte alone.
func (f *form) vector() {
	begin := f.At
	op := f.U32()
	f.only(op <= lastVector && f.At-begin == len(AppendU32(nil, op)))
	switch {
	case op <= 11, op == 92, op == 93: // loads and stores
		f.access()
	case op == 12, op == 13: // v128.const, i8x16.shuffle
		f.Take(16)
	case op >= 21 && op <= 34: // of one lane
		f.Byte()
	case op >= 84 && op <= 91: // loads and stores of one lane
		f.access()
		f.Byte()
	}
}

// signed reads a number of so many bits in signed LEB128. The last byte of the
// longest form repeats the sign in the bits that are too many.
func (f *form) signed(bits int) (v int64) {
	for shift := 0; shift < bits && !f.Bad; shift += 7 {
		b := f.Byte()
		v |= int64(b&0x7f) << shift
		if b&0x80 != 0 {
			continue
		}
		if width := shift + 7; width < 64 {
			v = v << (64 - width) >> (64 - width)
		}
		if left := bits - shift; left < 7 {
			if rest := int8(b<<1) >> left; rest != 0 && rest != -1 {
				break
			}
		}
		return v
	}
	f.Bad = true
	return 0
}
