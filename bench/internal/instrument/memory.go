package instrument

import "fmt"

// access is one kind of memory instruction.
type access struct {
	op    uint16 // the opcode; bulkCopy and bulkFill stand for those with a prefix
	kind  Kind
	size  uint32
	value byte // the type that is loaded or stored
}

const (
	bulkPrefix = 0xfc
	bulkCopy   = 0xfc0a
	bulkFill   = 0xfc0b
	typeF32    = 0x7d
	typeF64    = 0x7c
)

// accesses are the instructions of WebAssembly 2.0 that read or write memory, vectors and segments aside.
var accesses = []access{
	{0x28, Read, 4, typeI32}, {0x29, Read, 8, typeI64}, {0x2a, Read, 4, typeF32}, {0x2b, Read, 8, typeF64},
	{0x2c, Read, 1, typeI32}, {0x2d, Read, 1, typeI32}, {0x2e, Read, 2, typeI32}, {0x2f, Read, 2, typeI32},
	{0x30, Read, 1, typeI64}, {0x31, Read, 1, typeI64}, {0x32, Read, 2, typeI64}, {0x33, Read, 2, typeI64},
	{0x34, Read, 4, typeI64}, {0x35, Read, 4, typeI64},
	{0x36, Write, 4, typeI32}, {0x37, Write, 8, typeI64}, {0x38, Write, 4, typeF32}, {0x39, Write, 8, typeF64},
	{0x3a, Write, 1, typeI32}, {0x3b, Write, 2, typeI32}, {0x3c, Write, 1, typeI64}, {0x3d, Write, 2, typeI64}, {0x3e, Write, 4, typeI64},
	{op: bulkCopy}, {op: bulkFill},
}

// Memory instruments every function of a module and every access to memory. It refuses a module with vector instructions.
func Memory(module []byte) (*Called, error) {
	m, err := open(module)
	if err != nil {
		return nil, err
	}
	first := m.imports + uint32(2*len(m.bodies))
	helpers := map[uint16]uint32{}
	for i, a := range accesses {
		helpers[a.op] = first + uint32(i)
	}
	for i, body := range m.bodies {
		if m.bodies[i], err = rewritten(body, helpers); err != nil {
			return nil, fmt.Errorf("function %d: %w", m.imports+uint32(i), err)
		}
	}
	return m.finish(module, accesses)
}

// helper reports an access and does it.
func (m *opened) helper(a access) (funcType, []byte) {
	switch a.op {
	case bulkCopy:
		return m.bulk(Write, []byte{bulkPrefix, 10, 0, 0}, true)
	case bulkFill:
		return m.bulk(Write, []byte{bulkPrefix, 11, 0}, false)
	}
	ty := funcType{params: []byte{typeI32, typeI32}, results: []byte{a.value}}
	offset := byte(1)
	if a.kind == Write {
		ty, offset = funcType{params: []byte{typeI32, a.value, typeI32}}, 2
	}
	b := []byte{0, opLocalGet, 0, opLocalGet, offset, opI32Add, opExtend}
	b = append(appendSigned(append(b, opI64Const), event(a.kind, a.size, 0)), opI64Or)
	b = m.reported(b)
	b = append(b, opLocalGet, 0, opLocalGet, offset, opI32Add)
	if a.kind == Write {
		b = append(b, opLocalGet, 1)
	}
	return ty, append(b, byte(a.op), 0, 0, opEnd)
}

// bulk reports the target, and the source too where there is one, with up to 16 MiB of their length.
func (m *opened) bulk(kind Kind, instruction []byte, source bool) (funcType, []byte) {
	b := m.span([]byte{0}, kind, 0)
	if source {
		b = m.span(b, Read, 1)
	}
	b = append(b, opLocalGet, 0, opLocalGet, 1, opLocalGet, 2)
	return funcType{params: []byte{typeI32, typeI32, typeI32}}, append(append(b, instruction...), opEnd)
}

// span reports the bytes from the address in a parameter on, as many as the third parameter says.
func (m *opened) span(b []byte, kind Kind, param byte) []byte {
	b = append(b, opLocalGet, 2, opExtend, opI64Const, 32, opI64Shl, opLocalGet, param, opExtend, opI64Or)
	b = append(appendSigned(append(b, opI64Const), event(kind, 0, 0)), opI64Or)
	return m.reported(b)
}

// rewritten is a function body with every access to memory replaced by a call of its helper.
func rewritten(body []byte, helpers map[uint16]uint32) ([]byte, error) {
	r := &reader{b: body}
	out := make([]byte, 0, len(body)+len(body)/4)
	for n := r.count(); n > 0; n-- {
		r.u32()
		r.byte()
	}
	out = append(out, body[:len(body)-len(r.b)]...)
	for len(r.b) > 0 {
		start := r.b
		op, offset := r.instruction()
		if r.err != nil {
			return nil, r.err
		}
		helper, ok := helpers[op]
		if !ok {
			out = append(out, start[:len(start)-len(r.b)]...)
			continue
		}
		if op != bulkCopy && op != bulkFill {
			out = appendSigned(append(out, opI32Const), int64(int32(offset)))
		}
		out = appendU32(append(out, opCall), helper)
	}
	return out, nil
}

// instruction steps over one instruction of WebAssembly 2.0. offset is that of an access to memory.
func (r *reader) instruction() (op uint16, offset uint32) {
	op = uint16(r.byte())
	switch {
	case op >= 0x28 && op <= 0x3e:
		r.u32()
		offset = r.u32()
	case op == bulkPrefix:
		op = op<<8 | uint16(r.u32())
		r.skipBulk(op & 0xff)
	case op == 0x0e: // br_table
		for n := r.count(); n > 0; n-- {
			r.u32()
		}
		r.u32()
	case op == 0x1c: // select with types
		r.take(r.u32())
	case op == 0x43:
		r.take(4)
	case op == 0x44:
		r.take(8)
	case op == 0x11 || op == 0x13: // indirect calls
		r.leb()
		r.leb()
	case op >= 0x02 && op <= 0x04, op == 0x0c, op == 0x0d, op == 0x10, op == 0x12, op >= 0x20 && op <= 0x26,
		op >= 0x3f && op <= 0x42, op == 0xd0, op == 0xd2:
		r.leb()
	case op <= 0x01, op == 0x05, op == 0x0b, op == 0x0f, op == 0x1a, op == 0x1b, op >= 0x45 && op <= 0xc4, op == 0xd1:
	default:
		r.fail(fmt.Errorf("instruction 0x%02x is not known here", op))
	}
	return op, offset
}

// skipBulk steps over what follows an instruction with the bulk prefix.
func (r *reader) skipBulk(n uint16) {
	switch {
	case n <= 7: // conversions
	case n == 8, n == 10, n == 12, n == 14:
		r.leb()
		r.leb()
	case n == 9, n == 11, n == 13, n >= 15 && n <= 17:
		r.leb()
	default:
		r.fail(fmt.Errorf("instruction 0xfc %d is not known here", n))
	}
}
