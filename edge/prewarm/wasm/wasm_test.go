package wasm

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// small is a module with every section that this package decodes, and a few
// that it does not.
var small = string(header) +
	"\x00" + sized("\x04note123") +
	"\x01" + sized("\x02\x60\x00\x00\x60\x01\x7e\x01\x7f") +
	"\x02" + sized("\x05\x01e\x01f\x00\x01\x01e\x01t\x01\x70\x01\x01\x02\x01e\x01m\x02\x00\x01\x01e\x01g\x03\x7f\x01\x01e\x01x\x04\x00\x00") +
	"\x03\x82\x80\x80\x80\x00\x01\x00" + // the size in five bytes, as Go's linker writes it
	"\x04" + sized("\x01\x70\x00\x01") +
	"\x05" + sized("\x01\x01\x01\x80\x80\x04") +
	"\x0d" + sized("\x01\x00\x00") +
	"\x06" + sized("\x02\x7f\x01\x41\x7f\x0b\x7e\x00\x42\x00\x0b") +
	"\x07" + sized("\x02\x01f\x00\x01\x06memory\x02\x00") +
	"\x08" + sized("\x01") +
	"\x09" + sized("\x00") +
	"\x0c" + sized("\x01") +
	"\x0a" + sized("\x01\x05\x01\x01\x7f\x01\x0b") +
	"\x0b" + sized("\x01\x00\x41\x00\x0b\x01a") +
	"\x00" + sized("\x04name")

// sized puts the length, which must be below 128, before a section's body.
func sized(body string) string { return string(rune(len(body))) + body }

func parse(t testing.TB, b string) *Module {
	t.Helper()
	m, err := Parse([]byte(b))
	require.NoError(t, err)
	return m
}

func TestParseEncode(t *testing.T) {
	m := parse(t, small)
	require.Equal(t, small, string(m.Encode()))
	var names []string
	for _, s := range m.Sections {
		names = append(names, s.ID.String()+s.Name)
	}
	require.Equal(t, "customnote type import function table memory tag global export start element data count code data customname",
		strings.Join(names, " "))
	require.Equal(t, "section 14", SectionID(14).String())
}

func TestParseRefuses(t *testing.T) {
	const head = "\x00asm\x01\x00\x00\x00"
	for _, c := range []struct{ name, module, want string }{
		{"nothing", "", "not a WebAssembly module of version 1 at byte 0"},
		{"text", "(module)", "not a WebAssembly module"},
		{"a component", "\x00asm\x0d\x00\x01\x00", "not a WebAssembly module of version 1"},
		{"a section without size", head + "\x01", "unexpected end at byte 9"},
		{"a section that ends early", head + "\x01\x05\x00", "5 bytes announced, 1 left at byte 10"},
		{"a size beyond 32 bits", head + "\x01\xff\xff\xff\xff\x1f", "number is longer than 32 bits at byte 9"},
		{"a size that does not end", head + "\x01\x80\x80\x80\x80\x80\x00", "number is longer than 32 bits at byte 9"},
		{"an unknown section", head + "\x0e\x00", "unknown section 14 at byte 8"},
		{"a section twice", head + "\x01\x01\x00\x01\x01\x00", "type section after type section at byte 11"},
		{"sections out of order", head + "\x0a\x01\x00\x0c\x01\x00", "data count section after code section at byte 11"},
		{"a custom section without name", head + "\x00\x00", "custom section: unexpected end at byte 0"},
		{"a custom name that is too long", head + "\x00\x02\x02a", "custom section: 2 bytes announced, 1 left"},
		{"a custom name that is not UTF-8", head + "\x00\x02\x01\xff", `custom section: name "\xff" is not UTF-8`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := Parse([]byte(c.module))
			require.Nil(t, m)
			require.ErrorContains(t, err, c.want)
			var typed *Error
			require.ErrorAs(t, err, &typed)
		})
	}
}

