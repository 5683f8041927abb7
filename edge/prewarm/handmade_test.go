package prewarm

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// handmade is a small reactor that uses what Go's linker does not: a start
// function, variables of every type, a maximum for its memory, a data count.
//
//	(type $go (func)) (type $abi (func (param i64) (result i32)))
//	(import "fastly_abi" "init" (func (type $abi)))
//	(memory 1 3) (global ...) (start $start) (data (i32.const 1024) "hello, zeros")
//	$start   stores 1 at address 0
//	$init    calls fastly_abi.init and stores what it says plus 2 at 4, sets the variables, grows memory by a page
//	         and stores 3 in its last byte
//	$warmup  adds 10 to the byte at 0
//	$serve   adds 100 to the byte at 0
func handmade() *wasm.Module {
	code := func(text string) string { return string(rune(len(text)+1)) + "\x00" + text }
	bodies := "\x04" +
		code("\x41\x00\x41\x01\x36\x02\x00\x0b") +
		code("\x41\x04\x42\x01\x10\x00\x41\x02\x6a\x36\x02\x00"+
			"\x41\x7b\x24\x00"+
			"\x42\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f\x24\x01"+
			"\x43\x01\x00\xa0\x7f\x24\x02"+
			"\x44\x00\x00\x00\x00\x00\x00\x00\x80\x24\x03"+
			"\x41\x01\x40\x00\x1a"+
			"\x41\xff\xff\x07\x41\x03\x3a\x00\x00\x0b") +
		code("\x41\x00\x41\x00\x28\x02\x00\x41\x0a\x6a\x36\x02\x00\x0b") +
		code("\x41\x00\x41\x00\x28\x02\x00\x41\xe4\x00\x6a\x36\x02\x00\x0b")
	m := &wasm.Module{}
	for _, s := range []struct {
		id   wasm.SectionID
		body string
	}{
		{wasm.TypeSection, "\x02\x60\x00\x00\x60\x01\x7e\x01\x7f"},
		{wasm.ImportSection, "\x01\x0afastly_abi\x04init\x00\x01"},
		{wasm.FunctionSection, "\x04\x00\x00\x00\x00"},
		{wasm.MemorySection, "\x01\x01\x01\x03"},
		{wasm.GlobalSection, "\x05\x7f\x01\x41\x00\x0b\x7e\x01\x42\x00\x0b\x7d\x01\x43\x00\x00\x00\x00\x0b" +
			"\x7c\x01\x44\x00\x00\x00\x00\x00\x00\x00\x00\x0b\x7f\x00\x41\x07\x0b"},
		{wasm.ExportSection, "\x05\x0b_initialize\x00\x02\x06warmup\x00\x03\x05serve\x00\x04\x06memory\x02\x00\x05seven\x03\x04"},
		{wasm.StartSection, "\x01"},
		{wasm.DataCountSection, "\x01"},
		{wasm.CodeSection, bodies},
		{wasm.DataSection, "\x01\x00\x41\x80\x08\x0b\x0chello, zeros"},
	} {
		m = m.WithBody(s.id, []byte(s.body))
	}
	return m
}

