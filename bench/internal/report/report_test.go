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
)

func stages(us float64) *measure.Stages {
	s := measure.Spread{Median: us, Low: us / 2, High: us * 2, N: 100}
	return &measure.Stages{Instantiate: s, Request: s, Drop: s, Total: s, Faults: s}
}

func ratio(times float64) measure.Spread {
	return measure.Spread{Median: times, Low: times, High: times, N: 5}
}

func counts(instructions uint64, calls int) measure.Counts {
	return measure.Counts{Instructions: instructions, BeforeFirstCall: 900, HostCalls: calls}
}

// sample has a row for every guest; every target is barely reached.
func sample() *Results {
	r := &Results{
		Date: "2026-03-01", Machine: measure.Machine{CPU: "Test & Sons <1>", Cores: 2, Go: "go1.26"}, HMAC: 100_000, HostCall: 0.5,
		Modules: []Module{{Name: Ours, Title: "clickedge", Bytes: 4_000_000, CompileMS: 1000, PrewarmMS: 300}},
		Sites: []Site{
			{Sites: 1, Clicks: map[string]measure.Counts{"signed": counts(100_000, 20)}, Signed: stages(100)},
			{Sites: 100, Clicks: map[string]measure.Counts{"signed": counts(100_000, 20), "proxied": counts(30_000, 26)}},
			{Sites: 100_000, Clicks: map[string]measure.Counts{"signed": counts(102_000, 20), "proxied": counts(30_000, 26)}},
		},
		Links:    []*Shape{{Destination: 62, Clicks: map[string]measure.Counts{"signed": counts(125_000, 20)}, HMAC: 100_000}},
		Headers:  []*Shape{{Headers: 40, Clicks: map[string]measure.Counts{"signed": counts(130_000, 20)}}},
		Loopback: []loopback.Result{{Name: "nginx", Connections: 8, PerSecond: 9000, Latency: ratio(800), Slow: 2000}},
		Notes:    []string{"The rows of somebody are missing."},
	}
	click := &measure.Click{Counts: counts(125_000, 20), Allocations: 3, AllocatedBytes: 300, Touched: 40, GuestWrites: 20}
	add := func(module, kind string, c measure.Counts, us, times float64) {
		r.Rows = append(r.Rows, Row{Module: module, Kind: kind, Title: module, Counts: c, Stages: stages(us), Ratio: ratio(times)})
	}
	add(Ours, "signed", counts(125_000, 20), 100, 1)
	add(Ours, "decoded", counts(35_000, 17), 90, 0.9)
	add(Ours, "proxied", counts(30_000, 26), 90, 0.9)
	add(FSTHTTP, Plain, measure.Counts{Instructions: 4_033_699, BeforeFirstCall: 3_600_000, HostCalls: 23}, 1200, 12)
	add(JSPlain, Plain, counts(329_919, 10), 300, 3)
	add(Empty, Plain, counts(15, 4), 25, 0.25)
	r.Rows[0].Click = click
	return r
}

func TestTargetsReached(t *testing.T) {
	r := sample()
	r.SetTargets()
	require.Len(t, r.Targets, 12)
	for _, target := range r.Targets {
		require.Equal(t, "yes", target.Reached, target.What)
	}
	require.Equal(t, Target{What: "signed redirect, instructions beside crypto/hmac", Limit: "≤ 25,000", Now: "25,000", Beside: "4,033,699", Reached: "yes"}, r.Targets[0])
	require.Equal(t, "2.0 %", r.Targets[7].Now)
	require.Equal(t, "growth from 1 to 100,000 sites, instructions", r.Targets[7].What)
	require.Equal(t, "1/12.0", r.Targets[9].Now)
	require.Equal(t, "4.0 ×", r.Targets[11].Now)
}

func TestTargetsMissed(t *testing.T) {
	r := sample()
	for i := range r.Rows {
		c := &r.Rows[i].Counts
		c.Instructions, c.HostCalls, c.BeforeFirstCall = c.Instructions+1, c.HostCalls+1, c.BeforeFirstCall+101
		r.Rows[i].Ratio = ratio(r.Rows[i].Ratio.Median * 0.99)
	}
	r.Sites[2].Clicks["proxied"] = counts(30_601, 27)
	r.SetTargets()
	for _, target := range r.Targets {
		require.Equal(t, "no", target.Reached, target.What)
	}
}

func TestTargetsNotMeasured(t *testing.T) {
	r := &Results{}
	r.SetTargets()
	for _, target := range r.Targets {
		if target.What != "instructions before the first host call" {
			require.Equal(t, notMeasured, target.Reached, target.What)
		}
	}
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
		"- fsthttp takes **12.00 ×** that time (quartiles 12.00 to 12.00) and 32.27 × the instructions;",
		"| CPU | Test & Sons <1>, 2 cores |",
		"| js-compute | not in this run |",
		"| nginx | 8 | 9,000 | 0.80 ms (0.80 ms–0.80 ms) | 2.00 ms |",
		"| 62 bytes | 125,000 | 25,000 | – |",
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
	require.Equal(t, 1+6+6+3, bars, "the paper, and a bar per item")
	require.Contains(t, string(svg), "Test &amp; Sons &lt;1&gt;")

	p := drawPanel("title", "", r.timeItems(), axisMicros, 0)
	for _, b := range p.Bars {
		require.Positive(t, b.Width)
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
	require.Equal(t, want, &have)
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
