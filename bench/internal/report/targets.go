package report

import (
	"fmt"

	"github.com/clickedge/clickedge/bench/internal/measure"
	"github.com/clickedge/clickedge/bench/internal/rusthost"
)

// Names of the guests in results.
const (
	Ours        = "clickedge"
	Raw         = "rust-raw"
	Crate       = "rust-fastly"
	FSTHTTP     = "fsthttp"
	FSTHTTPWarm = "fsthttp-prewarmed"
	Core        = "core-fsthttp"
	CoreWarm    = "core-fsthttp-prewarmed"
	JSPlain     = "js-plain"
	JSSigned    = "js-signed"
	Empty       = "empty"
)

// Names of kinds of clicks besides those of package clicks.
const (
	Plain = "plain"       // of guests that answer every request alike
	Long  = "signed-long" // to a destination of LongDestination bytes
)

// LongDestination is the length of a long destination, in bytes.
// LongestDestination makes a link of almost 8,192 bytes, the most that a request
// target may have.
const (
	LongDestination    = 2048
	LongestDestination = 6000
)

// Ratios are times on wasmtime against one another, of the same turns.
type Ratios struct {
	SignedCrate    measure.Spread `json:"signed_to_rust_fastly"`
	SignedRaw      measure.Spread `json:"signed_to_rust_raw"`
	SignedEmpty    measure.Spread `json:"signed_to_empty"`
	SignedFSTHTTP  measure.Spread `json:"signed_to_fsthttp"`
	SignedJS       measure.Spread `json:"signed_to_js"`
	Decoded        measure.Spread `json:"decoded_to_signed"`
	Proxied        measure.Spread `json:"proxied_to_signed"`
	Refused        measure.Spread `json:"refused_to_signed"`
	LongCrate      measure.Spread `json:"signed_long_to_rust_fastly"`
	ResidentCrate  measure.Spread `json:"signed_to_rust_fastly_resident"`
	FSTHTTPPrewarm measure.Spread `json:"fsthttp_prewarmed_to_stock"`
	Sites          measure.Spread `json:"most_sites_to_fewest"`
	SitesWithAll   measure.Spread `json:"most_sites_to_fewest_with_all"`
}

// SetRatios compares the guests of a run. A ratio without one of both is empty.
func (r *Results) SetRatios(host *rusthost.Report) {
	against := func(a, b string) measure.Spread {
		x, y := host.Lane(a), host.Lane(b)
		if x == nil || y == nil {
			return measure.Spread{}
		}
		return x.Fresh.Against(&y.Fresh)
	}
	signed := Ours + " signed"
	q := &r.Ratios
	q.SignedCrate, q.SignedRaw = against(signed, Crate+" signed"), against(signed, Raw+" signed")
	q.SignedEmpty, q.SignedFSTHTTP = against(signed, Empty+" "+Plain), against(signed, FSTHTTP+" "+Plain)
	q.SignedJS = against(signed, JSPlain+" "+Plain)
	q.Decoded, q.Proxied, q.Refused = against(Ours+" decoded", signed), against(Ours+" proxied", signed), against(Ours+" refused", signed)
	q.LongCrate = against(Ours+" "+Long, Crate+" "+Long)
	q.FSTHTTPPrewarm = against(FSTHTTPWarm+" "+Plain, FSTHTTP+" "+Plain)
	growth := func(list []Site, with string) measure.Spread {
		if len(list) < 2 {
			return measure.Spread{}
		}
		return against(SitesLane(list[len(list)-1].Sites, with), SitesLane(list[0].Sites, with))
	}
	q.Sites, q.SitesWithAll = growth(r.Sites, ""), growth(r.SitesWithAll, WithAll)
	if x, y := host.Lane(signed), host.Lane(Crate+" signed"); x != nil && y != nil && x.Resident != nil && y.Resident != nil {
		q.ResidentCrate = x.Resident.Against(y.Resident)
	}
}

// Target is what one figure must reach.
type Target struct {
	What   string `json:"what"`
	Before string `json:"before"` // when the targets were set
	Must   string `json:"must"`
	Now    string `json:"now"`
	// Reached is "yes", "no", or "not measured".
	Reached string `json:"reached"`
}

