package meter

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/clickedge/clickedge/hostsim/internal/wattest"

	"github.com/clickedge/clickedge/hostsim/internal/wasmbin"
)

var errStopped = errors.New("stopped on purpose")

// guest is a metered module and how often it has ticked.
type guest struct {
	api.Module
	ticks int
	limit int         // of ticks; 0: none
	zeros [][3]uint32 // the arguments of zero
}

func start(t testing.TB, module []byte, turns int32, limit int) *guest {
	t.Helper()
	rewritten, err := Rewrite(module, turns)
	require.NoError(t, err)
	ctx := context.Background()
	rt := wazero.NewRuntime(ctx)
	t.Cleanup(func() { rt.Close(ctx) })
	g := &guest{limit: limit}
	_, err = rt.NewHostModuleBuilder(Module).NewFunctionBuilder().WithFunc(func() {
		if g.ticks++; g.ticks == g.limit {
			panic(errStopped)
		}
	}).Export(Tick).NewFunctionBuilder().WithFunc(func(from, value, n uint32) (uint32, uint32, uint32) {
		g.zeros = append(g.zeros, [3]uint32{from, value, n})
		return from + 1, value, n - 1 // the host may leave what it likes
	}).Export(Zero).Instantiate(ctx)
	require.NoError(t, err)
	g.Module, err = rt.InstantiateWithConfig(ctx, rewritten, wazero.NewModuleConfig().WithStartFunctions())
	require.NoError(t, err)
	return g
}

func assemble(t testing.TB, text string) []byte {
	t.Helper()
	module, err := wattest.Assemble(text)
	require.NoError(t, err)
	return module
}

// What never ends is stopped, and what ends computes what it did.
func TestStops(t *testing.T) {
	cases := map[string]string{
		"a loop":            `(func (export "f") (loop $again (br $again)))`,
		"loops in a callee": `(func $g (loop $again (br $again))) (func (export "f") (call $g))`,
		"a recursion": `(func $g (param i32) (if (local.get 0) (then
			(call $g (i32.sub (local.get 0) (i32.const 1))) (call $g (i32.sub (local.get 0) (i32.const 1))))))
			(func (export "f") (call $g (i32.const 100)))`,
		"a recursion through the table": `(table 2 funcref) (elem (i32.const 0) $g) (func $g (param i32) (if (local.get 0) (then
			(call_indirect 0 (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))
			(call_indirect 0 (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))))
			(func (export "f") (call $g (i32.const 100)))`,
		"a loop of copies":    `(memory 1) (func (export "f") (loop $again (memory.copy (i32.const 0) (i32.const 8) (i32.const 60000)) (br $again)))`,
		"a loop at the start": `(start $s) (func $s) (func (export "f") (loop $again (br $again)))`,
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			g := start(t, assemble(t, "(module "+text+")"), 1000, 3)
			_, err := g.ExportedFunction("f").Call(context.Background())
			require.ErrorIs(t, err, errStopped)
		})
	}
}

// Functions that call each other twice, without a recursion: as long as one.
func TestStopsAChain(t *testing.T) {
	text := "(module (func $f0)"
	for _, step := range []string{"f1 f0", "f2 f1", "f3 f2", "f4 f3", "f5 f4", "f6 f5", "f7 f6", "f8 f7", "f9 f8"} {
		for _, part := range []string{"x", "y", "z"} {
			text += "(func $" + step[:2] + part + " (call $" + step[3:] + suffix(step[3:], part) + ") (call $" + step[3:] + suffix(step[3:], part) + "))"
		}
	}
	text += `(func (export "f") (call $f9x) (call $f9y) (call $f9z)))`
	g := start(t, assemble(t, text), 100, 3)
	_, err := g.ExportedFunction("f").Call(context.Background())
	require.ErrorIs(t, err, errStopped)
}

func suffix(name, part string) string {
	if name == "f0" {
		return ""
	}
	return part
}

const sums = `(module
  (memory 1)
  (global $total (mut i32) (i32.const 0))
  (table 2 funcref)
  (elem (i32.const 1) $add)
  (start $begin)
  (func $begin (global.set $total (i32.const 100)))
  (func $add (param i32) (result i32) (local i64 i32) (global.set $total (i32.add (global.get $total) (local.get 0))) (global.get $total))
  (func (export "sum") (param $n i32) (result i32) (local $i i32)
    (loop $again
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (drop (call_indirect 1 (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (global.get $total))
  (func (export "fill") (param $n i32) (result i32)
    (memory.fill (i32.const 0) (i32.const 7) (local.get $n))
    (loop $once (nop))
    (i32.load8_u (i32.const 9))))`

