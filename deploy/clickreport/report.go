package clickreport

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/clicklog"
	"github.com/clickedge/clickedge/deploy/output"
)

// Report is what was counted, as --json prints it.
type Report struct {
	TimeZone string          `json:"time_zone"` // UTC
	Begins   *time.Time      `json:"begins,omitempty"`
	Ends     *time.Time      `json:"ends,omitempty"`
	Only     string          `json:"only,omitempty"` // the filter, in words
	Lines    int             `json:"lines"`          // of the click log
	Others   int             `json:"other_lines"`    // passed over
	Passed   clicklog.Passed `json:"passed_over"`    // the same, by what they are
	Left     int             `json:"left_out"`       // by the filter
	Repeats  int             `json:"repeats"`        // lines of requests that were counted already
	Forgot   int             `json:"forgotten"`      // requests of which a repeat was counted again
	Total    Counts          `json:"total"`
	Tables   []Table         `json:"by"`
	Latency  []Latency       `json:"latency"`
	// LatencyError is how far a percentile may be off, as a part of it.
	LatencyError float64  `json:"latency_error"`
	Notes        []string `json:"notes"`
}

// Table has the requests by one thing.
type Table struct {
	By   string `json:"by"`
	Rows []Row  `json:"rows"`
	// Others are requests of further names, once the table was full.
	Others *Counts `json:"others,omitempty"`
}

// Latency is how long an ESP took to answer, the edge's own part included.
type Latency struct {
	ESP      string `json:"esp"`
	Others   bool   `json:"others,omitempty"` // the row is that of ESPs beyond the bound
	Answers  int    `json:"answers"`
	NoAnswer int    `json:"no_answer"`
	P50      int64  `json:"p50_us"`
	P95      int64  `json:"p95_us"`
	P99      int64  `json:"p99_us"`
	Max      int64  `json:"max_us"`
}

// Report returns what was counted so far.
func (c *Clicks) Report() *Report {
	r := &Report{TimeZone: "UTC", Only: c.Only.String(), Lines: c.Count, Others: c.Others, Passed: c.Passed, Left: c.LeftOut,
		Repeats: c.Repeats, Forgot: c.Forgot(), Total: c.total, LatencyError: LatencyError, Latency: []Latency{}}
	if !c.Begins.IsZero() {
		begins, ends := c.Begins.UTC(), c.Ends.UTC()
		r.Begins, r.Ends = &begins, &ends
	}
	for by := range tables {
		r.Tables = append(r.Tables, c.table(By(by)))
	}
	for _, esp := range slices.Sorted(maps.Keys(c.times)) {
		r.Latency = append(r.Latency, c.times[esp].latency(esp))
	}
	if rest := c.rest.latency(""); rest.Answers+rest.NoAnswer > 0 {
		rest.Others = true
		r.Latency = append(r.Latency, rest)
	}
	r.Notes = append(c.notes(r), c.Reader.Notes()...)
	return r
}

func (c *Clicks) table(by By) Table {
	t := c.tally(by)
	list := Table{By: by.String(), Rows: t.bySize()}
	if by == ByHour {
		list.Rows = t.byName()
	}
	if t.others.Requests > 0 {
		others := t.others
		list.Others = &others
	}
	return list
}

func (t *times) latency(esp string) Latency {
	a := &t.answers
	return Latency{ESP: esp, Answers: a.n, NoAnswer: t.noAnswer,
		P50: a.percentile(50), P95: a.percentile(95), P99: a.percentile(99), Max: a.max}
}

// notes says which tables are full.
func (c *Clicks) notes(r *Report) []string {
	list := []string{}
	for by, t := range r.Tables {
		if t.Others != nil {
			list = append(list, fmt.Sprintf("the table by %s has its %d rows: %s of further ones %s counted as others",
				t.By, c.tally(By(by)).most, output.Count(t.Others.Requests, "request"), be(t.Others.Requests)))
		}
	}
	if c.rest.answers.n+c.rest.noAnswer > 0 {
		list = append(list, fmt.Sprintf("times are kept of %d ESPs: those of further ones are in one row", mostESPs))
	}
	return list
}

func be(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// none is what stands for an empty name.
var none = map[string]string{"host": "(no site has it)", "esp": "(no site)", "verdict": "(none)", "kind": "(none)", "code": "(none)"}

// Label is a row's name for people.
func (t *Table) Label(name string) string {
	switch {
	case name == "":
		return none[t.By]
	case t.By == "destination" && name == "?":
		return "? (a host that the log does not tell)"
	}
	return clean.Text(name)
}

// Label is the ESP's name for people.
func (l *Latency) Label() string {
	switch {
	case l.Others:
		return "(others)"
	case l.ESP == "":
		return none["esp"]
	}
	return clean.Text(l.ESP)
}

// Keep leaves these tables, and times if the ESP is among them. The names are
// those of [Names].
func (r *Report) Keep(names []string) {
	if len(names) == 0 {
		return
	}
	r.Tables = slices.DeleteFunc(r.Tables, func(t Table) bool { return !slices.Contains(names, t.By) })
	if !slices.Contains(names, ByESP.String()) {
		r.Latency = []Latency{}
	}
}

// span says from when to when the log was read.
func (r *Report) span() string {
	if r.Begins == nil {
		return "no time"
	}
	const minute = "2006-01-02 15:04"
	return r.Begins.Format(minute) + " to " + r.Ends.Format(minute) + " UTC"
}

// number writes a number with commas: 1,234,567.
func number(n int) string {
	text := fmt.Sprint(n)
	var b strings.Builder
	for i, digit := range text {
		if i > 0 && text[i-1] != '-' && (len(text)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// took writes microseconds with two or three digits: more would be false.
func took(micros int64) string {
	switch seconds := float64(micros) / 1e6; {
	case micros == 0:
		return "-"
	case micros < 1e3:
		return fmt.Sprintf("%d µs", micros)
	case micros < 10e3:
		return fmt.Sprintf("%.1f ms", seconds*1000)
	case micros < 1e6:
		return fmt.Sprintf("%.0f ms", seconds*1000)
	case micros < 100e6:
		return fmt.Sprintf("%.2f s", seconds)
	default:
		return fmt.Sprintf("%.0f s", seconds)
	}
}