const notMeasured = "not measured"

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// SetTargets compares the figures with the targets.
func (r *Results) SetTargets() {
	r.Targets = nil
	q := &r.Ratios
	r.ratio("signed click, time against the `fastly` crate, the same click", "1.48 ×", 1.0, q.SignedCrate)
	r.ratio("signed click, against Rust without a runtime, the same host calls", "5.6 ×", 3.7, q.SignedRaw)
	r.ratio("signed click, against an empty module", "13 ×", 8.5, q.SignedEmpty)
	r.part("signed click, against `fsthttp` as Go built it, plain 302", "1/19", 28, q.SignedFSTHTTP)
	r.part("signed click, against JavaScript, plain 302", "1/5.5", 8, q.SignedJS)
	r.ratio("decoded click, against the signed one", "0.92 ×", 1.0, q.Decoded)
	r.ratio("proxied click, against the signed one", "0.94 ×", 1.0, q.Proxied)
	r.ratio("refused click, against the signed one", "1.21 ×", 1.2, q.Refused)
	signed, long := r.Row(Ours, "signed"), r.Row(Ours, Long)
	r.mapped(signed)
	r.faults("signed click, minor faults", "19", 12, signed)
	r.ratio("destination of 2 KB, against the `fastly` crate", "1.7 ×", 1.1, q.LongCrate)
	r.faults("destination of 2 KB, minor faults", "39", 14, long)
	r.allocations()
	r.ratio("signed click with pages resident, against the `fastly` crate", "1.14 ×", 1.0, q.ResidentCrate)
	r.ratio("`fsthttp` prewarmed, against as Go built it, plain 302", "0.250 ×", 0.195, q.FSTHTTPPrewarm)
	r.growth("1 to 100,000 sites, time of a signed click", r.Sites, r.Ratios.Sites)
	r.growth("the same with several ESPs, recalls and learned links at every site", r.SitesWithAll, r.Ratios.SitesWithAll)
}

func (r *Results) add(t Target) { r.Targets = append(r.Targets, t) }

// ratio must be at most so much.
func (r *Results) ratio(what, before string, most float64, now measure.Spread) {
	digits := 2
	if most < 0.5 {
		digits = 3
	}
	t := Target{What: what, Before: before, Must: fmt.Sprintf("≤ %.*f ×", digits, most), Reached: notMeasured}
	if now.N > 0 {
		t.Now, t.Reached = fmt.Sprintf("%.*f ×", digits, now.Median), yes(now.Median <= most)
		if now.Median > most && fmt.Sprintf("%.*f", digits, now.Median) == fmt.Sprintf("%.*f", digits, most) {
			t.Now = fmt.Sprintf("%.*f ×", digits+1, now.Median) // or it would look reached
		}
	}
	r.add(t)
}

// part must be at most the nth part.
func (r *Results) part(what, before string, nth float64, now measure.Spread) {
	t := Target{What: what, Before: before, Must: fmt.Sprintf("≤ 1/%g", nth), Reached: notMeasured}
	if now.N > 0 && now.Median > 0 {
		t.Now, t.Reached = fmt.Sprintf("1/%.1f", 1/now.Median), yes(now.Median <= 1/nth)
	}
	r.add(t)
}

func (r *Results) mapped(signed *Row) {
	t := Target{What: "signed click, windows read first + pages written (a window costs two pages)", Before: "9 + 8", Must: "≤ 5 + 5", Reached: notMeasured}
	if signed != nil && signed.Click != nil {
		c := signed.Click
		t.Now, t.Reached = fmt.Sprintf("%d + %d", c.Windows, c.PagesWritten), yes(2*c.Windows+c.PagesWritten <= 2*5+5)
	}
	r.add(t)
}

func (r *Results) faults(what, before string, most float64, row *Row) {
	t := Target{What: what, Before: before, Must: fmt.Sprintf("≤ %g", most), Reached: notMeasured}
	if row != nil && row.Times != nil {
		n := row.Times.Faults.Median
		t.Now, t.Reached = fmt.Sprintf("%g", n), yes(n <= most)
	}
	r.add(t)
}

// allocations of a signed click must be none at any length of the destination.
func (r *Results) allocations() {
	most := 0
	for _, s := range r.Links {
		most = max(most, s.Destination)
	}
	t := Target{What: "allocations with a link of up to 8,192 bytes", Before: "1, from 680 bytes on", Must: "0", Reached: notMeasured}
	if most >= LongestDestination {
		n := 0
		for _, s := range r.Links {
			n = max(n, s.Clicks["signed"].Allocations)
		}
		t.Now, t.Reached = fmt.Sprint(n), yes(n == 0)
	}
	r.add(t)
}

// growth compares the most sites with the fewest.
func (r *Results) growth(what string, list []Site, ratio measure.Spread) {
	t := Target{What: what, Before: "+0 %", Must: "≤ +2 %", Reached: notMeasured}
	if n := len(list); n > 0 && list[n-1].Sites == 100_000 && ratio.N > 0 {
		t.Now, t.Reached = fmt.Sprintf("%+.1f %%", 100*(ratio.Median-1)), yes(ratio.Median <= 1.02)
	}
	r.add(t)
}
