package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html"
	"math"
	"strconv"
	"text/template"
)

// Plot is made from a template: a log scale and bars need no library, and so
// one file can follow the reader's light or dark theme.
//
//go:embed plot.svg.tmpl
var plotTemplate string

var plotText = template.Must(template.New("plot").Parse(plotTemplate))

// Geometry of the drawing, in its own units.
const (
	plotWidth  = 960
	labelWidth = 292
	barLeft    = labelWidth + 12
	barWidth   = plotWidth - barLeft - 112
	barHeight  = 18
	rowHeight  = 27
	panelHead  = 64
	panelFoot  = 30
)

// panel is a chart: bars on one axis.
type panel struct {
	Top           int
	Title, Detail string
	Legend        []entry
	Bars          []bar
	Ticks         []tick
	AxisTop, Base int
}

// entry is one of a legend.
type entry struct {
	X           float64
	Class, Text string
}

// bar is one row of a panel: parts beside one another. Whiskers, if any, are
// from X1 to X2.
type bar struct {
	Label, Value string
	Y, TextY     int
	Parts        []part
	Middle       int
	ValueX       float64
	Whisker      bool
	X1, X2       float64
}

// part is a rectangle of a bar.
type part struct {
	X, Width float64
	Class    string
}

type tick struct {
	X    float64
	Text string
}

// item is what a bar stands for.
type item struct {
	label, class string
	value        float64
	low, high    float64 // 0: no whiskers
	text         string
}

// Plot writes plot.svg.
func (r *Results) Plot() ([]byte, error) {
	top := 76
	var panels []panel
	add := func(p panel, ok bool) {
		if ok {
			panels, top = append(panels, p), p.Base+panelFoot+16
		}
	}
	for _, p := range []struct {
		title, detail string
		panel         int
	}{
		{"Where a click's time goes", "on wasmtime, a sandbox per request; medians", short},
		{"The same of larger guests", "another scale", large},
	} {
		if list := r.stackItems(p.panel); len(list) > 0 {
			add(drawStacks(p.title, p.detail, list, top), true)
		}
	}
	for _, p := range []struct {
		title, detail string
		items         []item
		unit          func(float64) string
	}{
		{"Time per click on wasmtime, all guests", "logarithmic: each line is ten times the one before; median, whiskers are quartiles", r.timeItems(), axisMicros},
		{"Instructions per click", "logarithmic", r.instructionItems(), shortCount},
	} {
		if len(p.items) > 0 {
			add(drawPanel(p.title, p.detail, p.items, p.unit, top), true)
		}
	}
	var b bytes.Buffer
	machine := fmt.Sprintf("%s, %d cores · wasmtime %s · %s · %s", r.Machine.CPU, r.Machine.Cores, orNone(r.Machine.Wasmtime), r.Machine.Go, r.Date)
	err := plotText.Execute(&b, map[string]any{
		"Width": plotWidth, "Height": top + 24, "Foot": top, "Panels": panels, "LabelX": labelWidth, "Left": barLeft, "BarHeight": barHeight,
		"Machine": html.EscapeString(machine),
	})
	return b.Bytes(), err
}

// stages are the parts of a click's time, in the order of a stacked bar.
var stages = []struct {
	class, text string
	of          func(*Parts) float64
}{
	{"instantiate", "instantiate", func(p *Parts) float64 { return p.Instantiate }},
	{"windows", "windows read first", func(p *Parts) float64 { return p.Windows }},
	{"pages", "pages written", func(p *Parts) float64 { return p.Pages }},
	{"computing", "computing", func(p *Parts) float64 { return p.Computing }},
	{"calls", "host calls", func(p *Parts) float64 { return p.Calls }},
	{"teardown", "teardown", func(p *Parts) float64 { return p.Teardown }},
}

// stack is a bar of drawStacks.
type stack struct {
	label string
	parts *Parts
}

func (s stack) total() (sum float64) {
	for _, st := range stages {
		sum += st.of(s.parts)
	}
	return sum
}

// drawStacks makes the layout of the panel that says where a click's time goes,
// on a linear axis.
func drawStacks(title, detail string, list []stack, top int) panel {
	const head = panelHead + 22
	p := panel{Top: top, Title: title, Detail: detail, AxisTop: top + head - 10}
	most := 1.0
	for _, s := range list {
		most = max(most, s.total())
	}
	step := niceStep(most)
	scale := float64(barWidth) / most
	for i, s := range list {
		y := top + head + i*rowHeight
		b := bar{Label: s.label, Value: axisMicros(s.total()), Y: y, TextY: y + 13}
		x := float64(barLeft)
		for _, st := range stages {
			width := math.Round(10*scale*st.of(s.parts)) / 10
			b.Parts = append(b.Parts, part{x, width, st.class})
			x += width
		}
		b.ValueX = x + 8
		p.Bars = append(p.Bars, b)
	}
	p.Base = top + head + len(list)*rowHeight
	for v := 0.0; v <= most; v += step {
		p.Ticks = append(p.Ticks, tick{barLeft + v*scale, axisMicros(v)})
	}
	x := float64(barLeft)
	for _, st := range stages {
		p.Legend = append(p.Legend, entry{x, st.class, st.text})
		x += 34 + 6.6*float64(len(st.text))
	}
	return p
}

