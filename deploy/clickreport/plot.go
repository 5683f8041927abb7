package clickreport

import (
	"fmt"
	"math"
	"strings"
)

// plot is bars over time, each a stack of layers. A plot is a thousand units
// wide and 200 high, and is stretched to the page; words stand outside of it,
// so that they are not.
type plot struct {
	Layers []layer
	Bars   []bar
	Top    string   // what the top of the plot stands for
	Half   string   // and its middle
	Labels []string // first, middle and last period
	Total  int
	Alt    string // for who does not see it
}

type layer struct {
	Class, Label string
	of           func(*Counts) int
}

// bar is one period.
type bar struct {
	Title string
	X, W  string
	Parts []part
}

type part struct {
	Class string
	Y, H  int
}

const plotHeight = 200

// stack plots rows, the first layer at the bottom.
func stack(rows []Row, layers []layer) plot {
	p := plot{Layers: layers}
	most, peak := 0, ""
	for i := range rows {
		n := 0
		for _, l := range layers {
			n += l.of(&rows[i].Counts)
		}
		p.Total += n
		if n > most {
			most, peak = n, rows[i].Name
		}
	}
	top := ceiling(most)
	p.Top, p.Half = number(top), number(top/2)
	p.Labels = labels(rows)
	p.Alt = fmt.Sprintf("%s in all; the most, %s, at %s.", number(p.Total), number(most), peak)
	for i := range rows {
		if b := drawn(&rows[i], i, len(rows), top, layers); len(b.Parts) > 0 {
			p.Bars = append(p.Bars, b)
		}
	}
	return p
}

// drawn is the bar of a row. A sixth between bars is free, unless they are so
// many that the gaps would look like a pattern.
func drawn(row *Row, i, n, top int, layers []layer) bar {
	step := 1000 / float64(n)
	width := min(step*.84, 60)
	if n > 100 {
		width = step
	}
	b := bar{X: fmt.Sprintf("%.2f", float64(i)*step), W: fmt.Sprintf("%.2f", width)}
	title, y := []string{}, plotHeight
	for _, l := range layers {
		value := l.of(&row.Counts)
		if h := scale(value, top, plotHeight); h > 0 {
			y -= h
			b.Parts = append(b.Parts, part{l.Class, y, h})
		}
		title = append(title, fmt.Sprintf("%s %s", number(value), strings.ToLower(strings.SplitN(l.Label, ":", 2)[0])))
	}
	b.Title = row.Name + ": " + strings.Join(title, ", ")
	return b
}

// ceiling is the next of 2, 4, 6, 8, 10, 12, 16, 20, 40, …: its half is a whole
// number too.
func ceiling(n int) int {
	for step := 1; ; step *= 10 {
		for _, m := range []int{2, 4, 6, 8, 10, 12, 16} {
			if m*step >= n {
				return m * step
			}
		}
	}
}

func labels(rows []Row) (list []string) {
	switch n := len(rows); {
	case n == 0:
		return nil
	case n < 3:
		for i := range rows {
			list = append(list, rows[i].Name)
		}
		return list
	default:
		return []string{rows[0].Name, rows[n/2].Name, rows[n-1].Name}
	}
}

// latencyPlot has a line of each ESP on a logarithmic scale from one power of
// ten to another.
type latencyPlot struct {
	Rows  []latencyRow
	Ticks []string
	Grid  []int // where the inner ticks stand, in a thousandth
}

type latencyRow struct {
	Latency
	Name          string
	X50, W95, X95 int // from p50 to p95
	W99           int // from p95 to p99
}

func plotLatency(list []Latency) latencyPlot {
	var p latencyPlot
	low, high := decades(list)
	for _, l := range list {
		x := func(micros int64) int { return place(micros, low, high) }
		p.Rows = append(p.Rows, latencyRow{Latency: l, Name: l.Label(), X50: x(l.P50), W95: max(x(l.P95)-x(l.P50), 2), X95: x(l.P95), W99: max(x(l.P99)-x(l.P95), 2)})
	}
	for d := low; d <= high; d++ {
		p.Ticks = append(p.Ticks, tick(d))
		if d > low && d < high {
			p.Grid = append(p.Grid, (d-low)*1000/(high-low))
		}
	}
	return p
}

// decades are the powers of ten around all percentiles.
func decades(list []Latency) (low, high int) {
	low, high = 9, 0
	for _, l := range list {
		if l.Answers > 0 {
			low = min(low, int(math.Floor(math.Log10(float64(max(l.P50, 1))))))
			high = max(high, int(math.Ceil(math.Log10(float64(max(l.P99, 1))))))
		}
	}
	if low > high {
		return 3, 6
	}
	return low, max(high, low+1)
}

func place(micros int64, low, high int) int {
	at := (math.Log10(float64(max(micros, 1))) - float64(low)) / float64(high-low)
	return int(1000 * min(max(at, 0), 1))
}

// tick writes a power of ten of microseconds.
func tick(d int) string {
	unit := [...]string{"µs", "ms", "s"}[min(d/3, 2)]
	return fmt.Sprintf("%.0f %s", math.Pow10(d-3*min(d/3, 2)), unit)
}