func TestCounts(t *testing.T) {
	g := start(t, assemble(t, sums), 10, 0)
	results, err := g.ExportedFunction("sum").Call(context.Background(), 1000)
	require.NoError(t, err)
	require.EqualValues(t, 100+1000*1001/2, results[0])
	require.Equal(t, 100, g.ticks, "a tick for ten turns")
	g.ticks = 0
	results, err = g.ExportedFunction("fill").Call(context.Background(), 60_000)
	require.NoError(t, err)
	require.EqualValues(t, 7, results[0])
	require.Equal(t, 1, g.ticks, "bytes that are filled count")
}

const fills = `(module (memory 2)
  (table 1 funcref) (elem (i32.const 0) $fill)
  (func $fill (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "byte") (param i32) (result i32) (i32.load8_u (local.get 0))))`

// Of what is filled, much is left to the host, and the rest is done as before.
func TestLeavesMuchToTheHost(t *testing.T) {
	g := start(t, assemble(t, fills), Turns, 0)
	ctx := context.Background()
	fill := func(from, value, n uint64) error {
		_, err := g.ExportedFunction("fill").Call(ctx, from, value, n)
		return err
	}
	at := func(place uint64) uint64 {
		results, err := g.ExportedFunction("byte").Call(ctx, place)
		require.NoError(t, err)
		return results[0]
	}
	require.NoError(t, fill(10, 5, Much-1))
	require.Empty(t, g.zeros)
	require.Equal(t, []uint64{0, 5, 5, 0}, []uint64{at(9), at(10), at(Much + 8), at(Much + 9)})
	require.NoError(t, fill(0, 0, Much))
	require.NoError(t, fill(100, 7, Much+1))
	require.Equal(t, [][3]uint32{{0, 0, Much}, {100, 7, Much + 1}}, g.zeros)
	require.Equal(t, []uint64{0, 0, 7, 7, 0}, []uint64{at(0), at(100), at(101), at(Much + 100), at(Much + 101)}, "the stand-in left out one byte")
	g.zeros = nil
	require.ErrorContains(t, fill(2<<16-Much+2, 0, Much), "out of bounds", "the stand-in has made one byte of it less")
	require.ErrorContains(t, fill(0, 0, 0xffffffff), "out of bounds")
	require.Len(t, g.zeros, 2)
}

// compiles reports whether an engine takes a module.
func compiles(module []byte) bool {
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer rt.Close(ctx)
	_, err := rt.CompileModule(ctx, module)
	return err == nil
}

// takes is compiles for a module that is not ours. wazero panics on some that
// are not valid, which is no valid module for us to keep so.
func takes(module []byte) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return compiles(module)
}

// plain is a module without custom sections, on which it does not depend
// whether it is valid: but wazero refuses names that it cannot read, and makes
// room for as many as are announced.
func plain(wasm []byte) []byte {
	r := &wasmbin.Reader{Bytes: wasm, At: preambleSize}
	out := bytes.Clone(wasm[:preambleSize])
	for r.More() {
		if id, content := r.Byte(), r.Vector(); id != customSection {
			out = wasmbin.AppendVector(append(out, id), content)
		}
	}
	return out
}

// A module that an engine takes is metered, and taken then.
func requireMetered(t testing.TB, wasm []byte) {
	t.Helper()
	rewritten, err := Rewrite(wasm, Turns)
	if wasmbin.Check(wasm) != nil || !takes(plain(wasm)) {
		return
	}
	if err == nil {
		require.True(t, compiles(rewritten), "%x", wasm)
		return
	}
	m := &module{}
	m.survey(wasm)
	require.True(t, len(m.types) == 0 || m.ticks, "%x: %v", wasm, err)
}

func modules(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("../../testdata/adversarial/*.wat")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	all := map[string][]byte{"sums": assemble(t, sums), "fills": assemble(t, fills)}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		all[filepath.Base(file)] = assemble(t, string(text))
	}
	return all
}

func TestModules(t *testing.T) {
	for name, module := range modules(t) {
		t.Run(name, func(t *testing.T) {
			requireMetered(t, module)
			for n := range module { // half of it, and each byte another
				Rewrite(module[:n], Turns)
				changed := bytes.Clone(module)
				changed[n] ^= 0x15
				requireMetered(t, changed)
			}
		})
	}
}

