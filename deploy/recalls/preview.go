package recalls

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/recall"
	"github.com/clickedge/clickedge/deploy/clicklog"
	"github.com/clickedge/clickedge/deploy/output"
)

// Preview counts in the click log which clicks a rule may have met.
type Preview struct {
	clicklog.Reader
	Host string // the link domain
	From recall.From

	clicks, may   int
	first, latest time.Time
	hosts         map[string]int
}

// Line counts one line.
func (p *Preview) Line(text []byte) {
	l, ok := p.Parse(text)
	if !ok || core.CanonicalHost(l.Host) != p.Host || l.Destination == "" || !p.First(l) {
		return
	}
	switch l.Kind {
	case esp.KindClick.String(), esp.KindApp.String(), esp.KindOther.String():
	default:
		return
	}
	p.clicks++
	if p.hosts == nil {
		p.hosts = map[string]int{}
	}
	p.hosts[l.Destination]++
	if l.Destination != p.From.Host {
		return
	}
	p.may++
	if p.first.IsZero() || l.Time.Before(p.first) {
		p.first = l.Time
	}
	if l.Time.After(p.latest) {
		p.latest = l.Time
	}
}

// Text says how many clicks the rule may have met.
func (p *Preview) Text(w io.Writer) {
	fmt.Fprintf(w, "of %s on %s in the log, %d led to %s", output.Count(p.clicks, "click"), p.Host, p.may, p.From.Host)
	if p.may > 0 {
		fmt.Fprintf(w, ", from %s to %s", p.first.UTC().Format(time.RFC3339), p.latest.UTC().Format(time.RFC3339))
	}
	fmt.Fprintln(w, "\nthe log has hosts and no paths: the rule meets those of them that lead to "+p.From.String())
	if p.may == 0 && p.clicks > 0 {
		hosts := slices.SortedFunc(maps.Keys(p.hosts), func(a, b string) int { return cmp.Or(p.hosts[b]-p.hosts[a], cmp.Compare(a, b)) })
		for i := range hosts {
			hosts[i] = clean.Text(hosts[i])
		}
		fmt.Fprintln(w, "they led to "+output.Some(hosts, 6))
	}
}
