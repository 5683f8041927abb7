package main

import (
	"bytes"
	"flag"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/bench/internal/budget"
	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/guests"
	"github.com/clickedge/clickedge/bench/internal/measure"
)

func TestShort(t *testing.T) {
	for name, want := range map[string]string{
		"github.com_clickedge_clickedge_core.Verify":                      "core.Verify",
		"github.com_fastly_compute_sdk_go_rtlog.Open":                     "sdk_rtlog.Open",
		"crypto_internal_fips140_hmac.New_go.shape.interface___Reset____": "fips140_hmac.New",
		"runtime.mallocgc": "runtime.mallocgc",
	} {
		require.Equal(t, want, short(name))
	}
}

func TestPrintBudget(t *testing.T) {
	click := measure.Click{Counts: measure.Counts{Instructions: 130_000, HostCalls: 20}, Functions: map[string]uint64{"core.Verify": 500}}
	before := budgetOf(map[string]measure.Click{"signed": click}, 100_000, 4_000_000)
	require.Equal(t, uint64(30_000), before.Clicks["signed"]["instructions_beside_hmac"])
	target := uint64(25_000)
	b := &budget.Budget{Clicks: map[string]map[string]budget.Figure{"signed": {"instructions_beside_hmac": {Target: &target}}}}
	b.Update(before)
	var out bytes.Buffer
	require.Zero(t, printBudget(&out, b, before))
	require.Contains(t, out.String(), "not reached: signed: instructions_beside_hmac is 30000, the target is 25000")

	click.Instructions, click.HostCalls, click.Functions = 140_000, 21, map[string]uint64{"core.Verify": 10_500}
	out.Reset()
	over := printBudget(&out, b, budgetOf(map[string]measure.Click{"signed": click}, 100_000, 4_000_000))
	require.Equal(t, 3, over)
	require.Contains(t, out.String(), "over budget: signed: host_calls is 21, 1 over its budget of 20\n")
	require.Contains(t, out.String(), "over budget: signed: instructions is 140000, 8000 over its budget of 132000\n    +10000  core.Verify, from 500 to 10500\n")
	require.ErrorContains(t, errOverBudget(over), "3 figures")
}

// mapped counts the pages of a guest that reads windows and writes pages.
func mapped(t *testing.T, windows, pages int) *budget.Measured {
	t.Helper()
	kinds, err := clicks.Kinds(clicks.Shape{})
	require.NoError(t, err)
	seen, err := measure.Pages(t.Context(), measure.Subject{Title: "mapped", Wasm: guests.Mapped(windows, pages)}, kinds[:1])
	require.NoError(t, err)
	p := seen["signed"]
	click := measure.Click{Windows: len(p.Windows()), PagesWritten: len(p.Writes()), Opened: p.Windows(), Wrote: p.Writes()}
	return budgetOf(map[string]measure.Click{"signed": click}, 0, 0)
}

// A click that opens a window more fails the budget, which says who opens it.
func TestBudgetOfWindows(t *testing.T) {
	b := &budget.Budget{}
	b.Update(mapped(t, 3, 1))
	require.Equal(t, uint64(3), b.Clicks["signed"]["windows_read"].Budget)
	require.Equal(t, uint64(2), b.Clicks["signed"]["pages_written"].Budget, "the results of host calls are written, too")
	var out bytes.Buffer
	require.Zero(t, printBudget(&out, b, mapped(t, 3, 1)))
	out.Reset()
	require.Equal(t, 1, printBudget(&out, b, mapped(t, 4, 1)))
	require.Contains(t, out.String(), "over budget: signed: windows_read is 4, 1 over its budget of 3\n    a window is opened by function 5, at 0x40040\n")
	out.Reset()
	require.Equal(t, 1, printBudget(&out, b, mapped(t, 3, 2)))
	require.Contains(t, out.String(), "over budget: signed: pages_written is 3, 1 over its budget of 2\n    a page is written by function 5, at 0x211040\n")
}

func TestArguments(t *testing.T) {
	require.ErrorContains(t, run(t.Context(), []string{"unknown"}), `unknown command "unknown"`)
	require.ErrorIs(t, run(t.Context(), []string{"profile"}), flag.ErrHelp)
	require.ErrorContains(t, run(t.Context(), []string{"profile", "other"}), "no kind of click")
	require.ErrorContains(t, run(t.Context(), []string{"budget", "-file", t.TempDir() + "/none"}), "no such file")
}

// budget.json has the figures that the command counts.
func TestBudgetFile(t *testing.T) {
	b, err := budget.Load(budgetFile)
	require.NoError(t, err)
	require.Positive(t, b.Module.Budget)
	for _, kind := range []string{"signed", "decoded", "proxied", "refused"} {
		require.NotEmpty(t, b.Functions[kind], kind)
		for name, f := range b.Clicks[kind] {
			require.GreaterOrEqual(t, f.Budget, f.Measured, "%s %s", kind, name)
		}
	}
	for kind, names := range map[string][]string{"signed": {"instructions_beside_hmac", "host_calls"}, "decoded": {"instructions"}, "proxied": {"instructions"}} {
		for _, name := range names {
			require.NotNil(t, b.Clicks[kind][name].Target, "%s %s", kind, name)
		}
	}
}
