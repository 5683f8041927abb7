package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html"
	"math"
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

// panel is a chart: bars on a logarithmic axis.
type panel struct {
	Top           int
	Title, Detail string
	Bars          []bar
	Ticks         []tick
	AxisTop, Base int
}

// bar is one row of a panel; whiskers, if any, are from X1 to X2.
type bar struct {
	Label, Value, Class string
	Y, TextY, Middle    int
	Width, ValueX       float64
	Whisker             bool
	X1, X2              float64
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
	top := 84
	var panels []panel
	for _, p := range []struct {
		title, detail string
		items         []item
		unit          func(float64) string
	}{
		{"Instructions per click", "wasmtime fuel; a sandbox per request", r.instructionItems(), shortCount},
		{"Time per click on wasmtime", "instantiate, request and drop; median, whiskers are quartiles", r.timeItems(), axisMicros},
		{"Instructions of a signed redirect, by number of sites", "rows of one length are the aim: a lookup is a lookup in memory", r.siteItems(), shortCount},
	} {
		if len(p.items) == 0 {
			continue
		}
		chart := drawPanel(p.title, p.detail, p.items, p.unit, top)
		panels, top = append(panels, chart), chart.Base+panelFoot+16
	}
	var b bytes.Buffer
	err := plotText.Execute(&b, map[string]any{
		"Width": plotWidth, "Height": top + 24, "Foot": top, "Panels": panels, "LabelX": labelWidth, "Left": barLeft, "BarHeight": barHeight,
		"Machine": html.EscapeString(fmt.Sprintf("%s, %d cores · %s · wasmtime %s · %s", r.Machine.CPU, r.Machine.Cores, r.Machine.Go, r.Machine.Wasmtime, r.Date)),
	})
	return b.Bytes(), err
}

// drawPanel makes the layout of a panel. The axis begins at the power of ten
// below the least value.
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
		b := bar{Label: it.label, Value: it.text, Class: it.class, Y: y, TextY: y + 13, Middle: y + barHeight/2, Width: at(it.value)}
		b.ValueX = barLeft + b.Width + 8
		if it.high > 0 {
			b.Whisker, b.X1, b.X2 = true, barLeft+at(it.low), barLeft+at(it.high)
			b.ValueX = b.X2 + 8
		}
		p.Bars = append(p.Bars, b)
	}
	p.Base = top + panelHead + len(items)*rowHeight
	for e := from; e <= to+1e-9; e++ {
		p.Ticks = append(p.Ticks, tick{barLeft + barWidth*(e-from)/(to-from), unit(math.Pow(10, e))})
	}
	return p
}

// order is the order of the bars, beginning with the empty module.
var order = []struct{ module, kind, label, class string }{
	{Empty, Plain, "empty module, 204", "floor"},
	{Ours, "proxied", "clickedge, proxied click", "ours"},
	{Ours, "decoded", "clickedge, decoded redirect (SES)", "ours"},
	{Ours, "signed", "clickedge, signed redirect", "ours"},
	{Ours, "refused", "clickedge, refused link", "ours"},
	{JSPlain, Plain, "JavaScript SDK, plain 302", "peer"},
	{CoreWarm, "signed", "core + fsthttp, prewarmed, signed", "peer"},
	{FSTHTTP, Plain, "Go fsthttp, plain 302", "peer"},
	{Core, "signed", "core + fsthttp, signed", "peer"},
	{JSSigned, "signed", "JavaScript SDK, signed", "peer"},
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
		if row := r.Row(o.module, o.kind); row != nil && row.Stages != nil {
			t := row.Stages.Total
			list = append(list, item{label: o.label, class: o.class, value: t.Median, low: t.Low, high: t.High, text: Micros(t.Median)})
		}
	}
	return list
}

func (r *Results) siteItems() (list []item) {
	for _, s := range r.Sites {
		if c, ok := s.Clicks["signed"]; ok {
			label := Thousands(uint64(s.Sites)) + " sites"
			if s.Sites == 1 {
				label = "1 site"
			}
			list = append(list, item{label: label, class: "ours", value: float64(c.Instructions), text: Thousands(c.Instructions)})
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
		return fmt.Sprintf("%.0f ms", us/1000)
	}
	return fmt.Sprintf("%.0f µs", us)
}
