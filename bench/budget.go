package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"

	"github.com/clickedge/clickedge/bench/internal/budget"
	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/guests"
	"github.com/clickedge/clickedge/bench/internal/measure"
	"github.com/clickedge/clickedge/bench/internal/profile"
)

const budgetFile = "budget.json"

const budgetUsage = `usage: bench budget [flags]
Counts what clicks cost and fails when one costs more than budget.json allows.`

// errOverBudget ends the command if figures are over budget, after printing
// which.
type errOverBudget int

func (n errOverBudget) Error() string {
	return fmt.Sprintf("%d figures are over budget: make the click cheaper, or say why not and run `bench budget -update`", int(n))
}

func runBudget(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("budget", flag.ContinueOnError)
	fs.Usage = func() { fmt.Fprintln(fs.Output(), budgetUsage); fs.PrintDefaults() }
	file := fs.String("file", budgetFile, "the budget")
	update := fs.Bool("update", false, "set every budget slightly above what is measured now")
	if err := fs.Parse(args); err != nil {
		return err
	}
	b, err := budget.Load(*file)
	if err != nil {
		return err
	}
	m, err := measureBudget(ctx)
	if err != nil {
		return err
	}
	if b.Go != m.Go {
		progress("budget.json was measured with %s, this is %s: instructions differ between them", b.Go, m.Go)
	}
	if *update {
		b.Update(m)
		return b.Save(*file)
	}
	w := bufio.NewWriter(os.Stdout)
	over := printBudget(w, b, m)
	if err := w.Flush(); err != nil {
		return err
	}
	if over > 0 {
		return errOverBudget(over)
	}
	return nil
}

// measureBudget counts everything that has a budget.
func measureBudget(ctx context.Context) (*budget.Measured, error) {
	kinds, err := clicks.Kinds(clicks.Shape{})
	if err != nil {
		return nil, err
	}
	ours, err := guests.NewOurs(ctx, ".")
	if err != nil {
		return nil, err
	}
	sites := clicks.Sites(measure.UsualSites)
	wasm, _, err := ours.Module(ctx, sites)
	if err != nil {
		return nil, err
	}
	closely, err := measure.Closely(ctx, ours, sites, kinds)
	if err != nil {
		return nil, err
	}
	learned, err := measure.Closely(ctx, ours, clicks.LearnedSites(), clicks.LearnedKinds())
	if err != nil {
		return nil, err
	}
	networks, err := clicks.NetworkKinds()
	if err != nil {
		return nil, err
	}
	located, err := measure.Closely(ctx, ours, clicks.NetworkSites(), networks)
	if err != nil {
		return nil, err
	}
	maps.Copy(closely, learned)
	maps.Copy(closely, located)
	hmac, err := measure.HMAC(ctx, guests.Build{Dir: "."}, clicks.SignedText(&kinds[0]))
	if err != nil {
		return nil, err
	}
	return budgetOf(closely, hmac, len(wasm)), nil
}

// budgetOf returns the figures under the names of budget.json.
func budgetOf(closely map[string]measure.Click, hmac uint64, size int) *budget.Measured {
	m := &budget.Measured{Go: runtime.Version(), Module: uint64(size), Clicks: map[string]map[string]uint64{}, Functions: map[string]map[string]uint64{},
		Windows: map[string][]budget.Access{}, Pages: map[string][]budget.Access{}}
	for kind, c := range closely {
		m.Clicks[kind] = map[string]uint64{
			"instructions": c.Instructions, "before_first_call": c.BeforeFirstCall, "host_calls": uint64(c.HostCalls), "wasi_calls": uint64(c.WASICalls),
			"allocations": uint64(c.Allocations), "allocated_bytes": c.AllocatedBytes, "windows_read": uint64(c.Windows), "pages_written": uint64(c.PagesWritten),
			"regions_touched": uint64(c.Regions),
		}
		m.Functions[kind] = c.Functions
		m.Windows[kind], m.Pages[kind] = accesses(c.Opened), accesses(c.Wrote)
		if kind == "signed" {
			m.Clicks[kind]["instructions_beside_hmac"] = c.Instructions - min(c.Instructions, hmac)
		}
	}
	return m
}

func accesses(list []profile.First) []budget.Access {
	out := make([]budget.Access, len(list))
	for i, f := range list {
		out[i] = budget.Access{Name: who(f), Where: where(f)}
	}
	return out
}

// printBudget prints every figure and, for those over budget, by how much and
// in which functions.
func printBudget(w io.Writer, b *budget.Budget, m *budget.Measured) int {
	fmt.Fprintf(w, "%-16s %-26s %10s %10s %10s\n", "click", "figure", "now", "budget", "target")
	fmt.Fprintf(w, "%-16s %-26s %10d %10d\n", "", "module_bytes", m.Module, b.Module.Budget)
	for _, kind := range slices.Sorted(maps.Keys(m.Clicks)) {
		for _, name := range slices.Sorted(maps.Keys(m.Clicks[kind])) {
			f, target := b.Clicks[kind][name], ""
			if f.Target != nil {
				target = fmt.Sprint(*f.Target)
			}
			fmt.Fprintf(w, "%-16s %-26s %10d %10d %10s\n", kind, name, m.Clicks[kind][name], f.Budget, target)
		}
	}
	for _, missed := range b.Missed(m) {
		fmt.Fprintf(w, "not reached: %s: %s is %d, the target is %d\n", missed.Click, missed.Figure, missed.Now, missed.Limit)
	}
	list := b.Compare(m)
	for _, e := range list {
		fmt.Fprintf(w, "over budget: %s\n", e)
		switch e.Figure {
		case "instructions":
			printGrowths(w, b.Growths(m, e.Click))
		case "windows_read":
			printOpened(w, "a window is opened", b.Opened(m, e.Click, e.Figure))
		case "pages_written":
			printOpened(w, "a page is written", b.Opened(m, e.Click, e.Figure))
		}
	}
	return len(list)
}

func printOpened(w io.Writer, what string, list []budget.Access) {
	for _, a := range list {
		fmt.Fprintf(w, "    %s by %s, at %s\n", what, a.Name, a.Where)
	}
}

func printGrowths(w io.Writer, list []budget.Growth) {
	for i, g := range list {
		if i == 10 {
			fmt.Fprintf(w, "  … and %d more functions\n", len(list)-i)
			return
		}
		fmt.Fprintf(w, "  %+8d  %s, from %d to %d\n", g.Now-g.Before, short(g.Function), g.Before, g.Now)
	}
}
