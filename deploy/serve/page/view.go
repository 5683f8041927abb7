package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/check"
	"github.com/clickedge/clickedge/deploy/explain"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/deploy/recalls"
	"github.com/clickedge/clickedge/deploy/serve/switches"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Bounds of what the page shows at once.
const (
	mostSites = 12
	mostCalls = 400
	mostText  = 8 << 10
)

// view is what the page shows.
type view struct {
	Run    string
	Latest uint64
	File   string
	Base   string
	// Filter is a part of the hosts to show, Sites those that fit, and More how
	// many others there are.
	Filter string
	Sites  []siteView
	More   int
	Hosts  []string // for a list to choose from

	Backends []Backend
	Faults   []string
	Said     []Said // the latest first
	Switched bool   // there is something to take back
	Rows     []row
	Most     int
	Request  *details
	Gone     bool // a request that was asked for is not kept any more

	Asked  asked
	Answer *answer
	Recall recallForm
}

// asked is what stands in the form for a link.
type asked struct{ Link, Host, Method string }

// recallForm is what stands in the form for a recall.
type recallForm struct {
	Host, From, To string
	Wide           bool
}

// answer is what came of a form about a link.
type answer struct {
	Title    string
	Sections []explain.Section
	Notes    []string
	Try      *Link // the request that was explained
	Error    string
	Detail   string
	Hint     string
	Sent     *reply
}

// reply is what a request got that the page has sent.
type reply struct {
	Status int
	Header wire.Header
	Body   string
	Cut    bool
	Error  string
}

// siteView is a site with its links and switches.
type siteView struct {
	Host     string
	Overrode bool
	Links    []Link
	ESPs     []espView
	Rules    []recalls.Rule // added here
	Listed   int            // rules of sites.json
}

type espView struct {
	switches.ESP
	Label string
	// Here: it is retired by a switch. Already says that sites.json retires it.
	Here    bool
	Already string
}

// look makes the view of what is in service.
func (p *Page) look(filter string) *view {
	state := p.bench.State()
	list, latest := p.memory.latest()
	v := &view{Run: p.run, Latest: latest, File: state.File, Base: state.Base, Filter: filter, Faults: origins.FaultNames(), Backends: state.Backends, Most: mostRequests}
	for _, k := range list {
		v.Rows = append(v.Rows, rowOf(k))
	}
	v.addSites(p, state)
	p.mu.Lock()
	v.Said = slices.Clone(p.said)
	p.mu.Unlock()
	slices.Reverse(v.Said)
	return v
}

// addSites adds the sites that fit the filter. Those of which something is
// switched are always there, so that it can be taken back.
func (v *view) addSites(p *Page, state *State) {
	hosts, switched := state.Sites.Sites.Hosts(), state.Switches.Hosts()
	v.Switched = len(switched) > 0 || slices.ContainsFunc(state.Backends, func(b Backend) bool { return b.Fault != "" })
	wanted := strings.ToLower(strings.TrimSpace(v.Filter))
	shown := map[string]bool{}
	for _, host := range hosts {
		if slices.Contains(switched, host) {
			shown[host] = true
		} else if strings.Contains(host, wanted) {
			if len(v.Sites) >= mostSites {
				v.More++
				continue
			}
			shown[host] = true
		}
		if shown[host] {
			v.Hosts = append(v.Hosts, host)
			v.Sites = append(v.Sites, siteOf(p, state, host))
		}
	}
}

func siteOf(p *Page, state *State, host string) siteView {
	file, site := state.Sites.Sites.Lookup(host), state.Site(host)
	s := siteView{Host: host, Overrode: site != file, Links: p.bench.Links(state, site), Rules: state.Switches.Rules(host), Listed: len(file.Recalls.List())}
	parts := file.ESPs()
	for _, e := range switches.ESPs(file) {
		label := check.Name(parts[e.At].ESP, check.LinksOf(parts[e.At]))
		view := espView{ESP: e, Label: label, Here: state.Switches.IsRetired(e)}
		if r := check.RetiredOf(parts[e.At], state.Now); r != nil && r.Now {
			view.Already = r.String()
		}
		s.ESPs = append(s.ESPs, view)
	}
	return s
}

