package profile

import (
	"context"
	"testing"

	"github.com/bytecodealliance/wasmtime-go/v42"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/bench/internal/engine"
	"github.com/clickedge/clickedge/bench/internal/instrument"
	"github.com/clickedge/clickedge/hostsim"
)

// module has a stack pointer as Go modules do, functions that call one another
// directly and through a table, recursion, and something that looks like Go's
// allocator.
const module = `(module
	(import "fastly_abi" "init" (func $init (param i64) (result i32)))
	(global $sp (mut i32) (i32.const 1024))
	(memory (export "memory") 2)
	(table 1 funcref)
	(elem (i32.const 0) $main.leaf)
	(type $binary (func (param i32 i32) (result i32)))
	(func $main.leaf (type $binary) (i32.add (local.get 0) (local.get 1)))
	(func $main.indirect (result i32) (call_indirect (type $binary) (i32.const 1) (i32.const 2) (i32.const 0)))
	(func $main.deep (param i64) (if (i64.ne (local.get 0) (i64.const 0)) (then (call $main.deep (i64.sub (local.get 0) (i64.const 1))))))
	(func $runtime.mallocgcTiny (param i32) (result i32) (i32.const 0))
	(func $runtime.mallocgc (param i32) (result i32) (call $runtime.mallocgcTiny (i32.const 0)))
	(func $runtime.newobject (param i32) (result i32) (call $runtime.mallocgc (local.get 0)))
	(func $main.allocate (param i32) (result i32)
		(i64.store (i32.add (global.get $sp) (i32.const 8)) (i64.const 40))
		(drop (call $runtime.newobject (i32.const 0)))
		(call $runtime.mallocgc (i32.const 7)))
	(func $main.start (export "_start")
		(drop (call $init (i64.const 1)))
		(drop (call $main.indirect))
		(drop (call $main.leaf (i32.const 3) (i32.const 4)))
		(call $main.deep (i64.const 3))
		(drop (call $main.allocate (i32.const 0)))
		(memory.fill (i32.const 8000) (i32.const 1) (i32.const 300))
		(memory.copy (i32.const 20000) (i32.const 40000) (i32.const 10))
		(f64.store offset=16 (i32.const 65520) (f64.const 1))
		(drop (i64.load32_u offset=4 (i32.const 70000)))
		(block (br_table 0 0 (i32.const 1)))
		return))`

func wasm(t *testing.T) []byte {
	t.Helper()
	out, err := wasmtime.Wat2Wasm(module)
	require.NoError(t, err)
	return out
}

// fuel runs a module and returns what it used.
func fuel(t *testing.T, wasm []byte, probe engine.Probe) uint64 {
	t.Helper()
	e := engine.New(engine.Options{Fuel: true})
	e.SetProbe(probe)
	h, err := hostsim.New(context.Background(), wasm, hostsim.Config{Engine: e})
	require.NoError(t, err)
	defer h.Close(context.Background())
	_, x, err := h.Do(context.Background(), &hostsim.Request{})
	require.NoError(t, err)
	require.True(t, x.Ending.OK(), x.Ending.Message)
	require.Equal(t, 1, x.CallCount, "reports are no host calls")
	return e.Last().Fuel
}

func run(t *testing.T) (*Profile, uint64) {
	t.Helper()
	called, err := instrument.Calls(wasm(t))
	require.NoError(t, err)
	p := New(called)
	fuel(t, called.Module, p)
	return p, fuel(t, wasm(t), nil)
}

func TestFuelAddsUp(t *testing.T) {
	p, want := run(t)
	require.Equal(t, want, p.Fuel())
	folded := uint64(0)
	for _, n := range p.Folded {
		folded += n
	}
	require.Equal(t, want, folded)
}

func TestFunctions(t *testing.T) {
	p, want := run(t)
	list := map[string]Function{}
	for _, f := range p.Functions() {
		list[f.Name] = f
	}
	require.Equal(t, Function{Name: "main.leaf", Self: 8, Total: 8, Calls: 2}, list["main.leaf"])
	require.Equal(t, Function{Name: "main.indirect", Self: 5, Total: 9, Calls: 1}, list["main.indirect"])
	require.Equal(t, 4, list["main.deep"].Calls)
	require.Equal(t, list["main.deep"].Self, list["main.deep"].Total, "recursion counts once")
	require.Equal(t, want, list["main.start"].Total)
	require.Contains(t, p.Edges(), Edge{Caller: "main.indirect", Callee: "main.leaf", Total: 4, Calls: 1})
	require.Contains(t, p.Folded, "main.start;main.indirect;main.leaf")
}

// A function that resumes after a pause, as its parameter shows, is not counted
// as called again. An allocation is counted once, even if it goes through
// several functions of the allocator.
func TestAllocations(t *testing.T) {
	p, _ := run(t)
	require.Equal(t, 1, p.Allocs)
	require.Equal(t, uint64(40), p.AllocBytes)
	require.Equal(t, []Site{{Name: "main.allocate", Allocs: 1, Bytes: 40}}, p.Sites())
	for _, f := range p.Functions() {
		if f.Name == "runtime.mallocgc" {
			require.Equal(t, 1, f.Calls)
		}
	}
}

func TestCalls(t *testing.T) {
	p, _ := run(t)
	require.Equal(t, []Call{{Module: "fastly_abi", Name: "init", By: "main.start"}}, p.Calls)
}

func TestPages(t *testing.T) {
	called, err := instrument.Memory(wasm(t))
	require.NoError(t, err)
	p := NewPages(called)
	fuel(t, called.Module, p)
	have := map[uint32][2]int{}
	for _, page := range p.List() {
		have[page.Number] = [2]int{page.Read, page.Written}
		if page.Number == 0 {
			require.Equal(t, map[string]int{"main.allocate": 1}, page.Functions)
		}
	}
	require.Equal(t, map[uint32][2]int{
		0:  {0, 1}, // the size on the stack
		1:  {0, 1}, // memory.fill from 8000
		2:  {0, 1}, // to 8300
		4:  {0, 1}, // memory.copy to 20000
		9:  {1, 0}, // from 40000
		16: {0, 1}, // f64.store at 65536
		17: {1, 0}, // i64.load32_u at 70004
	}, have)
}
