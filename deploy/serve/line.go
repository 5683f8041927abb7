package serve

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/deploy/codes"
	"github.com/clickedge/clickedge/deploy/explain"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/hostsim"
)

// lineWriter prints one line for each request.
type lineWriter struct {
	out     io.Writer
	err     io.Writer
	sites   *core.Sites
	ring    *keyring.Ring
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
	l := &lineWriter{out: s.Out, err: s.Err, sites: svc.sites, ring: svc.ring, verbose: s.Verbose, json: s.JSON}
	for _, host := range svc.sites.Hosts() {
		l.hostWidth = min(max(l.hostWidth, len(host)), maxColumn)
	}
	for _, o := range svc.sites.Origins() {
		l.backendWidth = min(max(l.backendWidth, len(o.Backend)), maxColumn)
	}
	return l
}

// clickLine has the members of a line of the click log that are shown.
type clickLine struct {
	Time         time.Time    `json:"time"`
	Host         string       `json:"host"`
	ESP          string       `json:"esp"`
	Kind         string       `json:"kind"`
	Method       string       `json:"method"`
	Action       string       `json:"action"`
	Code         outcome.Code `json:"code"`
	Status       int          `json:"status"`
	OriginStatus int          `json:"origin_status"`
	OriginError  string       `json:"origin_error"`
	Agrees       string       `json:"agrees"`
	Override     string       `json:"override"`
	Micros       int64        `json:"us"`
}

// exchange is called by the simulator when a request is over.
func (l *lineWriter) exchange(x *hostsim.Exchange) {
	raw, click, ok := readClick(x)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !ok:
		l.broken(x)
	case l.json:
		fmt.Fprintln(l.out, raw)
	default:
		l.line(x, click)
	}
	if l.verbose {
		l.details(x, raw)
	}
	if ok && click.Code == outcome.WrongHost && !l.hinted {
		l.hinted = true
		fmt.Fprintf(l.err, "hint: a site is found by its Host, as in curl -H 'Host: %s'\n", l.sites.Hosts()[0])
	}
}

// readClick finds the line of the click log.
func readClick(x *hostsim.Exchange) (raw string, c clickLine, ok bool) {
	for _, line := range x.Logs {
		if line.Endpoint == contract.LogEndpoint && json.Unmarshal([]byte(line.Line), &c) == nil {
			return line.Line, c, true
		}
	}
	return "", c, false
}

func (l *lineWriter) line(x *hostsim.Exchange, c clickLine) {
	backend := "-"
	if len(x.Sent) > 0 {
		backend = x.Sent[0].Backend
	}
	fmt.Fprintf(l.out, "%s  %-4s  %d  %-11s  %-8s  %-*s  %-*s  %6d µs  %s: %s\n", c.Time.Local().Format("15:04:05.000"),
		clean.Text(c.Method), x.Response, c.Kind, c.Action, l.hostWidth, clean.Text(c.Host), l.backendWidth, backend,
		c.Micros, c.Code, l.reason(x, c))
}

// reason says why. Core decides again here, with the loaded sites. If the
// result differs, as with other sites in the module or after an answer of the
// ESP, only the code is explained.
func (l *lineWriter) reason(x *hostsim.Exchange, c clickLine) string {
	words := codes.Explain(c.Code).What
	if site := l.sites.Lookup(x.Request.Host); site != nil {
		req := &core.Request{Method: x.Request.Method, Target: x.Request.Target, CDNLoop: strings.Join(x.Request.Header.Values("cdn-loop"), ", "), Keys: l.ring}
		words = reasonOf(explain.Of(req, site, c.Time), c, words)
	}
	if c.OriginError != "" {
		words += "; the ESP: " + c.OriginError
	}
	if c.Agrees == "no" {
		words += "; the ESP would have led elsewhere"
	}
	if c.Override != "" {
		words += "; the site's entry in the config store is " + c.Override
	}
	return words
}

// reasonOf is core's reason for a line: that of the decision where it came out
// so, and that of the failure where the ESP has failed.
func reasonOf(x *explain.Explanation, c clickLine, otherwise string) string {
	switch {
	case x.Decision.Action == c.Action && x.Decision.Code == c.Code:
		return x.Decision.Why
	case x.IfFails != nil && x.IfFails.Action == c.Action && c.Action != "":
		return otherwise + ": " + x.IfFails.Why
	}
	return otherwise
}

// broken reports a request without a log line: the guest has trapped, or the
// module is not clickedge.
func (l *lineWriter) broken(x *hostsim.Exchange) {
	fmt.Fprintf(l.err, "warning: no line in the click log for a %s on %s: the guest %s; the reader got %d\n",
		clean.Text(x.Request.Method), clean.Text(x.Request.Host), x.Ending, x.Response)
	writeIndented(l.err, string(x.Stderr))
}

func (l *lineWriter) details(x *hostsim.Exchange, raw string) {
	w := l.err
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
