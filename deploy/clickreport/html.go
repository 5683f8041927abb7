package clickreport

import (
	_ "embed"
	"html/template"
	"io"
	"strings"

	"github.com/clickedge/clickedge/deploy/output"
)

// The page holds no script and names no other resource; its style is allowed by
// its hash alone, so that a name in the log has no effect, whatever it is.
//
//go:embed page.html
var pageText string

var page = newPage()

// newPage puts the hash of the style in its place.
func newPage() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{"number": number, "count": count, "took": took, "share": share, "title": title}).Parse(output.PageWithHashes(pageText)))
}

// The most rows that the page shows: of time, and of other tables.
const (
	pagePeriods = 336 // two weeks of hours
	pageRows    = 25
)

// htmlPage is what the template is given.
type htmlPage struct {
	*Report
	Span    string
	Unit    string // hour, day, month or year
	Time    []htmlRow
	Clicks  plot
	Missed  plot
	Tables  []htmlTable
	Latency latencyPlot
}

// htmlTable is a table with a bar in each row.
type htmlTable struct {
	By, Title, What string
	Rows            []htmlRow
}

// htmlRow is a row; Bar is its length in a thousandth of the longest.
type htmlRow struct {
	Label string
	Bar   int
	Counts
}

var titles = map[string][2]string{
	"host":        {"By host", "Host"},
	"esp":         {"By ESP", "ESP"},
	"kind":        {"By kind", "Kind"},
	"verdict":     {"By verdict", "Verdict"},
	"code":        {"By code", "Code"},
	"destination": {"By destination", "Destination"},
	"network":     {"By network", "Network"},
}

// title writes a word with a capital.
func title(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

// HTML writes the report as one page that needs nothing else. It follows the
// reader's choice of light or dark. Every plot has its numbers in a table.
func (r *Report) HTML(w io.Writer) error {
	p := htmlPage{Report: r, Span: r.span(), Latency: plotLatency(r.Latency)}
	for i := range r.Tables {
		if t := &r.Tables[i]; t.By == ByHour.String() {
			p.time(t)
		} else {
			p.Tables = append(p.Tables, t.html())
		}
	}
	return page.Execute(w, p)
}

func (p *htmlPage) time(t *Table) {
	u, rows := periods(t.Rows, pagePeriods)
	p.Unit = u.name
	for _, row := range rows {
		p.Time = append(p.Time, htmlRow{Label: row.Name, Counts: row.Counts})
	}
	if t.Others != nil {
		p.Time = append(p.Time, htmlRow{Label: "(others)", Counts: *t.Others})
	}
	p.Clicks = stack(rows, []layer{
		{"human", "Human", func(c *Counts) int { return c.Human }},
		{"unknown", "Unknown", func(c *Counts) int { return c.Unknown }},
		{"bot", "Bot", func(c *Counts) int { return c.Bot }}})
	p.Missed = stack(rows, []layer{
		{"recovered", "Recovered: the reader was redirected from the link", func(c *Counts) int { return c.Recovered }},
		{"lost", "Not recovered", func(c *Counts) int { return c.Missed - c.Recovered }}})
}

func (t *Table) html() htmlTable {
	h := htmlTable{By: t.By, Title: titles[t.By][0], What: titles[t.By][1]}
	shown, rest := cut(t.Rows, pageRows)
	for _, row := range shown {
		h.Rows = append(h.Rows, htmlRow{Label: t.Label(row.Name), Counts: row.Counts})
	}
	if n := len(t.Rows) - len(shown); n > 0 {
		h.Rows = append(h.Rows, htmlRow{Label: "(" + number(n) + " more)", Counts: rest})
	}
	if t.Others != nil {
		h.Rows = append(h.Rows, htmlRow{Label: "(others)", Counts: *t.Others})
	}
	longest := 1
	for i := range h.Rows {
		longest = max(longest, h.Rows[i].Requests)
	}
	for i := range h.Rows {
		h.Rows[i].Bar = scale(h.Rows[i].Requests, longest, 1000)
	}
	return h
}

// scale is n of most as a part of length, and at least 1 for what is there.
func scale(n, most, length int) int {
	if n <= 0 || most <= 0 {
		return 0
	}
	return max(1, int(float64(n)/float64(most)*float64(length)))
}

// share writes a part of a whole in per cent, which no line end divides.
func share(n, of int) string {
	const percent = "\u00a0%"
	switch part := 100 * float64(n) / float64(max(of, 1)); {
	case n == 0:
		return "0" + percent
	case part < 1:
		return "under\u00a01" + percent
	case part > 99 && n < of:
		return "over\u00a099" + percent
	default:
		return number(int(part+.5)) + percent
	}
}