// niceStep divides an axis into four to ten parts of 1, 2 or 5 times a power of
// ten.
func niceStep(most float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(most)))
	for _, n := range []float64{0.1, 0.2, 0.5, 1} {
		if most/(n*unit) <= 10 {
			return n * unit
		}
	}
	return unit
}

// drawPanel makes the layout of a panel with a logarithmic axis, which begins at
// the power of ten below the least value.
func drawPanel(title, detail string, items []item, unit func(float64) string, top int) panel {
	least, most := math.Inf(1), 0.0
	for _, it := range items {
		least, most = min(least, it.value), max(most, it.value, it.high)
	}
	from, to := math.Floor(math.Log10(max(least, 1))), math.Log10(max(most, 10))
	if to-from < 1 {
		to = from + 1
	}
	at := func(v float64) float64 {
		return math.Round(10*barWidth*max(0.004, (math.Log10(max(v, 1))-from)/(to-from))) / 10
	}
	p := panel{Top: top, Title: title, Detail: detail, AxisTop: top + panelHead - 14}
	for i, it := range items {
		y := top + panelHead + i*rowHeight
		width := at(it.value)
		b := bar{Label: it.label, Value: it.text, Y: y, TextY: y + 13, Middle: y + barHeight/2, Parts: []part{{barLeft, width, it.class}}}
		b.ValueX = barLeft + width + 8
		if it.high > 0 {
			b.Whisker, b.X1, b.X2 = true, barLeft+at(it.low), barLeft+at(it.high)
			b.ValueX = max(b.ValueX, b.X2+8)
		}
		p.Bars = append(p.Bars, b)
	}
	p.Base = top + panelHead + len(items)*rowHeight
	for e := from; e <= to+1e-9; e++ {
		p.Ticks = append(p.Ticks, tick{barLeft + barWidth*(e-from)/(to-from), unit(math.Pow(10, e))})
	}
	return p
}

// The panels of stacked bars: on one linear axis, the parts of short ones would
// not be seen beside large ones.
const (
	short = 1 + iota
	large
)

// order is the order of the bars, beginning with the empty module.
var order = []struct {
	module, kind, label, class string
	panel                      int // of stacked bars
}{
	{Empty, Plain, "empty module, 204", "floor", short},
	{Raw, "signed", "Rust without a runtime, signed", "peer", short},
	{Crate, "signed", "Rust, fastly crate, signed", "peer", short},
	{Ours, "signed", "clickedge, signed redirect", "ours", short},
	{Ours, "decoded", "clickedge, decoded redirect (SES)", "ours", short},
	{Ours, "proxied", "clickedge, proxied click", "ours", short},
	{Ours, "refused", "clickedge, refused link", "ours", short},
	{Crate, Long, "Rust, fastly crate, 2 KB destination", "peer", short},
	{Ours, Long, "clickedge, 2 KB destination", "ours", short},
	{FSTHTTPWarm, Plain, "Go fsthttp prewarmed, plain 302", "peer", large},
	{JSPlain, Plain, "JavaScript SDK, plain 302", "peer", large},
	{CoreWarm, "signed", "core + fsthttp, prewarmed, signed", "peer", large},
	{FSTHTTP, Plain, "Go fsthttp, plain 302", "peer", large},
	{Core, "signed", "core + fsthttp, signed", "peer", large},
	{JSSigned, "signed", "JavaScript SDK, signed", "peer", large},
}

func (r *Results) stackItems(panel int) (list []stack) {
	for _, o := range order {
		if row := r.Row(o.module, o.kind); o.panel == panel && row != nil && row.Parts != nil {
			list = append(list, stack{o.label, row.Parts})
		}
	}
	return list
}

func (r *Results) instructionItems() (list []item) {
	for _, o := range order {
		if row := r.Row(o.module, o.kind); row != nil {
			n := row.Counts.Instructions
			list = append(list, item{label: o.label, class: o.class, value: float64(n), text: Thousands(n)})
		}
	}
	return list
}

func (r *Results) timeItems() (list []item) {
	for _, o := range order {
		if row := r.Row(o.module, o.kind); row != nil && row.Times != nil {
			t := row.Times.Total
			list = append(list, item{label: o.label, class: o.class, value: t.Median, low: t.Low, high: t.High, text: axisMicros(t.Median)})
		}
	}
	return list
}

func shortCount(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.0f M", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%.0f k", v/1e3)
	}
	return fmt.Sprintf("%.0f", v)
}

func axisMicros(us float64) string {
	if us >= 1000 {
		return strconv.FormatFloat(math.Round(us/100)/10, 'g', -1, 64) + " ms"
	}
	return fmt.Sprintf("%.0f µs", us)
}
