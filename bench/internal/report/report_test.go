package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/bench/internal/loopback"
	"github.com/clickedge/clickedge/bench/internal/measure"
	"github.com/clickedge/clickedge/bench/internal/rusthost"
)

func measured(us float64, windows, pages int, faults float64) *rusthost.Measured {
	s := func(us float64) measure.Spread {
		return measure.Spread{Median: us, Low: us / 2, High: us * 2, N: 100}
	}
	fresh := rusthost.Times{Instantiate: s(us / 10), Request: s(us * 7 / 10), Drop: s(us / 5), Total: s(us), Faults: s(faults), Turns: []float64{us, us}}
	resident := rusthost.Times{Instantiate: s(us / 10), Request: s(us / 5), Drop: s(us / 10), Total: s(us * 4 / 10), Faults: s(0), Turns: []float64{us * 4 / 10}}
	return &rusthost.Measured{Windows: windows, PagesWritten: pages, CallMicros: s(us / 20), Fresh: fresh, Resident: &resident}
}

func ratio(times float64) measure.Spread {
	return measure.Spread{Median: times, Low: times, High: times, N: 5}
}

func counts(instructions uint64, calls int) measure.Counts {
	return measure.Counts{Instructions: instructions, BeforeFirstCall: 900, HostCalls: calls}
}

// sample has a row for every guest; every target is barely reached.
func sample() *Results {
	click := measure.Click{Counts: counts(125_000, 20), Touched: 40, Windows: 5, PagesWritten: 5}
	r := &Results{
		Date: "2026-03-01", Machine: measure.Machine{CPU: "Test & Sons <1>", Cores: 2, Go: "go1.26", Wasmtime: "48.0.8"}, HMAC: 100_000,
		Costs:   Costs{Window: 2, WindowTotal: 4, Page: 1, PageTotal: 1.9, HostCall: 0.009},
		Windows: []Access{{0x10000, "core.Verify", "0x10040"}}, Pages: []Access{{0x3000, "main.handle", "0x3010"}},
		Modules: []Module{{Name: Ours, Title: "clickedge", Bytes: 4_000_000, CompileMS: 1000, PrewarmMS: 300}},
		Sites: []Site{
			{Sites: 1, Clicks: map[string]measure.Counts{"signed": counts(100_000, 20)}, Signed: &measured(100, 5, 5, 12).Fresh},
			{Sites: 100_000, Clicks: map[string]measure.Counts{"signed": counts(102_000, 20), "proxied": counts(30_000, 26)}},
		},
		SitesWithAll: []Site{
			{Sites: 1, Clicks: map[string]measure.Counts{"signed": counts(100_000, 20)}, Signed: &measured(100, 5, 5, 12).Fresh},
			{Sites: 100_000, Clicks: map[string]measure.Counts{"signed": counts(102_000, 20)}},
		},
		Links: []*Shape{
			{Destination: 62, Clicks: map[string]measure.Click{"signed": click}, HMAC: 100_000},
			{Destination: LongestDestination, Clicks: map[string]measure.Click{"signed": click}, HMAC: 100_000},
		},
		Headers:  []*Shape{{Headers: 40, Clicks: map[string]measure.Click{"signed": click}}},
		Loopback: []loopback.Result{{Name: "nginx", Connections: 8, PerSecond: 9000, Latency: ratio(800), Slow: 2000, Slowest: 4000}},
		Notes:    []string{"The rows of somebody are missing."},
	}
	signed := measured(100, 5, 5, 12)
	add := func(module, kind string, c measure.Counts, m *rusthost.Measured) {
		row := Row{Module: module, Kind: kind, Title: module, Counts: c}
		row.Timed(m, signed, r.Costs)
		r.Rows = append(r.Rows, row)
	}
	add(Ours, "signed", counts(125_000, 20), signed)
	add(Ours, "decoded", counts(35_000, 17), measured(90, 5, 5, 12))
	add(Ours, Long, counts(800_000, 20), measured(150, 6, 6, 14))
	add(FSTHTTP, Plain, measure.Counts{Instructions: 4_033_699, BeforeFirstCall: 3_600_000, HostCalls: 23}, measured(2800, 30, 300, 380))
	add(JSPlain, Plain, counts(329_919, 10), measured(800, 20, 100, 140))
	add(Empty, Plain, counts(15, 4), measured(12, 0, 1, 1))
	r.Rows[0].Click = &click
	r.Ratios = Ratios{SignedCrate: ratio(1), SignedRaw: ratio(3.7), SignedEmpty: ratio(8.5), SignedFSTHTTP: ratio(1 / 28.0), SignedJS: ratio(1 / 8.0),
		Decoded: ratio(1), Proxied: ratio(1), Refused: ratio(1.2), LongCrate: ratio(1.1), ResidentCrate: ratio(1), FSTHTTPPrewarm: ratio(0.195), Sites: ratio(1.02), SitesWithAll: ratio(1.02)}
	return r
}

func TestTargetsReached(t *testing.T) {
	r := sample()
	r.SetTargets()
	require.Len(t, r.Targets, 17)
	for _, target := range r.Targets {
		require.Equal(t, "yes", target.Reached, target.What)
	}
	require.Equal(t, Target{"signed click, windows read first + pages written (a window costs two pages)", "9 + 8", "≤ 5 + 5", "5 + 5", "yes"}, r.Targets[8])
	require.Equal(t, "1/28.0", r.Targets[3].Now)
	require.Equal(t, "0.195 ×", r.Targets[14].Now)
	require.Equal(t, "+2.0 %", r.Targets[15].Now)
	require.Equal(t, "+2.0 %", r.Targets[16].Now)
}

