package follow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/probe"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// DefaultMax is how many redirects are followed where [Options] sets no limit.
// Browsers give up after 20.
const DefaultMax = 10

// Options say how to walk. The zero value works.
type Options struct {
	// Client sends the requests; nil is one for the public internet only. Its
	// MaxBody bounds how much of a page is searched for refreshes.
	Client *probe.Client
	// Sites are those of sites.json; nil for none. They say which ESP a link
	// belongs to.
	Sites *core.Sites
	// Family is the ESP of the first link where Sites does not have its host.
	Family esp.Family
	// Max is how many redirects are followed; 0 is [DefaultMax].
	Max int
	// Head asks with HEAD.
	Head bool
	// CountClick says that a click may be counted.
	CountClick bool
	// UserAgent is sent; "" for "clickedge-follow".
	UserAgent string
	// Now is the clock for certificates; nil is time.Now.
	Now func() time.Time
}

// End says how a walk ended.
type End string

// The ends.
const (
	Arrived      End = "arrived"       // a page, no further redirect
	Failed       End = "failed"        // an answer of 400 or more
	Unanswered   End = "unanswered"    // no answer: see Problem
	Private      End = "private"       // a private address; not asked
	Looped       End = "loop"          // an address that occurred before
	TooMany      End = "too-many"      // more redirects than Max
	BadLocation  End = "bad-location"  // a redirect that leads nowhere
	LeftWeb      End = "left-the-web"  // mailto:, an app's scheme
	Unsubscribe  End = "unsubscribe"   // never asked
	NeedsConsent End = "needs-consent" // would be counted; not asked
)

// Result is a walk.
type Result struct {
	URL  string `json:"url"`
	End  End    `json:"end"`
	Hops []*Hop `json:"hops"`
	// Problem says what is wrong in words; "" where the walk arrived.
	Problem string `json:"problem,omitempty"`
	// Final is the last address, asked or not.
	Final string `json:"final"`
	// Promise compares what the first readable link said with where it led.
	Promise *Promise `json:"promise,omitempty"`
	// Total is how long the walk took, in milliseconds.
	Total float64 `json:"total_ms"`
}

// OK reports whether the walk arrived without a warning.
func (r *Result) OK() bool {
	for _, h := range r.Hops {
		for _, n := range h.Notes {
			if n.Warning {
				return false
			}
		}
	}
	return r.End == Arrived && (r.Promise == nil || r.Promise.Kept)
}

// Hop is one address of a walk.
type Hop struct {
	URL  string   `json:"url"`
	Host string   `json:"host"`
	Is   Identity `json:"is"`
	// Asked is false for an address that was not asked; what follows is empty
	// then.
	Asked  bool   `json:"asked"`
	Status int    `json:"status,omitempty"`
	Addr   string `json:"address,omitempty"`
	// Location is the field as it came; Next is what a browser makes of it.
	Location string `json:"location,omitempty"`
	Next     string `json:"next,omitempty"`
	Times    Times  `json:"times"`
	// Certificate is nil for http.
	Certificate *Certificate `json:"certificate,omitempty"`
	// Caching are the fields that say for how long the answer may be kept, or
	// that it came from a store.
	Caching []string `json:"caching,omitempty"`
	Notes   []Note   `json:"notes,omitempty"`

	url    *webURL
	answer *probe.Answer
	err    error
}

// Times are those of [probe.Times] in milliseconds.
type Times struct {
	DNS       float64 `json:"dns_ms"`
	Connect   float64 `json:"connect_ms"`
	TLS       float64 `json:"tls_ms"`
	FirstByte float64 `json:"first_byte_ms"`
	Total     float64 `json:"total_ms"`
}

// Certificate describes the server's certificate.
type Certificate struct {
	Names    []string `json:"names"`
	Issuer   string   `json:"issuer"`
	DaysLeft int      `json:"days_left"`
	Version  string   `json:"tls_version"`
}

// Note is a remark on a hop. Its code is stable.
type Note struct {
	Code    string `json:"code"`
	Text    string `json:"text"`
	Warning bool   `json:"warning,omitempty"`
}

func (h *Hop) note(code, format string, args ...any) {
	h.Notes = append(h.Notes, Note{Code: code, Text: fmt.Sprintf(format, args...)})
}

func (h *Hop) warn(code, format string, args ...any) {
	h.Notes = append(h.Notes, Note{Code: code, Text: fmt.Sprintf(format, args...), Warning: true})
}

type walker struct {
	opt    Options
	start  *webURL
	jar    jar
	result *Result
	seen   map[string]int // the hop that has the address
}

// Walk starts at an absolute URL, or "host/path", which is read as https. The
// error is about that text; failures on the way are in the result.
func Walk(ctx context.Context, url string, opt Options) (*Result, error) {
	start, odd, err := readURL(url, nil)
	if err != nil {
		return nil, fmt.Errorf("not the address of a link: %w", err)
	}
	w := &walker{opt: opt, start: start, jar: jar{}, result: &Result{URL: url}, seen: map[string]int{}}
	w.opt.Client = cmp.Or(w.opt.Client, &probe.Client{})
	w.opt.Max = cmp.Or(w.opt.Max, DefaultMax)
	if w.opt.Now == nil {
		w.opt.Now = time.Now
	}
	begun := time.Now()
	w.walk(ctx, odd)
	w.result.Total = ms(time.Since(begun))
	w.result.compare()
	return w.result, nil
}