func TestHandmadeSnapshot(t *testing.T) {
	out, rep, err := Module(context.Background(), handmade().Encode(), Options{Warmup: "warmup", NoRehearsal: true})
	require.NoError(t, err)
	require.Equal(t, 2, rep.MemoryPages)
	require.Equal(t, 4, rep.Globals)
	require.Equal(t, 3, rep.Segments)
	require.Equal(t, 5+12+1, rep.SegmentBytes)

	m, err := wasm.Parse(out)
	require.NoError(t, err)
	memories, err := m.Memories()
	require.NoError(t, err)
	require.Equal(t, []wasm.Limits{{Min: 2, Max: 3, HasMax: true}}, memories)
	exports, err := m.Exports()
	require.NoError(t, err)
	require.Equal(t, []wasm.Export{
		{Name: "_start", Kind: wasm.FuncKind, Index: 4}, {Name: "memory", Kind: wasm.MemoryKind},
		{Name: "seven", Kind: wasm.GlobalKind, Index: 4},
	}, exports)
	globals, err := m.Globals()
	require.NoError(t, err)
	var inits []string
	for _, g := range globals {
		inits = append(inits, string(g.Init))
	}
	require.Equal(t, []string{
		"\x41\x7b\x0b",
		"\x42\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f\x0b", // the least integer
		"\x43\x01\x00\xa0\x7f\x0b",                         // a signalling NaN with a payload
		"\x44\x00\x00\x00\x00\x00\x00\x00\x80\x0b",         // -0
		"\x41\x07\x0b",
	}, inits)
	start, err := m.Start()
	require.NoError(t, err)
	require.Nil(t, start)
	count, _ := m.Body(wasm.DataCountSection)
	require.Equal(t, []byte{3}, count)
}

func TestHandmadeRuns(t *testing.T) {
	ctx := context.Background()
	out, _, err := Module(ctx, handmade().Encode(), Options{Warmup: "warmup"})
	require.NoError(t, err)
	m := instantiate(t, out)
	require.Equal(t, "\x0b\x00\x00\x00\x02", string(peek(t, m, 0, 5)))
	_, err = m.ExportedFunction("_start").Call(ctx)
	require.NoError(t, err)
	require.Equal(t, "\x6f\x00\x00\x00\x02", string(peek(t, m, 0, 5)))
	require.Equal(t, "hello, zeros\x00", string(peek(t, m, 1024, 13)))
	require.Equal(t, "\x03", string(peek(t, m, 2*pageSize-1, 1)))
}

func peek(t testing.TB, m api.Module, at, n uint32) []byte {
	b, ok := m.Memory().Read(at, n)
	require.True(t, ok)
	return b
}

// instantiate runs nothing: _start is left to the caller.
func instantiate(t testing.TB, module []byte) api.Module {
	t.Helper()
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	t.Cleanup(func() { rt.Close(ctx) })
	r := &reactor{}
	var err error
	r.module, err = wasm.Parse(module)
	require.NoError(t, err)
	require.NoError(t, r.read())
	require.NoError(t, new(guest).definePlatform(ctx, rt, r))
	m, err := rt.InstantiateWithConfig(ctx, module, wazero.NewModuleConfig().WithStartFunctions())
	require.NoError(t, err)
	return m
}

