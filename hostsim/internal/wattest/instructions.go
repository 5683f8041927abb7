package wattest

// op is an instruction: its opcode, and what follows it in the text. The
// immediates are: i and I a constant, l a local, g a global, f a function, b a
// label, t a list of labels, m an offset and an alignment (the letter's natural
// one is in align), x the type of an indirect call, z a memory or table that is
// always the first.
type op struct {
	code  []byte
	imm   byte
	align byte // power of two
}

func plain(code ...byte) op           { return op{code: code} }
func with(imm byte, code ...byte) op  { return op{code: code, imm: imm} }
func memory(code byte, align byte) op { return op{code: []byte{code}, imm: 'm', align: align} }

// ops has the instructions that tests have had a use for (WebAssembly core
// specification, section 5.4).
var ops = map[string]op{
	"unreachable": plain(0x00), "nop": plain(0x01), "else": plain(0x05), "end": plain(0x0b),
	"br": with('b', 0x0c), "br_if": with('b', 0x0d), "br_table": with('t', 0x0e), "return": plain(0x0f),
	"call": with('f', 0x10), "call_indirect": with('x', 0x11), "drop": plain(0x1a), "select": plain(0x1b),
	"local.get": with('l', 0x20), "local.set": with('l', 0x21), "local.tee": with('l', 0x22),
	"global.get": with('g', 0x23), "global.set": with('g', 0x24),
	"i32.load": memory(0x28, 2), "i64.load": memory(0x29, 3), "i32.load8_u": memory(0x2d, 0), "i32.load16_u": memory(0x2f, 1),
	"i32.store": memory(0x36, 2), "i64.store": memory(0x37, 3), "i32.store8": memory(0x3a, 0), "i32.store16": memory(0x3b, 1),
	"memory.size": with('z', 0x3f), "memory.grow": with('z', 0x40), "i32.const": with('i', 0x41), "i64.const": with('I', 0x42),
	"i32.eqz": plain(0x45), "i32.eq": plain(0x46), "i32.ne": plain(0x47), "i32.lt_s": plain(0x48), "i32.lt_u": plain(0x49),
	"i32.gt_s": plain(0x4a), "i32.gt_u": plain(0x4b), "i32.le_s": plain(0x4c), "i32.le_u": plain(0x4d), "i32.ge_s": plain(0x4e),
	"i32.ge_u": plain(0x4f), "i64.eqz": plain(0x50), "i32.add": plain(0x6a), "i32.sub": plain(0x6b), "i32.mul": plain(0x6c),
	"i32.div_s": plain(0x6d), "i32.div_u": plain(0x6e), "i32.rem_u": plain(0x70), "i32.and": plain(0x71), "i32.or": plain(0x72),
	"i32.xor": plain(0x73), "i32.shl": plain(0x74), "i32.shr_u": plain(0x76), "i64.add": plain(0x7c), "i32.wrap_i64": plain(0xa7),
	"i64.extend_i32_u": plain(0xad), "memory.copy": plain(0xfc, 10, 0, 0), "memory.fill": plain(0xfc, 11, 0),
	"table.grow": with('z', 0xfc, 15), "table.size": with('z', 0xfc, 16),
}

var valueTypes = map[string]byte{"i32": 0x7f, "i64": 0x7e, "f32": 0x7d, "f64": 0x7c, "funcref": 0x70}
