package prewarm

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// The start function has 3 instructions, _initialize 19, and serve 6.
func TestCountOfStraightCode(t *testing.T) {
	opt := Options{NoRehearsal: true}
	in := handmade().Encode()
	out, _, err := Module(context.Background(), in, opt)
	require.NoError(t, err)
	gain, err := Count(context.Background(), in, out, opt)
	require.NoError(t, err)
	require.Equal(t, Gain{Before: 3 + 19 + 6, Initialisation: 3 + 19, After: 6}, gain)
}

// What is counted is what is executed: each round of a loop, one branch of an
// if, nothing behind a branch that was taken.
func TestCountOfControl(t *testing.T) {
	const (
		loop = "\x03\x40" + // loop
			"\x20\x00\x41\x01\x6a\x22\x00" + // local.get, i32.const, i32.add, local.tee
			"\x41\x0a\x48\x0d\x00" + // i32.const 10, i32.lt_s, br_if
			"\x0b" // 7 instructions, ten times
		choice = "\x41\x01\x04\x40" + // i32.const, if: 2
			"\x41\x00\x1a" + // i32.const, drop: 1
			"\x05\x41\x00\x41\x00\x6a\x1a\x0b" // else: not executed
		other = "\x41\x00\x04\x40" + // 2
			"\x41\x00\x41\x00\x41\x00\x1a\x1a\x1a" + // not executed
			"\x05\x41\x00\x1a\x0b" // 1
		block = "\x02\x40\x02\x40" +
			"\x41\x01\x0e\x01\x00\x01" + // i32.const 1, br_table 0 1: 2
			"\x0b\x41\x00\x1a" + // skipped
			"\x0b"
		tail = "\x41\x00\x1a\x0f" + // 1, return
			"\x41\x00\x1a\x0b" // not executed
	)
	for name, c := range map[string]struct {
		code string
		want uint64
	}{
		"loop": {loop + tail, 71}, "if": {choice + tail, 4}, "else": {other + tail, 4}, "br_table": {block + tail, 3},
		"all": {loop + choice + other + block + tail, 70 + 3 + 3 + 2 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			m := handmade()
			bodies, err := m.Bodies()
			require.NoError(t, err)
			bodies[3] = []byte("\x01\x01\x7f" + c.code) // serve, with one local
			counts, err := count(context.Background(), m.WithBodies(bodies).Encode(), Options{MaxPages: 3}, nil, "serve")
			require.NoError(t, err)
			require.Equal(t, [2]uint64{0, c.want}, counts)
		})
	}
}

// A module that stays a reactor has no initialisation left, and every export,
// under its name.
func TestReactorStaysOne(t *testing.T) {
	in := handmade()
	out, _, err := Module(context.Background(), in.Encode(), Options{Reactor: true, Warmup: ""})
	require.NoError(t, err)
	gain, err := Count(context.Background(), in.Encode(), out, Options{Reactor: true})
	require.NoError(t, err)
	require.Equal(t, Gain{Before: 22, Initialisation: 22}, gain)
	counts, err := count(context.Background(), out, Options{MaxPages: 3}, []string{initExport, initExport}, "")
	require.NoError(t, err)
	require.Zero(t, counts[0], "_initialize does nothing")

	m, err := wasm.Parse(out)
	require.NoError(t, err)
	before, err := in.Exports()
	require.NoError(t, err)
	after, err := m.Exports()
	require.NoError(t, err)
	require.Len(t, after, len(before))
	for i := range before {
		require.Equal(t, before[i].Name, after[i].Name)
		if before[i].Name != initExport {
			require.Equal(t, before[i], after[i])
		}
	}
	again, _, err := Module(context.Background(), out, Options{Reactor: true})
	require.Nil(t, again)
	var failure *Error
	require.ErrorAs(t, err, &failure)
	require.Equal(t, NotReactor, failure.Code)
	require.ErrorContains(t, err, "prewarmed already")
}

// An export with an empty name is no entry, and a function that is exported as
// _initialize and by another name is the other one still.
func TestReactorWithOddExports(t *testing.T) {
	in := handmade()
	exports, err := in.Exports()
	require.NoError(t, err)
	exports = append(exports, wasm.Export{Name: "", Kind: wasm.FuncKind, Index: 4}, wasm.Export{Name: "again", Kind: wasm.FuncKind, Index: 2})
	out, _, err := Module(context.Background(), in.WithExports(exports).Encode(), Options{Reactor: true})
	require.NoError(t, err)
	m, err := wasm.Parse(out)
	require.NoError(t, err)
	after, err := m.Exports()
	require.NoError(t, err)
	require.Len(t, after, len(exports))
	require.Equal(t, exports[len(exports)-2:], after[len(after)-2:])
}

func TestEntryKeepsItsName(t *testing.T) {
	out, _, err := Module(context.Background(), handmade().Encode(), Options{KeepEntry: true, NoRehearsal: true})
	require.NoError(t, err)
	m, err := wasm.Parse(out)
	require.NoError(t, err)
	exports, err := m.Exports()
	require.NoError(t, err)
	require.Contains(t, exports, wasm.Export{Name: "serve", Kind: wasm.FuncKind, Index: 4})
	require.Contains(t, exports, wasm.Export{Name: "_start", Kind: wasm.FuncKind, Index: 4})
}

func TestReactorHasNoEntry(t *testing.T) {
	for _, opt := range []Options{{Reactor: true, Entry: "serve"}, {Reactor: true, Rehearsals: []Rehearsal{{}}}} {
		_, _, err := Module(context.Background(), handmade().Encode(), opt)
		var failure *Error
		require.ErrorAs(t, err, &failure)
		require.Equal(t, BadOption, failure.Code)
	}
}
