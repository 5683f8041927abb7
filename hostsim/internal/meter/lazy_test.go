package meter

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"

	"github.com/clickedge/clickedge/hostsim/internal/wasmbin"
)

// tabled calls functions through a table of so many, which begins with a hole
// and ends with one, and has a function of another type in it.
func tabled(n int, more string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "(module (memory 1) (table %d funcref) %s", n+10, more)
	b.WriteString(`(func (export "f") (param i32) (result i32) (call_indirect 0 (local.get 0) (local.get 0)))`)
	b.WriteString(`(func $other)`)
	list := ""
	for i := range n {
		if fmt.Fprintf(&b, "(func $g%d (param i32) (result i32) (i32.add (local.get 0) (i32.const %d)))", i, 1000*i); i == 70 {
			list += " $other"
		} else {
			list += fmt.Sprintf(" $g%d", i)
		}
	}
	return b.String() + "(elem (i32.const 3)" + list + "))"
}

// outcome is what a call gives, or why it ends.
func outcome(t *testing.T, module []byte, index uint64) string {
	t.Helper()
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler())
	defer rt.Close(ctx)
	_, err := rt.NewHostModuleBuilder(Module).NewFunctionBuilder().WithFunc(func() {}).Export(Tick).Instantiate(ctx)
	require.NoError(t, err)
	instance, err := rt.Instantiate(ctx, module)
	require.NoError(t, err)
	results, err := instance.ExportedFunction("f").Call(ctx, index)
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return first
	}
	return fmt.Sprint(results[0])
}

// A call through the table gives what it gave, whichever entries are there.
func TestLazyTable(t *testing.T) {
	plain := assemble(t, tabled(100, ""))
	m := &module{}
	require.True(t, m.survey(plain) && m.lazy.on)
	rewritten, err := Rewrite(plain, Turns)
	require.NoError(t, err)
	for _, index := range []uint64{0, 2, 3, 4, 9, 10, 50, 72, 73, 74, 101, 102, 103, 109, 110, 111, 1 << 20, 1<<32 - 1} {
		require.Equal(t, outcome(t, plain, index), outcome(t, rewritten, index), index)
	}
	require.Equal(t, "47050", outcome(t, rewritten, 50))
	require.Contains(t, outcome(t, rewritten, 73), "indirect call type mismatch")
}

// What a module could see of the table keeps it as it is.
func TestTablesThatAreNotLazy(t *testing.T) {
	for name, wasm := range map[string][]byte{
		"few entries": assemble(t, tabled(20, "")),
		"it grows":    assemble(t, tabled(100, `(func (export "g") (result i32) (table.grow (i32.const 0) (i32.const 1)))`)),
		"every form":  everyForm,
	} {
		m := &module{}
		require.True(t, m.survey(wasm), name)
		require.False(t, m.lazy.on, name)
		rewritten, err := Rewrite(wasm, Turns)
		require.NoError(t, err)
		require.Equal(t, compiles(wasm), compiles(rewritten), name)
	}
}

// An instance of a module with a large table costs no more than one with a small
// table, but for the table itself.
func TestLazyTableAllocates(t *testing.T) {
	count := func(n int) float64 {
		rewritten, err := Rewrite(assemble(t, tabled(n, "")), Turns)
		require.NoError(t, err)
		ctx := context.Background()
		rt := wazero.NewRuntime(ctx)
		defer rt.Close(ctx)
		_, err = rt.NewHostModuleBuilder(Module).NewFunctionBuilder().WithFunc(func() {}).Export(Tick).Instantiate(ctx)
		require.NoError(t, err)
		compiled, err := rt.CompileModule(ctx, rewritten)
		require.NoError(t, err)
		return testing.AllocsPerRun(10, func() {
			instance, err := rt.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithName(""))
			require.NoError(t, err)
			instance.Close(ctx)
		})
	}
	require.InDelta(t, count(100), count(1000), 20)
}

// Segments that were copied into an image leave nothing behind.
func TestDataIsLeftOut(t *testing.T) {
	for want, data := range map[bool]string{true: "\x00\x02\x01\x00\x01\x01a", false: "\x00\x02\x01\x00\x00\x41\x00\x0b\x01a"} {
		module := sections("\x01\x00\x01\x60\x00\x00", "\x03\x00\x01\x00", "\x05\x00\x01\x00\x01", "\x0c\x00\x02", "\x0a\x00\x01"+codeOf("\x00\x0b"), "\x0b"+data)
		require.True(t, compiles(module))
		rewritten, err := Rewrite(module, Turns)
		require.NoError(t, err)
		require.True(t, compiles(rewritten))
		require.Equal(t, want, !hasSection(rewritten, dataSection))
		require.Equal(t, want, !hasSection(rewritten, dataCount))
	}
}

func hasSection(wasm []byte, id byte) bool {
	for r := (&wasmbin.Reader{Bytes: wasm, At: preambleSize}); r.More(); r.Vector() {
		if r.Byte() == id {
			return true
		}
	}
	return false
}
