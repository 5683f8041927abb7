package engine

import (
	"context"
	"testing"

	"github.com/bytecodealliance/wasmtime-go/v42"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim"
)

// imports are what the guests of these tests call.
const imports = `
	(import "fastly_abi" "init" (func $init (param i64) (result i32)))
	(import "fastly_compute_runtime" "get_vcpu_ms" (func $vcpu (param i32) (result i32)))
	(import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
	(import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
	(import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
	(import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
	(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
	(import "wasi_snapshot_preview1" "fd_write" (func $again (param i32 i32 i32 i32) (result i32)))
	(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
	(import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
	(memory (export "memory") 2)`

// click runs a guest whose _start is body, written as text.
func click(t *testing.T, opt Options, body string) (Measure, *hostsim.Exchange) {
	t.Helper()
	wasm, err := wasmtime.Wat2Wasm("(module " + imports + `(func (export "_start") ` + body + "))")
	require.NoError(t, err)
	e := New(opt)
	h, err := hostsim.New(context.Background(), wasm, hostsim.Config{Engine: e, Env: map[string]string{"FASTLY_SERVICE_VERSION": "7"}})
	require.NoError(t, err)
	defer h.Close(context.Background())
	_, x, err := h.Do(context.Background(), &hostsim.Request{})
	require.NoError(t, err)
	return e.Last(), x
}

// wasmtime counts fuel as RESULTS.md says.
func TestFuel(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want uint64
	}{
		"entering a function": {"", 1},
		"free":                {"nop block nop end loop end (drop (i32.const 1)) return", 1 + 1},
		"arithmetic":          {"(drop (i32.add (i32.const 1) (i32.const 2)))", 1 + 3},
		"if and else":         {"i32.const 0 if nop else i32.const 1 drop end", 1 + 3},
		"a loop":              {"(local i32) loop (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br_if 0 (i32.lt_u (local.get 0) (i32.const 10))) end", 1 + 10*8},
		"a host call":         {"(drop (call $init (i64.const 1)))", 1 + 2},
	} {
		m, x := click(t, Options{Fuel: true}, c.body)
		require.True(t, x.Ending.OK(), "%s: %s", name, x.Ending.Message)
		require.Equal(t, c.want, m.Fuel, name)
	}
}

func TestFirstCall(t *testing.T) {
	m, x := click(t, Options{Fuel: true}, `
		(drop (call $random (i32.const 0) (i32.const 8)))
		(drop (call $init (i64.const 1)))
		(drop (call $init (i64.const 1)))`)
	require.Equal(t, uint64(1+3+2), m.FirstCall, "calls of WASI come before it")
	require.Equal(t, 2, m.HostCalls)
	require.Equal(t, 1, m.WASICalls)
	require.Equal(t, 2, x.CallCount)
	require.Equal(t, 2<<16, m.Memory)
}

func TestWritten(t *testing.T) {
	m, _ := click(t, Options{Fuel: true, Pages: true}, `
		(i32.store (i32.const 0) (i32.const 1))
		(i32.store (i32.const 4094) (i32.const -1))
		(i32.store (i32.const 20000) (i32.const 0))
		(drop (memory.grow (i32.const 1)))
		(i32.store (i32.const 131072) (i32.const 1))`)
	require.Equal(t, 3, m.Written, "a page of which nothing differs does not count, one that memory grew by does")
	require.Equal(t, 3<<16, m.Memory)
}

// write writes memory at an address to standard error.
const write = `
		(i32.store (i32.const 64) (i32.const 0))
		(i32.store (i32.const 68) (i32.const 48))
		(drop (call $write (i32.const 2) (i32.const 64) (i32.const 1) (i32.const 72)))`

const world = `
		(drop (call $clock (i32.const 0) (i64.const 0) (i32.const 0)))
		(drop (call $clock (i32.const 1) (i64.const 0) (i32.const 8)))
		(drop (call $random (i32.const 16) (i32.const 8)))
		(drop (call $vcpu (i32.const 24)))
		(drop (call $sizes (i32.const 32) (i32.const 36)))` + write

// A counted run has the same clock, randomness and vCPU time each time; a timed
// run has real ones.
func TestWorld(t *testing.T) {
	_, first := click(t, Options{Fuel: true}, world)
	_, second := click(t, Options{Fuel: true}, world)
	require.True(t, first.Ending.OK(), first.Ending.Message)
	require.Len(t, first.Stderr, 48)
	require.Equal(t, first.Stderr, second.Stderr)
	require.Equal(t, byte(1), first.Stderr[24], "a millisecond of vCPU time")
	require.NotZero(t, first.Stderr[32], "there is an environment")

	m, x := click(t, Options{}, world)
	require.True(t, x.Ending.OK(), x.Ending.Message)
	require.Zero(t, m.Fuel)
	require.Positive(t, m.Request)
	require.Positive(t, m.Total())
}

func TestEnvironment(t *testing.T) {
	_, x := click(t, Options{Fuel: true}, `
		(drop (call $environ (i32.const 1024) (i32.const 4096)))
		(i32.store (i32.const 64) (i32.const 4096))
		(i32.store (i32.const 68) (i32.const 512))
		(drop (call $again (i32.const 2) (i32.const 64) (i32.const 1) (i32.const 72)))`)
	require.Contains(t, string(x.Stderr), "FASTLY_SERVICE_VERSION=7\x00")
}

func TestEndings(t *testing.T) {
	for _, opt := range []Options{{}, {Fuel: true}} {
		_, x := click(t, opt, "(call $exit (i32.const 0)) unreachable")
		require.True(t, x.Ending.OK(), x.Ending.Message)
		_, x = click(t, opt, "(call $exit (i32.const 3))")
		require.Equal(t, hostsim.Exited, x.Ending.Kind)
		require.Equal(t, uint32(3), x.Ending.Code)
		_, x = click(t, opt, "unreachable")
		require.Equal(t, hostsim.Trapped, x.Ending.Kind)
	}
	_, x := click(t, Options{Fuel: true}, `
		(i32.store (i32.const 0) (call $unlink (i32.const 3) (i32.const 0) (i32.const 0)))
		(i32.store (i32.const 4) (call $random (i32.const 131070) (i32.const 8)))`+write)
	require.Equal(t, []byte{wasiNoSys, 0, 0, 0, wasiFault}, x.Stderr[:5])
}

func TestCompileRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`(module (import "fastly_abi" "unknown" (func)))`: "unknown import",
		`(module (import "env" "memory" (memory 1)))`:     "not a function",
		`(module (func (export "_start")))`:               "memory",
		`(module (memory (export "memory") 1))`:           "no exported function",
	} {
		wasm, err := wasmtime.Wat2Wasm(text)
		require.NoError(t, err)
		h, err := hostsim.New(context.Background(), wasm, hostsim.Config{Engine: New(Options{})})
		if err == nil { // found when it is run
			_, x, err := h.Do(context.Background(), &hostsim.Request{})
			require.NoError(t, err)
			require.Contains(t, x.Ending.Message, want)
			h.Close(context.Background())
			continue
		}
		require.ErrorContains(t, err, want)
	}
	_, err := New(Options{}).Compile(context.Background(), []byte("no module"))
	require.ErrorContains(t, err, "compile")
}
