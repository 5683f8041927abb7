package instrument

import (
	_ "embed"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
)

const header = "\x00asm\x01\x00\x00\x00"

// small is the module of small.wat.
//
//go:embed testdata/small.wasm
var small []byte

// valid reports whether wazero accepts a module.
func valid(t testing.TB, module []byte) bool {
	t.Helper()
	rt := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
	defer rt.Close(t.Context())
	_, err := rt.CompileModule(t.Context(), module)
	return err == nil
}

// takes is valid for a module that is not ours: wazero panics on some that are
// not valid.
func takes(t testing.TB, module []byte) (ok bool) {
	t.Helper()
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return valid(t, module)
}

func TestEvent(t *testing.T) {
	e := Event(event(Write, 0xabcdef, 0xfffffffe))
	require.Equal(t, Write, e.Kind())
	require.Equal(t, uint32(0xabcdef), e.Extra())
	require.Equal(t, uint32(0xfffffffe), e.Subject())
}

func TestNames(t *testing.T) {
	called, err := Calls(small)
	require.NoError(t, err)
	require.Equal(t, map[uint32]string{0: "init", 1: "f"}, called.Names)
	require.Equal(t, Image{4096, 8192}, called.Image)
}

func TestRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"0503010001":                "to report through", // (memory 1)
		"020801016101620200" + "01": "is not a function", // (import "a" "b" (memory 1))
		"01060160017f017f0213010a666173746c795f61626904696e69740000":                                                                 "another type",      // init of (param i32)
		"01090260017e017f6000000213010a666173746c795f61626904696e69740000030201010a17011500fd0c000000000000000000000000000000001a0b": "0xfd is not known", // v128.const
	} {
		_, err := Memory(module(t, text))
		require.ErrorContains(t, err, want)
	}
	_, err := Calls([]byte("no module"))
	require.ErrorContains(t, err, "not a WebAssembly module")
}

// TestOnlyOnce: what is instrumented exports a name, and names are exported
// once.
func TestOnlyOnce(t *testing.T) {
	once, err := Fuel(small)
	require.NoError(t, err)
	_, err = Fuel(once)
	require.ErrorContains(t, err, `exports "probe.fuel" already`)
	_, err = Fuel(module(t, "07"+"0e"+"01"+"0a"+hex.EncodeToString([]byte(FuelCount))+"0300"))
	require.ErrorContains(t, err, `exports "probe.fuel" already`)
}

// TestWithoutMemory: no helper that reads memory is added where there is none.
func TestWithoutMemory(t *testing.T) {
	out, err := Memory(module(t, "01090260017e017f6000000213010a666173746c795f61626904696e69740000030201010a040102000b"))
	require.NoError(t, err)
	require.True(t, valid(t, out.Module))
}

// module is a module with these sections, in hexadecimal digits.
func module(t testing.TB, sections string) []byte {
	t.Helper()
	b, err := hex.DecodeString(sections)
	require.NoError(t, err)
	return append([]byte(header), b...)
}

// FuzzInstrument checks that a valid module stays valid, and that an invalid
// one does no harm.
func FuzzInstrument(f *testing.F) {
	f.Add(small)
	f.Add([]byte(header))
	f.Add([]byte(header + "\x0a\x04\x01\x02\x00\x0b"))
	f.Fuzz(func(t *testing.T, module []byte) {
		// wazero sees only what has been read here: it makes room for as many
		// imports as a module announces.
		if out, err := Fuel(module); err == nil && takes(t, module) {
			require.True(t, valid(t, out))
		}
		for _, how := range []func([]byte) (*Called, error){Calls, Memory} {
			if out, err := how(module); err == nil && takes(t, module) {
				require.True(t, valid(t, out.Module))
			}
		}
	})
}
