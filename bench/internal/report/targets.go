package report

import (
	"fmt"
	"math"

	"github.com/clickedge/clickedge/bench/internal/measure"
)

// Names of the guests in results.
const (
	Ours     = "clickedge"
	FSTHTTP  = "fsthttp"
	Core     = "core-fsthttp"
	CoreWarm = "core-fsthttp-prewarmed"
	JSPlain  = "js-plain"
	JSSigned = "js-signed"
	Empty    = "empty"
)

// Plain is the kind of click of guests that answer every request alike.
const Plain = "plain"

// Target is a target for one figure.
type Target struct {
	What   string `json:"what"`
	Limit  string `json:"limit"`
	Now    string `json:"now"`
	Beside string `json:"beside,omitempty"` // the peer's figure
	// Reached is "yes", "no", or "not measured".
	Reached string `json:"reached"`
}

func atMost(what string, now, limit uint64, beside string) Target {
	return Target{What: what, Limit: "≤ " + Thousands(limit), Now: Thousands(now), Beside: beside, Reached: yes(now <= limit)}
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// SetTargets compares the figures with the targets.
func (r *Results) SetTargets() {
	r.Targets = nil
	add := func(t Target) { r.Targets = append(r.Targets, t) }
	plain := r.Row(FSTHTTP, Plain)
	beside := func(f func(measure.Counts) uint64) string {
		if plain == nil {
			return ""
		}
		return Thousands(f(plain.Counts))
	}
	calls := func(c measure.Counts) uint64 { return uint64(c.HostCalls) }
	first := uint64(0)
	for _, k := range []struct {
		name, title       string
		instructions, all uint64
	}{{"signed", "signed redirect", 25_000, 20}, {"decoded", "decoded redirect (SES)", 35_000, 17}, {"proxied", "proxied click", 30_000, 26}} {
		row := r.Row(Ours, k.name)
		if row == nil {
			add(Target{What: k.title, Reached: notMeasured})
			continue
		}
		first = max(first, row.Counts.BeforeFirstCall)
		if k.name == "signed" {
			add(atMost(k.title+", instructions beside crypto/hmac", row.Counts.Instructions-min(r.HMAC, row.Counts.Instructions), k.instructions,
				beside(func(c measure.Counts) uint64 { return c.Instructions })))
			add(atMost(k.title+", host calls", calls(row.Counts), k.all, beside(calls)))
			continue
		}
		add(atMost(k.title+", instructions", row.Counts.Instructions, k.instructions, ""))
		add(atMost(k.title+", host calls", calls(row.Counts), k.all, ""))
	}
	add(atMost("instructions before the first host call", first, 1000, beside(func(c measure.Counts) uint64 { return c.BeforeFirstCall })))
	r.growthTargets(add)
	r.wallTarget(add, FSTHTTP, Plain, "fsthttp, plain 302", 12)
	r.wallTarget(add, JSPlain, Plain, "JavaScript, plain 302", 3)
	r.floorTarget(add)
}

const notMeasured = "not measured"

// growthTargets compares the fewest sites with the most, for each kind of click
// that both have.
func (r *Results) growthTargets(add func(Target)) {
	if len(r.Sites) < 2 {
		add(Target{What: "growth with the number of sites", Limit: "≤ 2 %", Reached: notMeasured})
		return
	}
	last, worst, within, calls := r.Sites[len(r.Sites)-1], math.Inf(-1), true, 0
	for kind, now := range last.Clicks {
		for _, s := range r.Sites {
			if before, ok := s.Clicks[kind]; ok {
				worst = max(worst, 100*(float64(now.Instructions)/float64(before.Instructions)-1))
				within = within && 100*now.Instructions <= 102*before.Instructions
				calls = max(calls, now.HostCalls-before.HostCalls)
				break
			}
		}
	}
	what := fmt.Sprintf("growth from %s to %s sites", Thousands(uint64(r.Sites[0].Sites)), Thousands(uint64(last.Sites)))
	add(Target{What: what + ", instructions", Limit: "≤ 2 %", Now: fmt.Sprintf("%.1f %%", worst), Reached: yes(within)})
	add(Target{What: what + ", host calls", Limit: "0", Now: fmt.Sprint(calls), Reached: yes(calls == 0)})
}

// wallTarget requires that a peer takes so many times as long.
func (r *Results) wallTarget(add func(Target), module, kind, title string, times float64) {
	t := Target{What: "time on wasmtime, signed redirect, against " + title, Limit: fmt.Sprintf("≤ 1/%g", times), Reached: notMeasured}
	if peer := r.Row(module, kind); peer != nil && peer.Ratio.N > 0 {
		t.Now, t.Reached = fmt.Sprintf("1/%.1f", peer.Ratio.Median), yes(peer.Ratio.Median >= times)
		t.Beside = Micros(peer.Stages.Total.Median)
	}
	add(t)
}

// floorTarget requires that our module takes at most four times as long as one
// that does nothing.
func (r *Results) floorTarget(add func(Target)) {
	t := Target{What: "time on wasmtime, signed redirect, against an empty module", Limit: "≤ 4 ×", Reached: notMeasured}
	if floor := r.Row(Empty, Plain); floor != nil && floor.Ratio.N > 0 {
		times := 1 / floor.Ratio.Median
		t.Now, t.Reached, t.Beside = fmt.Sprintf("%.1f ×", times), yes(times <= 4), Micros(floor.Stages.Total.Median)
	}
	add(t)
}