func FuzzRewrite(f *testing.F) {
	for _, module := range modules(f) {
		f.Add(module)
	}
	f.Add(everyForm)
	f.Fuzz(func(t *testing.T, module []byte) {
		if len(module) < 1<<12 {
			requireMetered(t, module)
		}
	})
}

// everyForm has each form of an element segment, a reference in a global, a
// function that is named, a count of data, and each kind of immediate.
var everyForm = sections(
	"\x01\x05\x01\x60\x01\x7f\x01\x7f", // (func (param i32) (result i32))
	"\x02\x08\x01\x01m\x01f\x00\x00",   // an import
	"\x03\x03\x02\x00\x00",
	"\x04\x04\x01\x70\x00\x08",
	"\x05\x03\x01\x00\x01",
	"\x06\x0b\x02\x70\x00\xd2\x01\x0b\x7f\x01\x41\x07\x0b",
	"\x07\x05\x01\x01f\x00\x02",
	"\x09\x00"+
		"\x08"+
		"\x00\x41\x00\x0b\x01\x01"+ // active
		"\x01\x00\x01\x02"+ // passive
		"\x02\x00\x41\x01\x0b\x00\x01\x00"+ // active, with a table
		"\x03\x00\x01\x01"+ // declarative
		"\x04\x41\x02\x0b\x01\xd2\x02\x0b"+ // active, expressions
		"\x05\x70\x02\xd0\x70\x0b\xd2\x01\x0b"+ // passive, expressions
		"\x06\x00\x41\x03\x0b\x70\x01\xd2\x01\x0b"+ // active, with a table
		"\x07\x70\x01\xd2\x02\x0b", // declarative
	"\x0c\x01\x01",
	"\x0a\x00\x02"+codeOf("\x01\x01\x7e"+ // a local
		"\x02\x40\x03\x40\x0c\x01\x0b\x0b"+ // block, loop, br
		"\x20\x00\x04\x7f\x41\x01\x05\x41\x02\x0b\x1a"+ // if, else
		"\xd2\x01\x1a\xd0\x70\xd1\x1a"+ // ref.func, ref.null, ref.is_null
		"\x43\x00\x00\x80\x3f\xfc\x00\x1a"+ // f32.const, i32.trunc_sat_f32_s
		"\x44\x00\x00\x00\x00\x00\x00\x00\x00\x1a"+
		"\x41\x00\x41\x00\x41\x00\xfc\x08\x00\x00"+ // memory.init
		"\xfc\x09\x00"+ // data.drop
		"\x41\x00\x41\x00\x41\x00\xfc\x0b\x00"+ // memory.fill
		"\x41\x00\x41\x00\x41\x00\xfc\x0c\x01\x00"+ // table.init
		"\xfc\x0d\x01"+ // elem.drop
		"\x41\x00\x41\x00\x41\x00\xfc\x0e\x00\x00"+ // table.copy
		"\x41\x00\xd0\x70\x41\x00\xfc\x11\x00"+ // table.fill
		"\xd0\x70\x41\x00\xfc\x0f\x00\x1a\xfc\x10\x00\x1a"+ // table.grow, table.size
		"\x41\x00\x25\x00\x1a\x41\x00\xd0\x70\x26\x00"+ // table.get, table.set
		"\x20\x00\x20\x00\x20\x00\x1c\x01\x7f\x1a"+ // select with a type
		"\xfd\x0c\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\xfd\x15\x03\x1a"+ // v128.const, extract_lane
		"\x41\x00\xfd\x00\x04\x00\x1a"+ // v128.load
		"\x41\x00\xfd\x0c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xfd\x54\x00\x00\x01\x1a"+ // load8_lane
		"\x20\x00\x10\x00\x10\x02\x10\x02\x0b")+ // calls
		codeOf("\x00\x20\x00\x41\x00\x11\x00\x00\x0b"),
	"\x0b\x04\x01\x01\x01a",
	"\x00\x00\x04name\x01\x07\x01\x02\x04last\x02\x07\x01\x01\x01\x01\x02lo",
)

// sections puts sections together; their lengths, the second byte, are filled
// in.
func sections(list ...string) []byte {
	module := []byte("\x00asm\x01\x00\x00\x00")
	for _, s := range list {
		module = wasmbin.AppendVector(append(module, s[0]), []byte(s[2:]))
	}
	return module
}

