package wasm

// Access is an instruction that reads or writes memory, by one value at an
// address.
type Access struct {
	Op    Op
	Store bool
	Size  uint32  // in bytes
	Value ValType // that is loaded or stored
}

// Accesses are all instructions of WebAssembly 2.0 that load or store a number.
// Not among them are those of vectors, [OpMemoryCopy], [OpMemoryFill] and
// [OpMemoryInit].
var Accesses = []Access{
	{0x28, false, 4, I32}, {0x29, false, 8, I64}, {0x2a, false, 4, F32}, {0x2b, false, 8, F64},
	{0x2c, false, 1, I32}, {0x2d, false, 1, I32}, {0x2e, false, 2, I32}, {0x2f, false, 2, I32},
	{0x30, false, 1, I64}, {0x31, false, 1, I64}, {0x32, false, 2, I64}, {0x33, false, 2, I64},
	{0x34, false, 4, I64}, {0x35, false, 4, I64},
	{0x36, true, 4, I32}, {0x37, true, 8, I64}, {0x38, true, 4, F32}, {0x39, true, 8, F64},
	{OpI32Store8, true, 1, I32}, {0x3b, true, 2, I32},
	{0x3c, true, 1, I64}, {0x3d, true, 2, I64}, {0x3e, true, 4, I64},
}

// IsVector reports whether the opcode is one of 128-bit vectors.
func (op Op) IsVector() bool { return op>>16 == 0xfd }