// row is a request in the list.
type row struct {
	ID                        uint64
	At, Method, Host, Backend string
	Status                    int
	Tone                      string // a word for the status
	Kind, Action, Code        string
	Reason, Location          string
}

func rowOf(k *kept) row {
	r := row{ID: k.ID, Method: clean.Cut(k.Exchange.Request.Method, 20), Host: clean.Cut(k.Exchange.Request.Host, 120), Backend: k.Backend(), Status: k.Response,
		Tone: toneOf(k.Response), Location: clean.Cut(k.Location(), 400)}
	if !k.Logged() {
		r.Action, r.Reason = "no line in the click log", "the guest "+k.Ending.String()
		return r
	}
	r.At, r.Kind, r.Action, r.Code = k.Line.Time.Local().Format("15:04:05.000"), k.Line.Kind, k.Line.Action, string(k.Line.Code)
	r.Reason = k.Reason()
	return r
}

func toneOf(status int) string {
	switch {
	case status == 0:
		return "none"
	case status < 300:
		return "answer"
	case status < 400:
		return "redirect"
	}
	return "refusal"
}

// details are everything about one request.
type details struct {
	row
	Target    string
	Header    wire.Header
	Answer    wire.Header
	Line      string // of the click log, a member a line
	Verdict   string
	Took      time.Duration
	Sent      []sent
	Calls     []hostsim.Call
	CallCount int
	Traced    bool
	Trouble   string
	Stderr    string
	Explain   *Link // to ask about it
}

type sent struct {
	Backend, Method, Target string
	Header                  wire.Header
	Body                    string
	Size                    int64
	Status                  int
	Error                   string
	Took                    time.Duration
}

func detailsOf(k *kept) *details {
	d := &details{row: rowOf(k), Target: k.Exchange.Request.Target, Header: k.Exchange.Request.Header, Answer: k.ResponseHeader, Line: indented(k.Raw),
		Took: k.Duration, CallCount: k.CallCount, Calls: k.Calls[:min(len(k.Calls), mostCalls)], Stderr: cut(k.Stderr)}
	d.Traced = slices.ContainsFunc(d.Calls, func(c hostsim.Call) bool { return c.Args != "" || c.Results != "" })
	if k.Line.Verdict != "" {
		d.Verdict = k.Line.Verdict + ": " + strings.ReplaceAll(k.Line.Reasons, ",", ", ")
	}
	if !k.Ending.OK() {
		d.Trouble = k.Ending.String() + "\n" + k.Ending.Message
	}
	for _, s := range k.Sent {
		out := sent{s.Backend, s.Method, s.Target, s.Header, cut(s.Body), s.BodySize, s.Status, "", s.Duration}
		if s.Err != nil {
			out.Error = s.Err.Error()
		}
		d.Sent = append(d.Sent, out)
	}
	if k.Site != nil {
		d.Explain = &Link{Host: k.Site.Host, Method: k.Exchange.Request.Method, Target: d.Target}
	}
	return d
}

// cut shortens a body or an output.
func cut(text []byte) string {
	if len(text) > mostText {
		return string(text[:mostText]) + fmt.Sprintf("… (%d bytes)", len(text))
	}
	return string(text)
}

// indented writes a line of the log a member a line.
func indented(raw string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(raw), "", "  ") != nil {
		return raw
	}
	return b.String()
}

// lines are those of a text.
func lines(text string) []string { return strings.Split(strings.TrimRight(text, "\n"), "\n") }

// personalFields name a reader, or carry what does.
var personalFields = []string{"cookie", "set-cookie", "x-forwarded-for", "fastly-client-ip", "user-agent", "referer", "authorization", "location", "forwarded", "true-client-ip", "x-real-ip"}

// isPersonal reports whether a field names a reader or one mail, as far as is
// known of its name.
func isPersonal(field string) bool { return slices.Contains(personalFields, strings.ToLower(field)) }

// hrefOf is an attribute with a link of [Bench]. html/template would rewrite
// some bytes of it, and a link must be sent as it is.
func hrefOf(url string) template.HTMLAttr {
	if !strings.HasPrefix(url, "http://") {
		return `href="#"`
	}
	return template.HTMLAttr(`href="` + html.EscapeString(url) + `"`)
}

func microsText(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	}
	return fmt.Sprintf("%d µs", d.Microseconds())
}