func TestEntries(t *testing.T) {
	m := parse(t, small)
	types, err := m.Types()
	require.NoError(t, err)
	require.Equal(t, []FuncType{{[]ValType{}, []ValType{}}, {[]ValType{I64}, []ValType{I32}}}, types)
	require.Equal(t, "(i64) -> (i32)", types[1].String())
	require.Equal(t, "(i32, f64) -> ()", FuncType{Params: []ValType{I32, F64}}.String())
	imports, err := m.Imports()
	require.NoError(t, err)
	require.Equal(t, []Import{
		{"e", "f", FuncKind, 1}, {"e", "t", TableKind, 0}, {"e", "m", MemoryKind, 0}, {"e", "g", GlobalKind, 0}, {"e", "x", TagKind, 0},
	}, imports)
	funcs, err := m.Functions()
	require.NoError(t, err)
	require.Equal(t, []uint32{0}, funcs)
	memories, err := m.Memories()
	require.NoError(t, err)
	require.Equal(t, []Limits{{Min: 1, Max: 65536, HasMax: true}}, memories)
	globals, err := m.Globals()
	require.NoError(t, err)
	require.Equal(t, []Global{{I32, true, []byte("\x41\x7f\x0b")}, {I64, false, []byte("\x42\x00\x0b")}}, globals)
	exports, err := m.Exports()
	require.NoError(t, err)
	require.Equal(t, []Export{{"f", FuncKind, 1}, {"memory", MemoryKind, 0}}, exports)
	start, err := m.Start()
	require.NoError(t, err)
	require.EqualValues(t, 1, *start)
}

// What is decoded encodes to the bytes that it came from, where those are the
// shortest.
func TestEntriesEncode(t *testing.T) {
	m := parse(t, small)
	memories, _ := m.Memories()
	globals, _ := m.Globals()
	exports, _ := m.Exports()
	types, _ := m.Types()
	bodies, _ := m.Bodies()
	functions, _ := m.Functions()
	require.Equal(t, [][]byte{[]byte("\x01\x01\x7f\x01\x0b")}, bodies)
	again := m.WithMemories(memories).WithGlobals(globals).WithExports(exports).WithTypes(types).WithBodies(bodies).
		WithData([]Segment{{Bytes: []byte("a")}})
	require.Equal(t, small, string(again.Encode()))
	require.Equal(t, small, string(m.Encode()), "the first module stays as it was")
	got, err := m.WithFunctions(functions).Functions() // small writes the section's size in five bytes
	require.NoError(t, err)
	require.Equal(t, functions, got)
}

func TestAbsentSections(t *testing.T) {
	m := parse(t, string(header))
	exports, err := m.Exports()
	require.NoError(t, err)
	require.Empty(t, exports)
	start, err := m.Start()
	require.NoError(t, err)
	require.Nil(t, start)
	require.NoError(t, m.EachOp(func(int, Op) error { return errors.New("no code, no call") }))
}

func TestWithBodyFindsThePlace(t *testing.T) {
	m := parse(t, small)
	for _, id := range sectionOrder {
		body, _ := m.Body(id)
		bare := m.Without(func(s Section) bool { return s.ID == id })
		require.Len(t, bare.Sections, len(m.Sections)-1)
		again := parse(t, string(bare.WithBody(id, body).Encode()))
		require.Equal(t, len(m.Sections), len(again.Sections))
	}
	none := parse(t, string(header)).WithBody(DataSection, []byte{0}).WithBody(TypeSection, []byte{0})
	require.Equal(t, string(header)+"\x01\x01\x00\x0b\x01\x00", string(none.Encode()))
}

func TestWithData(t *testing.T) {
	m := parse(t, small).WithData([]Segment{{Offset: 64, Bytes: []byte("ab")}, {Offset: 0xffff_0000, Bytes: make([]byte, 200)}})
	data, _ := m.Body(DataSection)
	require.Equal(t, "\x02\x00\x41\xc0\x00\x0b\x02ab\x00\x41\x80\x80\x7c\x0b\xc8\x01"+string(make([]byte, 200)), string(data))
	count, _ := m.Body(DataCountSection)
	require.Equal(t, []byte{2}, count)
}