func TestRefusals(t *testing.T) {
	section := func(id wasm.SectionID, body string) func(*wasm.Module) *wasm.Module {
		return func(m *wasm.Module) *wasm.Module { return m.WithBody(id, []byte(body)) }
	}
	export := func(name string, kind wasm.ExternKind, index uint32) func(*wasm.Module) *wasm.Module {
		return func(m *wasm.Module) *wasm.Module {
			exports, _ := m.Exports()
			return m.WithExports(append(exports, wasm.Export{Name: name, Kind: kind, Index: index}))
		}
	}
	without := func(id wasm.SectionID) func(*wasm.Module) *wasm.Module {
		return func(m *wasm.Module) *wasm.Module {
			return m.Without(func(s wasm.Section) bool { return s.ID == id })
		}
	}
	body := func(ops string) func(*wasm.Module) *wasm.Module {
		one := string(rune(len(ops)+1)) + "\x00" + ops
		return section(wasm.CodeSection, "\x04"+one+"\x02\x00\x0b\x02\x00\x0b\x02\x00\x0b")
	}
	for _, c := range []struct {
		name string
		edit func(*wasm.Module) *wasm.Module
		opt  Options
		code Code
		text string
	}{
		{name: "imported memory", edit: section(wasm.ImportSection, "\x01\x03env\x01m\x02\x00\x01"),
			code: Unsupported, text: `imports the memory "env"."m"`},
		{name: "imported table", edit: section(wasm.ImportSection, "\x01\x03env\x01t\x01\x70\x00\x01"),
			code: Unsupported, text: `imports the table "env"."t"`},
		{name: "imported global", edit: section(wasm.ImportSection, "\x01\x03env\x01g\x03\x7f\x00"),
			code: Unsupported, text: `imports the global "env"."g"`},
		{name: "imported tag", edit: section(wasm.ImportSection, "\x01\x03env\x01g\x04\x00\x00"),
			code: Unsupported, text: `imports the tag "env"."g"`},
		{name: "WASI that does not exist", edit: section(wasm.ImportSection, "\x01\x16wasi_snapshot_preview1\x04fork\x00\x01"),
			code: Unsupported, text: "wasi_snapshot_preview1.fork, which WASI preview 1 does not have"},
		{name: "WASI of another type", edit: section(wasm.ImportSection, "\x01\x16wasi_snapshot_preview1\x08fd_close\x00\x01"),
			code: Unsupported, text: "wasi_snapshot_preview1.fd_close with type (i64) -> (i32)"},
		{name: "no memory", edit: without(wasm.MemorySection), code: Unsupported, text: "0 memories"},
		{name: "a table without end", edit: section(wasm.TableSection, "\x01\x70\x00\x80\x80\x80\x40"),
			code: Unsupported, text: "table 0 begins with 134217728 elements"},
		{name: "tables without end", edit: section(wasm.TableSection, "\x02\x70\x00\x80\xad\xe2\x04\x6f\x00\x01"),
			code: Unsupported, text: "table 1 begins with 1 elements: engines have 10000000 in all tables"},
		{name: "tables announced", edit: section(wasm.TableSection, "\xff\xff\xff\x7f"),
			code: Malformed, text: "table section: 268435455 entries announced"},
		{name: "two memories", edit: section(wasm.MemorySection, "\x02\x00\x01\x00\x01"),
			code: Unsupported, text: "2 memories"},
		{name: "shared memory", edit: section(wasm.MemorySection, "\x01\x03\x01\x01"),
			code: Malformed, text: "memory section: limits of kind 0x03"},
		{name: "64-bit memory", edit: section(wasm.MemorySection, "\x01\x04\x01"),
			code: Malformed, text: "memory section: limits of kind 0x04"},
		{name: "too much memory", opt: Options{MaxPages: 1}, edit: section(wasm.MemorySection, "\x01\x00\x02"),
			code: Unsupported, text: "begins with 2 pages of memory: MaxPages is 1"},
		{name: "variable vector", code: Unsupported, text: "global 0 is a variable of type v128",
			edit: section(wasm.GlobalSection, "\x01\x7b\x01\xfd\x0c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0b")},
		{name: "variable reference", edit: section(wasm.GlobalSection, "\x01\x70\x01\xd0\x70\x0b"),
			code: Unsupported, text: "global 0 is a variable of type funcref"},
		{name: "table.set", edit: body("\x41\x00\xd0\x70\x26\x00\x0b"), code: Unsupported, text: "function 0 has the instruction table.set"},
		{name: "table.grow", edit: body("\xd0\x70\x41\x00\xfc\x0f\x00\x1a\x0b"), code: Unsupported, text: "table.grow"},
		{name: "memory.init", edit: body("\x41\x00\x41\x00\x41\x00\xfc\x08\x00\x00\x0b"), code: Unsupported, text: "memory.init"},
		{name: "data.drop", edit: body("\xfc\x09\x00\x0b"), code: Unsupported, text: "data.drop"},
		{name: "unknown opcode", edit: body("\x27\x0b"), code: Malformed, text: "unknown opcode 0x27"},
		{name: "invalid code", edit: body("\x6a\x0b"), code: Malformed, text: "the module is not valid"},
		{name: "command", edit: export("_start", wasm.FuncKind, 1), code: NotReactor, text: "exports _start"},
		{name: "neither", edit: section(wasm.ExportSection, "\x01\x05serve\x00\x04"), code: NotReactor, text: "exports no _initialize"},
		{name: "no entry", opt: Options{Entry: "handle"}, code: BadExport, text: `no function "handle": mark it with //go:wasmexport handle`},
		{name: "no warm-up", opt: Options{Warmup: "heat"}, code: BadExport, text: `no function "heat"`},
		{name: "entry is a memory", opt: Options{Entry: "memory"}, code: BadExport, text: `no function "memory"`},
		{name: "entry takes something", edit: export("abi", wasm.FuncKind, 0), opt: Options{Entry: "abi"},
			code: BadExport, text: `"abi" has type (i64) -> (i32): it must have () -> ()`},
		{name: "entry out of range", edit: export("abi", wasm.FuncKind, 5), opt: Options{Entry: "abi"},
			code: Malformed, text: `export "abi" is function 5, and there are 5`},
		{name: "other export out of range", edit: export("abi", wasm.FuncKind, 5), code: Malformed, text: "not valid"},
		{name: "name taken", edit: export("prewarm start", wasm.FuncKind, 1), code: Unsupported, text: "are taken"},
		{name: "name twice", edit: export("seven", wasm.FuncKind, 1), code: Malformed, text: "not valid"},
		{name: "type out of range", edit: section(wasm.FunctionSection, "\x04\x00\x00\x00\x02"),
			code: Malformed, text: "function 4 has type 2"},
		{name: "start out of range", edit: section(wasm.StartSection, "\x05"), code: Malformed, text: "function 5 of 5"},
		{name: "start takes something", edit: section(wasm.StartSection, "\x00"), code: Malformed,
			text: "function 0 of 5, with type (i64) -> (i32)"},
		{name: "data beyond memory", edit: section(wasm.DataSection, "\x01\x00\x41\x80\x80\x04\x0b\x01x"),
			code: Unsupported, text: "cannot be instantiated"},
		{name: "trap", edit: body("\x00\x0b"), code: GuestTrap, text: "unreachable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := handmade()
			if c.edit != nil {
				m = c.edit(m)
			}
			out, _, err := Module(context.Background(), m.Encode(), c.opt)
			require.Nil(t, out)
			var refused *Error
			require.ErrorAs(t, err, &refused)
			require.ErrorContains(t, err, c.text)
			require.Equal(t, c.code, refused.Code)
		})
	}
}

