package engine

import (
	"context"
	_ "embed"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/bench/internal/instrument"
	"github.com/clickedge/clickedge/hostsim"
)

// guests has a guest in each export; guests.wat is its text.
//
//go:embed testdata/guests.wasm
var guests []byte

// click runs one of the guests.
func click(t *testing.T, entry string, probe Probe) (Counts, *hostsim.Exchange) {
	t.Helper()
	wasm, err := instrument.Fuel(guests)
	require.NoError(t, err)
	e := New()
	e.SetProbe(probe)
	h, err := hostsim.New(context.Background(), wasm, hostsim.Config{Engine: e, Entry: entry, Env: map[string]string{"FASTLY_SERVICE_VERSION": "7"}})
	require.NoError(t, err)
	defer h.Close(context.Background())
	_, x, err := h.Do(context.Background(), &hostsim.Request{})
	require.NoError(t, err)
	return e.Last(), x
}

// Instructions are counted as RESULTS.md says, and as wasmtime does.
func TestFuel(t *testing.T) {
	for entry, want := range map[string]uint64{
		"empty":      1,             // entering a function
		"free":       1 + 1,         // the constant
		"arithmetic": 1 + 3,         //
		"if-else":    1 + 3,         // two constants and the if
		"loop":       1 + 10*8,      //
		"call":       1 + 2,         // a host call
		"table":      1 + 2 + 0 + 1, // the second of three branches
		"changed":    1 + 4*3 + 2,   // four stores, and memory.grow
	} {
		c, x := click(t, entry, nil)
		require.True(t, x.Ending.OK(), "%s: %s", entry, x.Ending.Message)
		require.Equal(t, want, c.Fuel, entry)
	}
}

func TestFirstCall(t *testing.T) {
	c, x := click(t, "first-call", nil)
	require.Equal(t, uint64(1+3+2), c.FirstCall, "calls of WASI come before it")
	require.Equal(t, 2, c.HostCalls)
	require.Equal(t, 1, c.WASICalls)
	require.Equal(t, 2, x.CallCount)
	require.Equal(t, 2<<16, c.Memory)
}

func TestChanged(t *testing.T) {
	c, _ := click(t, "changed", nil)
	require.Equal(t, 3, c.Changed, "a page of which nothing differs does not count, one that memory grew by does")
	require.Equal(t, 3<<16, c.Memory)
}

// Every run has the same clock, randomness and vCPU time.
func TestWorld(t *testing.T) {
	_, first := click(t, "world", nil)
	_, second := click(t, "world", nil)
	require.True(t, first.Ending.OK(), first.Ending.Message)
	require.Len(t, first.Stderr, 48)
	require.Equal(t, first.Stderr, second.Stderr)
	require.Equal(t, byte(1), first.Stderr[24], "a millisecond of vCPU time")
	require.NotZero(t, first.Stderr[32], "there is an environment")
}

func TestEnvironment(t *testing.T) {
	_, x := click(t, "environment", nil)
	require.Contains(t, string(x.Stderr), "FASTLY_SERVICE_VERSION=7\x00")
}

func TestEndings(t *testing.T) {
	_, x := click(t, "exit-0", nil)
	require.True(t, x.Ending.OK(), x.Ending.Message)
	_, x = click(t, "exit-3", nil)
	require.Equal(t, hostsim.Exited, x.Ending.Kind)
	require.Equal(t, uint32(3), x.Ending.Code)
	_, x = click(t, "trap", nil)
	require.Equal(t, hostsim.Trapped, x.Ending.Kind)
	_, x = click(t, "errors", nil)
	require.Equal(t, []byte{wasiNoSys, 0, 0, 0, wasiFault}, x.Stderr[:5])
}

// touches records what host calls read and write.
type touches struct{ list []Touch }

func (*touches) Start(func() uint64, func(string) uint64, hostsim.Memory) {}
func (*touches) Event(uint64)                                             {}
func (*touches) HostCall(string, string, hostsim.Status)                  {}
func (p *touches) Touch(t Touch)                                          { p.list = append(p.list, t) }

// A result is written even if the same bytes were there, and a text is read.
func TestTouches(t *testing.T) {
	p := &touches{}
	click(t, "response", p)
	const resp = "fastly_http_resp"
	require.Equal(t, []Touch{
		{resp, "new", 256, 4, true},
		{resp, "header_insert", 16384, 4, false},
		{resp, "header_insert", 16384, 4, false},
	}, p.list)

	p = &touches{}
	click(t, "world", p)
	require.Contains(t, p.list, Touch{wasiModule, "random_get", 16, 8, true})
	require.Contains(t, p.list, Touch{wasiModule, "fd_write", 64, 8, false})
	require.Contains(t, p.list, Touch{"fastly_compute_runtime", "get_vcpu_ms", 24, 8, true})
}

func TestCompileRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"0061736d010000000104016000000216010a666173746c795f61626907756e6b6e6f776e0000": "unknown import",       // (import "fastly_abi" "unknown" (func))
		"0061736d01000000020f0103656e76066d656d6f7279020001":                           "is not a function",    // (import "env" "memory" (memory 1))
		"0061736d0100000001040160000003020100070a01065f737461727400000a040102000b":     `no exported memory`,   // (func (export "_start"))
		"0061736d010000000503010001070a01066d656d6f72790200":                           `no exported function`, // (memory (export "memory") 1)
	} {
		wasm, err := hex.DecodeString(text)
		require.NoError(t, err)
		h, err := hostsim.New(context.Background(), wasm, hostsim.Config{Engine: New()})
		if err == nil { // found when it is run
			_, x, err := h.Do(context.Background(), &hostsim.Request{})
			require.NoError(t, err)
			require.Contains(t, x.Ending.Message, want)
			h.Close(context.Background())
			continue
		}
		require.ErrorContains(t, err, want)
	}
	_, err := New().Compile(context.Background(), []byte("no module"))
	require.ErrorContains(t, err, "compile")
}