func TestEntriesRefuse(t *testing.T) {
	types := func(m *Module) error { _, err := m.Types(); return err }
	imports := func(m *Module) error { _, err := m.Imports(); return err }
	memories := func(m *Module) error { _, err := m.Memories(); return err }
	globals := func(m *Module) error { _, err := m.Globals(); return err }
	exports := func(m *Module) error { _, err := m.Exports(); return err }
	start := func(m *Module) error { _, err := m.Start(); return err }
	code := func(m *Module) error { return m.EachOp(func(int, Op) error { return nil }) }
	for _, c := range []struct {
		name   string
		id     SectionID
		body   string
		decode func(*Module) error
		want   string
	}{
		{"nothing", TypeSection, "", types, "type section: unexpected end at byte 0"},
		{"a structure", TypeSection, "\x01\x5f\x00", types, "type of form 0x5f is not a function at byte 1"},
		{"an unknown type", TypeSection, "\x01\x60\x01\x01\x00", types, "unknown value type 0x01 at byte 3"},
		{"too many types", TypeSection, "\xff\xff\xff\xff\x0f\x60", types, "4294967295 entries announced in 1 bytes"},
		{"bytes left over", TypeSection, "\x00\x00", types, "1 bytes left over at byte 1"},
		{"an unknown import", ImportSection, "\x01\x01e\x01f\x05", imports, `import "e"."f" of unknown kind 5`},
		{"half an import", ImportSection, "\x01\x01e", imports, "unexpected end"},
		{"a shared memory", MemorySection, "\x01\x03\x01\x01", memories, "limits of kind 0x03 (shared or 64-bit) at byte 1"},
		{"a global that is neither", GlobalSection, "\x01\x7f\x02\x41\x00\x0b", globals, "flag is 0x02, not 0 or 1"},
		{"a global without end", GlobalSection, "\x01\x7f\x00\x41\x00", globals, "unexpected end"},
		{"a block in a global", GlobalSection, "\x01\x7f\x00\x02\x7f\x0b\x0b", globals, "block in a constant expression"},
		{"half an export", ExportSection, "\x01\x01a\x00", exports, "unexpected end"},
		{"two starts", StartSection, "\x00\x00", start, "start section: 1 bytes left over"},
		{"a body that is too long", CodeSection, "\x01\x05\x00\x0b", code, "5 bytes announced, 2 left"},
		{"a body without end", CodeSection, "\x01\x02\x00\x01", code, "function 0 does not end"},
		{"a body without anything", CodeSection, "\x01\x01\x00", code, "function 0 does not end"},
		{"an opcode cut off", CodeSection, "\x01\x03\x00\x41\x80\x0b", code, "unexpected end"},
		{"another memory", CodeSection, "\x01\x06\x00\x28\x42\x01\x00\x0b", code, "memory access of alignment 2^66"},
		{"an unknown prefix", CodeSection, "\x01\x04\x00\xfb\x00\x0b", code, "unknown opcode 0xfb at byte 3"},
		{"an unknown bulk operation", CodeSection, "\x01\x04\x00\xfc\x12\x0b", code, "unknown opcode 0xfc0012"},
		{"i32 beyond 32 bits", CodeSection, "\x01\x08\x00\x41\xff\xff\xff\xff\x0f\x0b", code, "number is longer than 32 bits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.decode((&Module{}).WithBody(c.id, []byte(c.body)))
			require.ErrorContains(t, err, c.want)
		})
	}
}