func (w *walker) walk(ctx context.Context, odd []string) {
	r := w.result
	for u := w.start; u != nil; {
		h := w.enter(u, odd)
		if r.End, r.Problem = w.refuses(h); r.End != "" {
			return
		}
		w.ask(ctx, h)
		u, odd, r.End, r.Problem = w.next(h)
	}
}

func (w *walker) enter(u *webURL, odd []string) *Hop {
	h := &Hop{URL: u.String(), Host: u.host, url: u, Is: w.identify(u, len(w.result.Hops) == 0)}
	if len(odd) > 0 && len(w.result.Hops) == 0 {
		h.note("read-differently", "a browser does not take the link as it is written: %s", strings.Join(odd, "; "))
	}
	w.result.Hops = append(w.result.Hops, h)
	w.result.Final = h.URL
	return h
}

// refuses says why an address is not asked.
func (w *walker) refuses(h *Hop) (End, string) {
	first := len(w.result.Hops) == 1
	key := h.url.withoutFragment() + "\n" + w.jar.field(h.url)
	before, again := w.seen[key]
	w.seen[key] = len(w.result.Hops)
	switch {
	case h.Is.Kind == esp.KindUnsubscribe.String():
		return Unsubscribe, "this is a link by which somebody unsubscribes; it is never requested, as a request can be enough"
	case first && h.Is.Destination != "" && destinationUnsubscribes(h.Is.Destination):
		return Unsubscribe, "the link leads to an address by which somebody unsubscribes; it is never requested, as a request can be enough"
	case h.Is.counts() && !w.opt.CountClick:
		return NeedsConsent, "requesting this link counts " + aKind(h.Is.Kind) + " for the one to whom it was sent"
	case again:
		return Looped, fmt.Sprintf("hop %d is hop %d again", len(w.result.Hops), before)
	case len(w.result.Hops) > w.opt.Max+1:
		return TooMany, fmt.Sprintf("more than %d redirects", w.opt.Max)
	}
	return "", ""
}

func aKind(kind string) string {
	if kind == esp.KindOpen.String() {
		return "an open"
	}
	return "a click"
}

func destinationUnsubscribes(destination string) bool {
	u, _, err := readURL(destination, nil)
	return err == nil && probe.SaysUnsubscribe(u.target)
}

func (w *walker) ask(ctx context.Context, h *Hop) {
	agent := cmp.Or(w.opt.UserAgent, "clickedge-follow")
	q := probe.Question{
		TLS: h.url.tls, Host: h.url.host, Port: h.url.port, Method: "GET", Target: h.url.target,
		Header: wire.NewHeader("User-Agent", agent, "Accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
	}
	if w.opt.Head {
		q.Method = "HEAD"
	}
	if cookies := w.jar.field(h.url); cookies != "" {
		q.Header.Add("Cookie", cookies)
	}
	h.answer, h.err = w.opt.Client.Do(ctx, q)
	h.Asked = h.answer.Addr.IsValid()
	h.describe(w.opt.Now())
	if h.err == nil {
		w.jar.keep(h.url, h.answer.Header)
	}
}

// next reads an answer and finds the next address, nil at the end.
func (w *walker) next(h *Hop) (next *webURL, odd []string, end End, problem string) {
	if h.err != nil {
		end, problem = unanswered(h.err)
		return nil, nil, end, problem
	}
	w.remark(h)
	if !redirects(h.answer) {
		if h.Status >= 400 {
			return nil, nil, Failed, fmt.Sprintf("the answer is %d", h.Status)
		}
		return nil, nil, Arrived, ""
	}
	next, odd, err := readURL(h.Location, h.url)
	var other *notWeb
	switch {
	case errors.As(err, &other):
		return nil, nil, LeftWeb, fmt.Sprintf("the redirect leads to %q, which a browser hands to another program", other.scheme+":")
	case err != nil:
		return nil, nil, BadLocation, fmt.Sprintf("the redirect leads nowhere: %v", err)
	}
	h.Next = next.String()
	h.remarkRedirect(w, next, odd)
	return next, odd, "", ""
}

// redirects reports whether a browser follows the answer: it has one of five
// statuses and a Location.
func redirects(a *probe.Answer) bool {
	switch a.Status {
	case 301, 302, 303, 307, 308:
		location, ok := a.Header.Get("Location")
		return ok && location != ""
	}
	return false
}

func unanswered(err error) (End, string) {
	var e *probe.Error
	if !errors.As(err, &e) {
		return Unanswered, err.Error()
	}
	switch e.Stage {
	case probe.StagePrivate:
		return Private, fmt.Sprintf("%v; private addresses are not requested", e.Err)
	case probe.StageTrust:
		return Unanswered, fmt.Sprintf("a browser stops here with a warning: %v", e.Err)
	}
	return Unanswered, e.Error()
}
