package serve

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/serve/seen"
)

// lineWriter prints one line for each request.
type lineWriter struct {
	out     io.Writer
	err     io.Writer
	sites   *core.Sites
	verbose bool
	json    bool
	// The widths of two columns.
	hostWidth, backendWidth int

	mu     sync.Mutex // requests end at the same time
	hinted bool
}

// maxColumn bounds the width of a column, in bytes: one long name should not
// push every line apart.
const maxColumn = 40

func (s *server) lineWriter(svc *generation) *lineWriter {
	l := &lineWriter{out: s.Out, err: s.Err, sites: svc.sites, verbose: s.Verbose, json: s.JSON}
	for _, host := range svc.sites.Hosts() {
		l.hostWidth = min(max(l.hostWidth, len(host)), maxColumn)
	}
	for _, o := range svc.sites.Origins() {
		l.backendWidth = min(max(l.backendWidth, len(o.Backend)), maxColumn)
	}
	return l
}

// write prints a request that is over.
func (l *lineWriter) write(r *seen.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !r.Logged():
		l.broken(r)
	case l.json:
		fmt.Fprintln(l.out, r.Raw)
	default:
		l.line(r)
	}
	if l.verbose {
		l.details(r)
	}
	if r.Logged() && r.Line.Code == outcome.WrongHost && !l.hinted {
		l.hinted = true
		fmt.Fprintf(l.err, "hint: a site is found by its Host, as in curl -H 'Host: %s'\n", l.sites.Hosts()[0])
	}
}

func (l *lineWriter) line(r *seen.Request) {
	backend, c := output.Dash(r.Backend()), r.Line
	fmt.Fprintf(l.out, "%s  %-4s  %d  %-11s  %-8s  %-*s  %-*s  %6d µs  %s: %s\n", c.Time.Local().Format("15:04:05.000"),
		clean.Text(c.Method), r.Response, c.Kind, c.Action, l.hostWidth, clean.Text(c.Host), l.backendWidth, backend,
		c.Micros, c.Code, r.Reason())
}

// broken reports a request without a log line: the guest has trapped, or the
// module is not clickedge.
func (l *lineWriter) broken(r *seen.Request) {
	x := r.Exchange
	fmt.Fprintf(l.err, "warning: no line in the click log for a %s on %s: the guest %s; the reader got %d\n",
		clean.Text(x.Request.Method), clean.Text(x.Request.Host), x.Ending, x.Response)
	writeIndented(l.err, string(x.Stderr))
}

func (l *lineWriter) details(r *seen.Request) {
	w, x, raw := l.err, r.Exchange, r.Raw
	fmt.Fprintf(w, "  target  %s\n", clean.Text(x.Request.Target))
	for _, s := range x.Sent {
		fmt.Fprintf(w, "  sent    %s: %s %s -> %d\n", s.Backend, clean.Text(s.Method), clean.Text(s.Target), s.Status)
		if s.Err != nil {
			fmt.Fprintf(w, "          %s\n", clean.Text(s.Err.Error()))
		}
		for _, f := range s.Header {
			fmt.Fprintf(w, "          %s: %s\n", clean.Text(f.Name), clean.Text(f.Value))
		}
	}
	fmt.Fprintf(w, "  calls   %d host calls in %d µs\n", x.CallCount, x.Duration.Microseconds())
	if raw != "" && !l.json {
		fmt.Fprintf(w, "  log     %s\n", raw)
	}
	writeIndented(w, string(x.Stderr))
}

func writeIndented(w io.Writer, text string) {
	for line := range strings.Lines(text) {
		fmt.Fprintf(w, "          %s\n", clean.Text(strings.TrimRight(line, "\r\n")))
	}
}