// Every kind of immediate is stepped over exactly: the opcode after it is the
// one that comes next.
func TestEachOp(t *testing.T) {
	for name, op := range map[string]string{
		"none":             "\x01",
		"block":            "\x02\x40",
		"block of a type":  "\x02\x80\x80\x80\x80\x08", // type index 2^31, which fits in 33 bits
		"branch":           "\x0c\x80\x01",
		"branch table":     "\x0e\x02\x00\x01\x02",
		"call":             "\x10\x05",
		"indirect call":    "\x11\x05\x00",
		"tail call":        "\x12\x05",
		"select":           "\x1c\x02\x7f\x7e",
		"load":             "\x28\x02\x80\x80\x80\x80\x08",
		"memory.grow":      "\x40\x00",
		"i32.const":        "\x41\x80\x80\x80\x80\x78",
		"i64.const":        "\x42\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00",
		"f32.const":        "\x43\x0b\x0b\x0b\x0b",
		"f64.const":        "\x44\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b",
		"sign extension":   "\xc4",
		"ref.null":         "\xd0\x70",
		"ref.func":         "\xd2\x01",
		"saturation":       "\xfc\x07",
		"memory.copy":      "\xfc\x0a\x00\x00",
		"memory.fill":      "\xfc\x0b\x00",
		"table.size":       "\xfc\x10\x00",
		"v128.load":        "\xfd\x00\x04\x10",
		"v128.const":       "\xfd\x0c0123456789abcdef",
		"lane":             "\xfd\x15\x0b",
		"v128.load32_lane": "\xfd\x56\x02\x00\x03",
		"v128.load32_zero": "\xfd\x5c\x02\x00",
		"i32x4.add":        "\xfd\xae\x01",
	} {
		t.Run(name, func(t *testing.T) {
			ends := 1
			if strings.HasPrefix(name, "block") {
				ends = 2
			}
			text := "\x01\x03\x7f" + op + "\x1a" + strings.Repeat("\x0b", ends)
			m := (&Module{}).WithBody(CodeSection, []byte("\x01"+string(rune(len(text)))+text))
			var ops []Op
			require.NoError(t, m.EachOp(func(fn int, op Op) error {
				require.Zero(t, fn)
				ops = append(ops, op)
				return nil
			}))
			require.Len(t, ops, 2+ends)
			require.Equal(t, []Op{0x1a, OpEnd}, ops[1:3])
			var read []Instruction
			locals, err := EachInstruction([]byte(text), func(in Instruction) { read = append(read, in) })
			require.NoError(t, err)
			require.Equal(t, "\x01\x03\x7f", string(locals))
			require.Len(t, read, 2+ends)
			require.Equal(t, ops[0], read[0].Op)
			require.Equal(t, op, string(read[0].Bytes))
		})
	}
}

func TestEachOpStops(t *testing.T) {
	m := (&Module{}).WithBody(CodeSection, []byte("\x02\x02\x00\x0b\x05\x00\xfc\x09\x00\x0b"))
	stop := errors.New("stop")
	err := m.EachOp(func(fn int, op Op) error {
		if op == OpDataDrop {
			require.Equal(t, 1, fn)
			require.Equal(t, "data.drop", op.Name())
			return stop
		}
		require.Empty(t, op.Name())
		return nil
	})
	require.ErrorIs(t, err, stop)
}

func TestEachInstruction(t *testing.T) {
	var offsets []uint32
	_, err := EachInstruction([]byte("\x00\x28\x02\x80\x01\x36\x00\x07\x0b"), func(in Instruction) { offsets = append(offsets, in.Offset) })
	require.NoError(t, err)
	require.Equal(t, []uint32{128, 7}, offsets[:2])
	for text, want := range map[string]string{
		"":                     "function body section: unexpected end at byte 0",
		"\x01\x03":             "unexpected end at byte 2",
		"\x00\x28\x02":         "unexpected end at byte 3",
		"\x00\xff":             "unknown opcode 0xff at byte 1",
		"\x00\x41\x00\x10\x80": "unexpected end at byte 5",
	} {
		_, err := EachInstruction([]byte(text), func(Instruction) {})
		require.ErrorContains(t, err, want, "%q", text)
	}
}

func TestWithImports(t *testing.T) {
	list := []Import{{Module: "e", Name: "f", Type: 1}, {Module: "", Name: "é", Type: 300}}
	got, err := parse(t, small).WithImports(list).Imports()
	require.NoError(t, err)
	require.Equal(t, list, got)
}

func TestFunctionNames(t *testing.T) {
	read := func(body string) (map[uint32]string, error) {
		return (&Module{}).With(Custom("name", []byte(body))).FunctionNames()
	}
	names, err := read("\x00\x02\x01m" + "\x01\x08\x02\x00\x01f\x80\x01\x01g" + "\x02\x01\x00")
	require.NoError(t, err)
	require.Equal(t, map[uint32]string{0: "f", 128: "g"}, names)
	names, err = parse(t, string(header)).FunctionNames()
	require.NoError(t, err)
	require.Empty(t, names)
	for _, body := range []string{"\x01", "\x01\x05\x01", "\x01\x02\x01\x00", "\x01\x04\x01\x00\x01\xff"} {
		_, err := read(body)
		require.Error(t, err, "%q", body)
	}
}