func codeOf(code string) string { return string(wasmbin.AppendVector(nil, []byte(code))) }

func TestEveryForm(t *testing.T) {
	require.True(t, compiles(everyForm), "the module itself is sound")
	rewritten, err := Rewrite(everyForm, 5)
	require.NoError(t, err)
	require.True(t, compiles(rewritten))
	require.NoError(t, wasmbin.Check(rewritten))
	require.Contains(t, string(rewritten), "\x01\x04\x04last", "a name follows its function")
	ctx := context.Background()
	rt := wazero.NewRuntime(ctx)
	defer rt.Close(ctx)
	compiled, err := rt.CompileModule(ctx, rewritten)
	require.NoError(t, err)
	require.Equal(t, "last", compiled.ExportedFunctions()["f"].Name())
}

// Names that cannot be read decide about no module: they are left out.
func TestNamesThatCannotBeRead(t *testing.T) {
	for name, parts := range map[string]string{
		"names announced":          "\x01\x05\xff\xff\xff\xff\x0f",
		"locals announced":         "\x02\x07\x01\x00\xff\xff\xff\xff\x0f",
		"a part that is longer":    "\x01\x05\x01\x00\x01a\x00",
		"a part that is shorter":   "\x01\x03\x01\x00\x01a",
		"the module's, too long":   "\x00\x02\x05a",
		"a function's of no text":  "\x01\x04\x01\x00\x01\xff",
		"a local's of no text":     "\x02\x06\x01\x00\x01\x00\x01\xff",
		"a part over the section":  "\x04\x09",
		"a part without a length":  "\x01",
		"twice, both can be read ": "\x01\x04\x01\x00\x01a" + "\x00\x00\x04name\x01\x04\x01\x00\x01b",
	} {
		wasm := sections("\x01\x00\x01\x60\x00\x00", "\x03\x00\x01\x00", "\x0a\x00\x01"+codeOf("\x00\x0b"))
		first, second, twice := strings.Cut(parts, "\x00\x00\x04name")
		wasm = append(wasm, sections("\x00\x00\x04name" + first)[preambleSize:]...)
		if twice {
			wasm = append(wasm, sections("\x00\x00\x04name" + second)[preambleSize:]...)
		}
		rewritten, err := Rewrite(wasm, Turns)
		require.NoError(t, err, name)
		require.True(t, compiles(rewritten), name)
		require.Equal(t, twice, bytes.Contains(rewritten, []byte("\x04name")), name)
	}
}

func TestRefuses(t *testing.T) {
	for name, module := range map[string][]byte{
		"nothing":              nil,
		"a section twice":      sections("\x01\x00\x00", "\x01\x00\x00", "\x0a\x00\x00"),
		"no code":              sections("\x01\x00\x00"),
		"a section of later":   sections("\x01\x00\x00", "\x0d\x00\x00", "\x0a\x00\x00"),
		"an unknown opcode":    sections("\x01\x00\x01\x60\x00\x00", "\x03\x00\x01\x00", "\x0a\x00\x01"+codeOf("\x00\x27\x0b")),
		"a type of later":      sections("\x01\x00\x01\x5f\x00", "\x0a\x00\x00"),
		"locals without end":   sections("\x01\x00\x01\x60\x00\x00", "\x03\x00\x01\x00", "\x0a\x00\x01"+codeOf("\x01\xff\xff\xff\xff\x0f\x7f\x0b")),
		"more code than types": sections("\x01\x00\x01\x60\x00\x00", "\x03\x00\x01\x00", "\x0a\x00\x02"+codeOf("\x00\x0b")+codeOf("\x00\x0b")),
		"one that fills":       sections("\x01\x00\x01\x60\x00\x00", "\x02\x00\x01\x07hostsim\x04zero\x00\x00", "\x03\x00\x01\x00", "\x0a\x00\x01"+codeOf("\x00\x0b")),
		"one that knows of it": sections("\x01\x00\x01\x60\x00\x00", "\x02\x00\x01\x07hostsim\x04tick\x00\x00", "\x03\x00\x01\x00", "\x0a\x00\x01"+codeOf("\x00\x0b")),
	} {
		_, err := Rewrite(module, Turns)
		require.ErrorIs(t, err, errUnknown, name)
	}
}