func TestTargetsMissed(t *testing.T) {
	r := sample()
	worse := func(s *measure.Spread) { s.Median *= 1.01 }
	q := &r.Ratios
	for _, s := range []*measure.Spread{&q.SignedCrate, &q.SignedRaw, &q.SignedEmpty, &q.SignedFSTHTTP, &q.SignedJS, &q.Decoded, &q.Proxied, &q.Refused,
		&q.LongCrate, &q.ResidentCrate, &q.FSTHTTPPrewarm, &q.Sites, &q.SitesWithAll, &r.Row(Ours, "signed").Times.Faults, &r.Row(Ours, Long).Times.Faults} {
		worse(s)
	}
	r.Row(Ours, "signed").Click = &measure.Click{Windows: 6, PagesWritten: 5}
	r.Links[1].Clicks = map[string]measure.Click{"signed": {Allocations: 1}}
	r.SetTargets()
	for _, target := range r.Targets {
		require.Equal(t, "no", target.Reached, target.What)
	}
}

func TestTargetsNotMeasured(t *testing.T) {
	r := &Results{}
	r.SetTargets()
	require.Len(t, r.Targets, 17)
	for _, target := range r.Targets {
		require.Equal(t, notMeasured, target.Reached, target.What)
	}
}

// The parts of a click add up to its stages.
func TestParts(t *testing.T) {
	m := measured(100, 4, 2, 6)
	m.HostCalls, m.WASICalls = 20, 4
	p := partsOf(m, Costs{Window: 2, Page: 1, HostCall: 0.01})
	require.InDelta(t, 10, p.Instantiate, 1e-9)
	require.InDelta(t, 40, p.Windows, 1e-9, "four fifths of what the request takes less with its pages resident")
	require.InDelta(t, 10, p.Pages, 1e-9)
	require.InDelta(t, 5+24*0.01, p.Calls, 1e-9)
	require.InDelta(t, 20-5-0.24, p.Computing, 1e-9)
	require.InDelta(t, 20, p.Teardown, 1e-9)
	require.InDelta(t, 100, stack{"", p}.total(), 1e-9)
}

// Every row of a table has as many cells as the table has columns.
func TestMarkdown(t *testing.T) {
	r := sample()
	r.SetTargets()
	text := string(r.Markdown())
	columns := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		cells := strings.Count(line, " | ")
		if columns == 0 {
			columns = cells
		}
		require.Equal(t, columns, cells, line)
	}
	for _, want := range []string{
		"A signed redirect, log line included, takes **0.10 ms** on wasmtime and **125,000 instructions**, 100,000 of which are HMAC-SHA256.",
		"- fsthttp takes **28.00 ×** that time (quartiles 28.00 to 28.00) and 32.27 × the instructions;",
		"| clickedge | signed | 10.0 | 33.3 | 16.7 | 15.0 | 5.0 | 20.0 | 100.0 |",
		"| window | 0x10000 | `core.Verify` | 0x10040 |",
		"| CPU | Test & Sons <1>, 2 cores |",
		"| js-compute | not in this run |",
		"| nginx | 8 | 9,000 | 0.80 ms (0.80 ms–0.80 ms) | 2.00 ms | 4.00 ms |",
		"| 62 bytes | 125,000 | 25,000 | – | – | – | 5 | 5 | 0 |",
		"- The rows of somebody are missing.",
	} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "quickly")
	r.Quick = true
	require.Contains(t, string(r.Markdown()), "quickly")
}

// The drawing is well-formed, has a bar per item, and stays within its bounds.
func TestPlot(t *testing.T) {
	r := sample()
	svg, err := r.Plot()
	require.NoError(t, err)
	bars := 0
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			bars++
		}
	}
	require.Equal(t, 1+2*6+6*6+6+6, bars, "the paper, two legends, six stacks of six parts, and two panels of six bars")
	require.Contains(t, string(svg), "Test &amp; Sons &lt;1&gt;")

	p := drawPanel("title", "", r.timeItems(), axisMicros, 0)
	for _, b := range p.Bars {
		require.Positive(t, b.Parts[0].Width)
		require.LessOrEqual(t, b.X2, float64(barLeft+barWidth)+0.1)
		require.LessOrEqual(t, b.X1, b.X2)
	}
	require.Equal(t, []string{"10 µs", "100 µs", "1 ms"}, texts(p.Ticks))
}

func texts(ticks []tick) (list []string) {
	for _, t := range ticks {
		list = append(list, t.Text)
	}
	return list
}

func TestPlotOfNothing(t *testing.T) {
	svg, err := (&Results{}).Plot()
	require.NoError(t, err)
	require.Contains(t, string(svg), "</svg>")
}

func TestSave(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	want := sample()
	require.NoError(t, want.Save(file))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var have Results
	require.NoError(t, json.Unmarshal(text, &have))
	require.Equal(t, want.withoutTurns(), &have)
	require.NotNil(t, want.Rows[0].Times.Turns, "they stay where they are needed")
}

func TestText(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 4_033_699: "4,033,699"} {
		require.Equal(t, want, Thousands(n))
	}
	for us, want := range map[float64]string{25: "25 µs", 99.6: "100 µs", 112: "0.11 ms", 1450: "1.45 ms", 15_000: "15.0 ms"} {
		require.Equal(t, want, Micros(us))
	}
	for n, want := range map[int]string{247: "247 B", 1500: "2 kB", 4_700_000: "4.7 MB"} {
		require.Equal(t, want, Bytes(n))
	}
	require.Equal(t, "–", spread(measure.Spread{}))
	require.Equal(t, "20.2 s", millis(20_200))
}
