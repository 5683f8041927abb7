package instrument

import (
	"testing"

	"github.com/bytecodealliance/wasmtime-go/v42"
	"github.com/stretchr/testify/require"
)

const header = "\x00asm\x01\x00\x00\x00"

const small = `(module
	(import "fastly_abi" "init" (func $init (param i64) (result i32)))
	(memory (export "memory") 1)
	(func $f (export "_start") (i32.store (i32.const 0) (i32.const 1))))`

func compile(t testing.TB, text string) []byte {
	t.Helper()
	wasm, err := wasmtime.Wat2Wasm(text)
	require.NoError(t, err)
	return wasm
}

func TestEvent(t *testing.T) {
	e := Event(event(Write, 0xabcdef, 0xfffffffe))
	require.Equal(t, Write, e.Kind())
	require.Equal(t, uint32(0xabcdef), e.Extra())
	require.Equal(t, uint32(0xfffffffe), e.Subject())
}

func TestNames(t *testing.T) {
	called, err := Calls(compile(t, small))
	require.NoError(t, err)
	require.Equal(t, map[uint32]string{0: "init", 1: "f"}, called.Names)
}

func TestRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`(module (memory (export "memory") 1))`:                                                                          "to report through",
		`(module (import "a" "b" (memory 1)))`:                                                                           "is not a function",
		`(module (import "fastly_abi" "init" (func (param i32) (result i32))))`:                                          "another type",
		`(module (import "fastly_abi" "init" (func (param i64) (result i32))) (func (drop (v128.const i32x4 0 0 0 0))))`: "0xfd is not known",
	} {
		_, err := Memory(compile(t, text))
		require.ErrorContains(t, err, want)
	}
	_, err := Calls([]byte("no module"))
	require.ErrorContains(t, err, "not a WebAssembly module")
}

// TestWithoutMemory: no helper that reads memory is added where there is none.
func TestWithoutMemory(t *testing.T) {
	out, err := Memory(compile(t, `(module (import "fastly_abi" "init" (func (param i64) (result i32))) (func))`))
	require.NoError(t, err)
	require.NoError(t, wasmtime.ModuleValidate(wasmtime.NewEngine(), out.Module))
}

// FuzzInstrument checks that a valid module stays valid, and that an invalid
// one does no harm.
func FuzzInstrument(f *testing.F) {
	f.Add(compile(f, small))
	f.Add([]byte(header))
	f.Add([]byte(header + "\x0a\x04\x01\x02\x00\x0b"))
	engine := wasmtime.NewEngine()
	f.Fuzz(func(t *testing.T, module []byte) {
		valid := wasmtime.ModuleValidate(engine, module) == nil
		for _, how := range []func([]byte) (*Called, error){Calls, Memory} {
			out, err := how(module)
			if err != nil || !valid {
				continue
			}
			require.NoError(t, wasmtime.ModuleValidate(engine, out.Module))
		}
	})
}