func TestBadOptions(t *testing.T) {
	for name, opt := range map[string]Options{
		"entry is _start":          {Entry: "_start"},
		"entry is _initialize":     {Entry: "_initialize"},
		"warm-up is _initialize":   {Warmup: "_initialize"},
		"entry is the warm-up":     {Warmup: "serve"},
		"too many pages":           {MaxPages: 65536},
		"absolute file":            {Files: map[string][]byte{"/sites.json": nil}},
		"file above":               {Files: map[string][]byte{"../sites.json": nil}},
		"file with a backslash":    {Files: map[string][]byte{`a\b`: nil}},
		"no file name":             {Files: map[string][]byte{"": nil}},
		"the directory itself":     {Files: map[string][]byte{".": nil}},
		"file that is a directory": {Files: map[string][]byte{"a": nil, "a/b": nil}},
		"no variable name":         {Env: map[string]string{"": "x"}},
		"= in a variable name":     {Env: map[string]string{"a=b": "x"}},
		"NUL in a variable":        {Env: map[string]string{"a": "x\x00y"}},
		"NUL in an argument":       {Args: []string{"\x00"}},
	} {
		t.Run(name, func(t *testing.T) {
			out, _, err := Module(context.Background(), handmade().Encode(), opt)
			require.Nil(t, out)
			var refused *Error
			require.ErrorAs(t, err, &refused)
			require.Equal(t, BadOption, refused.Code)
		})
	}
}
