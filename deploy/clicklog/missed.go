package clicklog

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/output"
)

// Missed counts what the ESPs have missed, by hour and ESP. The zero value has
// read nothing.
type Missed struct {
	Reader
	hours map[hourOfESP]*MissedCounts
	total MissedCounts
}

type hourOfESP struct {
	hour time.Time
	esp  string
}

// MissedReport is what missed --json prints.
type MissedReport struct {
	Hours  []MissedHour `json:"hours"`
	Total  MissedCounts `json:"total"`
	Lines  int          `json:"lines"`       // of the click log
	Others int          `json:"other_lines"` // passed over
	Passed Passed       `json:"passed_over"` // the same, by what they are
	Left   int          `json:"left_out"`    // by the filter
}

// MissedHour is what one ESP missed in one hour.
type MissedHour struct {
	Hour string `json:"hour"` // when it begins, RFC 3339, UTC
	ESP  string `json:"esp"`
	MissedCounts
}

// MissedCounts are numbers of requests.
type MissedCounts struct {
	Clicks       int `json:"clicks"` // app links included
	Opens        int `json:"opens"`
	Unsubscribes int `json:"unsubscribes"`
	Other        int `json:"other"`
	Certain      int `json:"certain"` // of all these: the ESP was never reached
}

// Line counts one line.
func (m *Missed) Line(text []byte) {
	l, ok := m.Parse(text)
	if !ok || !l.WasMissed() || !m.First(l) {
		return
	}
	key := hourOfESP{l.Time.UTC().Truncate(time.Hour), l.ESP}
	if m.hours == nil {
		m.hours = map[hourOfESP]*MissedCounts{}
	}
	if m.hours[key] == nil {
		m.hours[key] = &MissedCounts{}
	}
	m.hours[key].add(l)
	m.total.add(l)
}

func (c *MissedCounts) add(l *Line) {
	switch {
	case l.IsClick():
		c.Clicks++
	case l.Kind == esp.KindOpen.String():
		c.Opens++
	case l.Kind == esp.KindUnsubscribe.String():
		c.Unsubscribes++
	default:
		c.Other++
	}
	if l.Missed == "yes" {
		c.Certain++
	}
}

// Report sorts by hour, then by ESP.
func (m *Missed) Report() *MissedReport {
	keys := slices.SortedFunc(maps.Keys(m.hours), func(a, b hourOfESP) int {
		return cmp.Or(a.hour.Compare(b.hour), cmp.Compare(a.esp, b.esp))
	})
	r := &MissedReport{Hours: make([]MissedHour, 0, len(keys)), Total: m.total, Lines: m.Count, Others: m.Others, Passed: m.Passed, Left: m.LeftOut}
	for _, k := range keys {
		r.Hours = append(r.Hours, MissedHour{k.hour.Format(time.RFC3339), k.esp, *m.hours[k]})
	}
	return r
}

// Text writes the report as a table.
func (r *MissedReport) Text(w io.Writer) error {
	if len(r.Hours) == 0 {
		_, err := fmt.Fprintf(w, "nothing was missed in %s\n", output.Count(r.Lines, "line"))
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "HOUR (UTC)\tESP\tCLICKS\tOPENS\tUNSUBSCRIBES\tOTHER\tCERTAIN")
	for _, h := range r.Hours {
		h.row(t, h.Hour[:10]+" "+h.Hour[11:16], clean.Text(h.ESP))
	}
	r.Total.row(t, "total", "")
	return t.Flush()
}

func (c MissedCounts) row(w io.Writer, hour, esp string) {
	fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\n", hour, esp, c.Clicks, c.Opens, c.Unsubscribes, c.Other, c.Certain)
}
