package prewarm_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/clickedge/clickedge/edge/prewarm"
)

// host is a program that loads plugins on wazero: each is compiled once and
// instantiated for each use, and the host calls _initialize if there is one, as
// it does for any reactor.
type host struct {
	rt     wazero.Runtime
	plugin wazero.CompiledModule
}

func newHost(t testing.TB, config wazero.RuntimeConfig, plugin []byte) *host {
	t.Helper()
	ctx := context.Background()
	h := &host{rt: wazero.NewRuntimeWithConfig(ctx, config)}
	t.Cleanup(func() { h.rt.Close(ctx) })
	wasi_snapshot_preview1.MustInstantiate(ctx, h.rt)
	var err error
	h.plugin, err = h.rt.CompileModule(ctx, plugin)
	require.NoError(t, err)
	return h
}

func (h *host) load(t testing.TB) api.Module {
	t.Helper()
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize").
		WithSysWalltime().WithSysNanotime().WithRandSource(random{})
	m, err := h.rt.InstantiateModule(context.Background(), h.plugin, config)
	require.NoError(t, err)
	return m
}

// on gives the plugin a text and calls one of its exports with it.
func on(t testing.TB, m api.Module, export, text string) (uint64, string) {
	t.Helper()
	ctx := context.Background()
	at, err := m.ExportedFunction("input").Call(ctx, uint64(len(text)))
	require.NoError(t, err)
	require.True(t, m.Memory().WriteString(uint32(at[0]), text))
	out, err := m.ExportedFunction(export).Call(ctx, uint64(len(text)))
	require.NoError(t, err)
	now, ok := m.Memory().Read(uint32(at[0]), uint32(len(text)))
	require.True(t, ok)
	return out[0], string(now)
}

func plugins(t testing.TB) (before, after []byte, gain prewarm.Gain) {
	t.Helper()
	before = guest(t, "plugin")
	opt := prewarm.Options{Reactor: true}
	after, rep, err := prewarm.Module(context.Background(), before, opt)
	require.NoError(t, err)
	require.Empty(t, rep.Warnings)
	gain, err = prewarm.Count(context.Background(), before, after, opt)
	require.NoError(t, err)
	return before, after, gain
}

// A plugin answers alike before and after, in every instance, however often it
// is called; instances share nothing; and loading it executes nothing.
func TestPlugins(t *testing.T) {
	before, after, gain := plugins(t)
	require.Greater(t, gain.Before, uint64(1_000_000))
	require.Zero(t, gain.After)
	var said [2][]string
	for i, plugin := range [][]byte{before, after} {
		h := newHost(t, wazero.NewRuntimeConfigInterpreter(), plugin)
		for range 2 {
			m := h.load(t)
			for n, text := range []string{"an item-7.html and PART-150", "", "no such thing", "part-199 part-0 part-200"} {
				matches, _ := on(t, m, "matches", text)
				size, upper := on(t, m, "upper", text)
				calls, err := m.ExportedFunction("called").Call(context.Background())
				require.NoError(t, err)
				require.EqualValues(t, n+1, calls[0])
				require.EqualValues(t, len(text), size)
				said[i] = append(said[i], upper, string(rune('0'+matches)))
			}
			require.NoError(t, m.Close(context.Background()))
		}
	}
	require.Equal(t, said[0], said[1])
	require.Equal(t, []string{"AN ITEM-7.HTML AND PART-150", "2"}, said[1][:2])
}

// BenchmarkPluginLoad is what a host waits for: the module is compiled, and
// each load instantiates it and calls _initialize. The two take turns, so that
// what else the machine does falls on both; times are those of the fastest.
func BenchmarkPluginLoad(b *testing.B) {
	before, after, gain := plugins(b)
	var hosts [2]*host
	var times [2][]float64
	for i, module := range [][]byte{before, after} {
		hosts[i] = newHost(b, wazero.NewRuntimeConfig(), module)
	}
	for b.Loop() {
		for i, h := range hosts {
			start := time.Now()
			m := h.load(b)
			times[i] = append(times[i], time.Since(start).Seconds()*1000)
			m.Close(context.Background())
		}
	}
	was, is := slices.Min(times[0]), slices.Min(times[1])
	b.ReportMetric(was, "before-ms")
	b.ReportMetric(is, "after-ms")
	b.ReportMetric(was/is, "before/after")
	b.ReportMetric(float64(gain.Before), "instructions-before")
	b.ReportMetric(float64(gain.After), "instructions-after")
}
