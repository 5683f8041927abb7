package profile

import (
	"context"
	_ "embed"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/bench/internal/engine"
	"github.com/clickedge/clickedge/bench/internal/instrument"
	"github.com/clickedge/clickedge/hostsim"
)

// wasm has a stack pointer as Go modules do, functions that call one another
// directly and through a table, recursion, and something that looks like Go's
// allocator; guest.wat is its text.
//
//go:embed testdata/guest.wasm
var wasm []byte

// fuel runs a module and returns what it used.
func fuel(t *testing.T, wasm []byte, probe engine.Probe) uint64 {
	t.Helper()
	e := engine.New()
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
	called, err := instrument.Calls(wasm)
	require.NoError(t, err)
	p := New(called)
	fuel(t, called.Module, p)
	plain, err := instrument.Fuel(wasm)
	require.NoError(t, err)
	return p, fuel(t, plain, nil)
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
	called, err := instrument.Memory(wasm)
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

	// The image reaches to page 24; page 1 had been written, and page 17 lies in
	// a window of which page 16 alone is mapped, by a write.
	require.Equal(t, []First{
		{Address: 40000, By: "main.start"},
		{Address: 70004, By: "main.start"},
	}, p.Windows())
	require.Equal(t, []First{
		{Address: 1032, By: "main.allocate"},
		{Address: 8000, By: "main.start"},
		{Address: 8192, By: "main.start"},
		{Address: 20000, By: "main.start", Mapped: false},
		{Address: 65536, By: "main.start"},
	}, p.Writes())
	require.Empty(t, p.Zeroes())
	require.Equal(t, 1, p.Regions())
}

// What prewarm's function touches counts for the access that needs it.
func TestTouchedEarly(t *testing.T) {
	p := NewPages(&instrument.Called{Image: instrument.Image{Start: 0x1000, End: 0x90000}, Names: map[uint32]string{1: touch, 2: "main.reads", 3: "main.writes"}})
	by := func(function, address uint32, writes bool) {
		p.stack = []uint32{function}
		p.access(address, 4, writes, "")
	}
	by(1, 0x20000, true)
	by(1, 0x30000, false)
	by(1, 0x51000, true)
	by(2, 0x20010, false)
	by(3, 0x20020, true)
	by(3, 0x51004, true)
	by(2, 0x34000, false)
	by(3, 0x34008, true)
	require.Equal(t, []First{{Address: 0x34000, By: "main.reads", Early: true}}, p.Windows())
	require.Equal(t, []First{
		{Address: 0x20010, By: "main.reads", Early: true},
		{Address: 0x51004, By: "main.writes", Early: true},
		{Address: 0x34008, By: "main.writes", Mapped: true},
	}, p.Writes())
	by(1, 0x70000, true)
	require.Equal(t, First{Address: 0x70000, By: touch, Early: true}, p.Writes()[3], "for nobody")
}

// A region is 2 MiB, however many of its pages are touched.
func TestRegions(t *testing.T) {
	p := NewPages(&instrument.Called{Image: instrument.Image{Start: 0x1000, End: 0x900000}})
	p.access(0x1000, 1, false, "")
	p.access(0x1fe000, 1, true, "")
	require.Equal(t, 1, p.Regions())
	p.access(0x1fffff, 2, true, "")
	require.Equal(t, 2, p.Regions())
	p.access(0x800000, 1, false, "")
	require.Equal(t, 3, p.Regions())
}

// access follows accesses to an image of two windows and a page.
func TestFaults(t *testing.T) {
	p := NewPages(&instrument.Called{Image: instrument.Image{Start: 0x1000, End: 0x21000}})
	access := func(address, n uint32, writes bool) { p.access(address, n, writes, "") }
	access(0x0ffe, 4, false) // a page of zeroes, and the image
	access(0x5000, 1, false) // mapped with it
	access(0x5000, 1, true)  // a copy all the same
	access(0x1f000, 1, true) // written first
	access(0x1f000, 1, false)
	access(0x1e000, 1, false) // so the window is opened by this
	access(0x20fff, 2, false) // the third window, and zeroes behind the image
	access(0x30000, 1, true)  // memory that is no image
	access(0x30000, 1, false) //
	access(0x1f000, 0, true)  // nothing
	addresses := func(list []First) (out []uint32) {
		for _, f := range list {
			out = append(out, f.Address)
		}
		return out
	}
	require.Equal(t, []uint32{0x1000, 0x1e000, 0x20fff}, addresses(p.Windows()))
	require.Equal(t, []uint32{0x5000, 0x1f000, 0x30000}, addresses(p.Writes()))
	require.True(t, p.Writes()[0].Mapped, "read before, so that it faulted twice")
	require.False(t, p.Writes()[1].Mapped)
	require.Equal(t, []uint32{0xffe, 0x21000}, addresses(p.Zeroes()))
}