func TestWithFunctionName(t *testing.T) {
	section := func(body string) *Module { return (&Module{}).With(Custom("name", []byte(body))) }
	m := section("\x00\x02\x01m" + "\x01\x08\x02\x00\x01f\x80\x01\x01g" + "\x02\x01\x00")
	named := m.WithFunctionName(300, "h")
	names, err := named.FunctionNames()
	require.NoError(t, err)
	require.Equal(t, map[uint32]string{0: "f", 128: "g", 300: "h"}, names)
	body, _ := named.Custom("name")
	require.Equal(t, "\x00\x02\x01m"+"\x01\x0c\x03\x00\x01f\x80\x01\x01g\xac\x02\x01h"+"\x02\x01\x00", string(body))
	names, err = m.FunctionNames()
	require.NoError(t, err)
	require.Len(t, names, 2, "the receiver stays as it is")
	for _, body := range []string{"", "\x00\x02\x01m", "\x01", "\x01\x01\x80", "\x01\x01\x00\x01\x01\x00"} {
		m := section(body)
		require.Equal(t, m.Encode(), m.WithFunctionName(7, "h").Encode(), "%q", body)
	}
	m = parse(t, string(header))
	require.Equal(t, m.Encode(), m.WithFunctionName(7, "h").Encode())
}

func TestNumbers(t *testing.T) {
	for _, v := range []uint32{0, 1, 127, 128, 1 << 14, math.MaxInt32, math.MaxUint32} {
		for width := range 6 {
			d := &decoder{b: appendPadded(nil, v, width)}
			require.GreaterOrEqual(t, len(d.b), width)
			require.Equal(t, v, d.u32())
			require.NoError(t, d.end())
		}
	}
	for _, v := range []int64{0, 1, -1, 63, 64, -64, -65, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64} {
		d := &decoder{b: AppendSigned(nil, v)}
		require.Equal(t, v, d.signed(64))
		require.NoError(t, d.end())
		d = &decoder{b: AppendSigned(nil, v)}
		require.Equal(t, v == int64(int32(v)), d.signed(32) == v && d.end() == nil, "%d in 32 bits", v)
	}
}

func TestConst(t *testing.T) {
	for _, c := range []struct {
		typ  ValType
		bits uint64
		want string
	}{
		{I32, 0xffff_ffff, "\x41\x7f\x0b"},
		{I64, 1 << 63, "\x42\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f\x0b"},
		{F32, 0x7fa0_0001, "\x43\x01\x00\xa0\x7f\x0b"},
		{F64, 1 << 63, "\x44\x00\x00\x00\x00\x00\x00\x00\x80\x0b"},
	} {
		got, err := Const(c.typ, c.bits)
		require.NoError(t, err)
		require.Equal(t, c.want, string(got))
	}
	_, err := Const(V128, 0)
	require.ErrorContains(t, err, "v128")
	_, err = Const(ValType(1), 0)
	require.ErrorContains(t, err, "type 0x01")
}

// FuzzParse: what is parsed encodes to the same bytes, and what is decoded says
// the same after encoding.
func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add(header)
	f.Add([]byte(small)[:len(small)-8])
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			var typed *Error
			require.ErrorAs(t, err, &typed)
			return
		}
		require.Equal(t, b, m.Encode())
		again := m
		if v, err := m.Memories(); err == nil {
			again = again.WithMemories(v)
		}
		if v, err := m.Globals(); err == nil {
			again = again.WithGlobals(v)
		}
		if v, err := m.Exports(); err == nil {
			again = again.WithExports(v)
		}
		if v, err := m.Types(); err == nil {
			again = again.WithTypes(v)
		}
		if v, err := m.Functions(); err == nil {
			again = again.WithFunctions(v)
		}
		if v, err := m.Bodies(); err == nil {
			again = again.WithBodies(v)
			for _, body := range v {
				read := 0
				locals, err := EachInstruction(body, func(in Instruction) { read += len(in.Bytes) })
				require.True(t, err != nil || len(locals)+read == len(body))
			}
		}
		_, _ = m.FunctionNames()
		again, err = Parse(again.Encode())
		require.NoError(t, err)
		same(t, m.Memories, again.Memories)
		same(t, m.Globals, again.Globals)
		same(t, m.Exports, again.Exports)
		same(t, m.Types, again.Types)
		same(t, m.Imports, again.Imports)
		same(t, m.Functions, again.Functions)
		same(t, m.Bodies, again.Bodies)
		ops := 0
		if m.EachOp(func(int, Op) error { ops++; return nil }) == nil {
			require.LessOrEqual(t, ops, len(b))
		}
		require.Equal(t, m.Check() == nil, again.Check() == nil)
	})
}

