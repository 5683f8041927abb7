package clickreport

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/output"
)

// mostPeriods is the most rows of time in a text: three days of hours.
const mostPeriods = 72

// Text writes the report as tables of at most so many rows each, 0 for all. The
// rows of time are never cut: longer logs are shown by day, month or year.
func (r *Report) Text(w io.Writer, most int) error {
	if r.Total.Requests == 0 {
		_, err := fmt.Fprintf(w, "no request in %s\n", output.Count(r.Lines, "line"))
		return err
	}
	fmt.Fprintf(w, "%s in %s of the click log, %s\n", count(r.Total.Requests, "request"), count(r.Lines, "line"), r.span())
	if r.Only != "" {
		fmt.Fprintf(w, "only those %s\n", r.Only)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := range r.Tables {
		if t := &r.Tables[i]; t.By == ByNetwork.String() && len(t.Rows) == 0 {
			continue // no site asks for it
		}
		r.Tables[i].text(t, most, &r.Total)
	}
	r.latency(t)
	return t.Flush()
}

// count is [output.Count] with commas.
func count(n int, noun string) string {
	_, word, _ := strings.Cut(output.Count(n, noun), " ")
	return number(n) + " " + word
}

var columns = "REQUESTS\tCLICKS\tHUMAN\tBOT\tOPENS\tMISSED\tRECOVERED\tRECALLED\tREFUSED"

func (t *Table) text(w *tabwriter.Writer, most int, total *Counts) {
	heading, rows := strings.ToUpper(t.By), t.Rows
	if t.By == ByHour.String() {
		var u unit
		u, rows = periods(rows, mostPeriods)
		heading, most = strings.ToUpper(u.name)+" (UTC)", 0
	}
	fmt.Fprintf(w, "\n%s\t%s\n", heading, columns)
	shown, rest := cut(rows, most)
	for i := range shown {
		shown[i].text(w, clean.Cut(t.Label(shown[i].Name), widest))
	}
	if n := len(rows) - len(shown); n > 0 {
		rest.text(w, fmt.Sprintf("(%d more)", n))
	}
	if t.Others != nil {
		t.Others.text(w, "(others)")
	}
	if t.By == ByHour.String() {
		total.text(w, "total")
	}
	w.Flush()
}

// widest is the most bytes of a name in a text.
const widest = 80

// cut leaves the first rows and adds up the others.
func cut(rows []Row, most int) (shown []Row, rest Counts) {
	if most <= 0 || len(rows) <= most {
		return rows, rest
	}
	for i := range rows[most:] {
		rest.plus(&rows[most+i].Counts)
	}
	return rows[:most], rest
}

func (c *Counts) text(w io.Writer, name string) {
	fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", name, c.Requests, c.Clicks, c.Human, c.Bot, c.Opens, c.Missed, c.Recovered, c.Recalled, c.Refused)
}

func (r *Report) latency(w *tabwriter.Writer) {
	if len(r.Latency) == 0 {
		return
	}
	fmt.Fprintf(w, "\nESP LATENCY\tANSWERS\tP50\tP95\tP99\tMAX\tNO ANSWER\n")
	for i := range r.Latency {
		l := &r.Latency[i]
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%d\n", clean.Cut(l.Label(), widest), l.Answers, took(l.P50), took(l.P95), took(l.P99), took(l.Max), l.NoAnswer)
	}
	w.Flush()
	fmt.Fprintf(w, "percentiles are within %.0f %%\n", LatencyError*100)
}
