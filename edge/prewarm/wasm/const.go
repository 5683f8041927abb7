package wasm

import (
	"encoding/binary"
	"fmt"
)

// constant reads a constant expression, up to and with its end opcode.
func (d *decoder) constant() []byte {
	start := d.pos
	for d.err == nil {
		switch op := d.instruction(); op {
		case OpEnd:
			return d.b[start:d.pos:d.pos]
		case opBlock, OpLoop, opIf:
			// Without blocks the first end is the last, so nothing nests here.
			d.fail(start, "block in a constant expression")
		}
	}
	return nil
}

// Const returns the constant expression for a number of type t. Bits holds it
// as an engine keeps it: integers in two's complement, floats in IEEE 754, in
// the low 32 bits for the 32-bit types. Other types are an error.
func Const(t ValType, bits uint64) ([]byte, error) {
	var b []byte
	switch t {
	case I32:
		b = AppendSigned(append(b, byte(OpI32Const)), int64(int32(uint32(bits))))
	case I64:
		b = AppendSigned(append(b, byte(opI64Const)), int64(bits))
	case F32:
		b = binary.LittleEndian.AppendUint32(append(b, byte(opF32Const)), uint32(bits))
	case F64:
		b = binary.LittleEndian.AppendUint64(append(b, byte(opF64Const)), bits)
	default:
		return nil, fmt.Errorf("no constant expression for a number of type %s", t)
	}
	return append(b, byte(OpEnd)), nil
}