func same[T any](t *testing.T, a, b func() ([]T, error)) {
	x, errX := a()
	y, errY := b()
	require.Equal(t, errX, errY)
	if errX == nil {
		require.Equal(t, x, y)
	}
}

func TestDataIsReadAsItWasWritten(t *testing.T) {
	want := []Segment{{Bytes: []byte("a")}, {Offset: 1 << 31, Bytes: []byte{}}, {Offset: 0xFFFFFFFF, Bytes: []byte("end")}}
	for _, m := range []*Module{{}, (&Module{}).WithBody(DataCountSection, []byte{9})} {
		again, err := Parse(m.WithData(want).Encode())
		require.NoError(t, err)
		got, err := again.Data()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	none, err := (&Module{}).Data()
	require.NoError(t, err)
	require.Empty(t, none)
}

// TestDataCountThatIsWrong: engines differ in what they make of one.
func TestDataCountThatIsWrong(t *testing.T) {
	m := (&Module{}).WithData([]Segment{{Bytes: []byte("a")}})
	for body, want := range map[string]string{
		"":         "unexpected end",
		"\x02":     "2 data segments announced, 1 there",
		"\x01\x00": "1 bytes left over",
	} {
		counted := m.WithBody(DataCountSection, []byte(body))
		_, err := counted.AllData()
		require.ErrorContains(t, err, want)
		_, err = counted.Data()
		require.ErrorContains(t, err, want)
	}
	_, err := (&Module{}).WithBody(DataCountSection, nil).AllData()
	require.ErrorContains(t, err, "unexpected end")
}

func TestDataThatLiesNowhereCertain(t *testing.T) {
	for name, body := range map[string]string{
		"passive":             "\x01\x01\x00",
		"of another memory":   "\x01\x02\x00\x41\x00\x0b\x00",
		"at a global":         "\x01\x00\x23\x00\x0b\x00",
		"at a sum":            "\x01\x00\x41\x00\x41\x00\x6a\x0b\x00",
		"shorter than it was": "\x01\x00\x41\x00\x0b\x05abc",
		"more than announced": "\x01\x00\x41\x00\x0b\x01abc",
	} {
		_, err := (&Module{}).WithBody(DataSection, []byte(body)).Data()
		var typed *Error
		require.ErrorAs(t, err, &typed, name)
		require.Equal(t, "data", typed.Section)
	}
}

func TestAllDataReadsEveryKind(t *testing.T) {
	body := "\x03" + "\x00\x41\x10\x0b\x01a" + "\x01\x02bc" + "\x02\x01\x41\x7f\x0b\x01d"
	got, err := (&Module{}).WithBody(DataSection, []byte(body)).AllData()
	require.NoError(t, err)
	require.Equal(t, []DataSegment{
		{Segment: Segment{Offset: 16, Bytes: []byte("a")}},
		{Segment: Segment{Bytes: []byte("bc")}, Passive: true},
		{Segment: Segment{Offset: 1<<32 - 1, Bytes: []byte("d")}, Explicit: true},
	}, got)
	for _, body := range []string{"\x01\x03\x00", "\x01\x00\x23\x00\x0b\x00", "\x01\x01\x05abc"} {
		_, err := (&Module{}).WithBody(DataSection, []byte(body)).AllData()
		var typed *Error
		require.ErrorAs(t, err, &typed)
	}
}

func TestCustom(t *testing.T) {
	m := (&Module{}).With(Custom("a", []byte("1")), Custom("b", nil), Custom("a", []byte("2")))
	again, err := Parse(m.Encode())
	require.NoError(t, err)
	body, ok := again.Custom("a")
	require.True(t, ok)
	require.Equal(t, "1", string(body))
	body, ok = again.Custom("b")
	require.True(t, ok)
	require.Empty(t, body)
	_, ok = again.Custom("c")
	require.False(t, ok)
}
