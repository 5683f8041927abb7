// Package explain says in words what a request on a link domain gets, and why:
// the site, which of its ESPs gets it, what the link itself says, the decision
// with its reason, what the ESP is sent, and what the reader gets when the ESP
// fails. It decides nothing:
// it asks core, and prints what core says.
//
// Start with [Of], and with [Explanation.Print]. Nothing is sent anywhere.
package explain

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clicklog"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/check"
	"github.com/clickedge/clickedge/deploy/codes"
	"github.com/clickedge/clickedge/deploy/expiry"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/pasted"
	"github.com/clickedge/clickedge/deploy/signedlink"
)

// Explanation is what explain --json prints. Its text form says the same.
type Explanation struct {
	Method string     `json:"method"`
	Host   string     `json:"host"`
	Target string     `json:"target"`
	Site   check.Site `json:"site"`
	// ESP says which of the site's ESPs gets the request, and why; nil for a
	// site with one, and for what is answered from here whoever sends.
	ESP      *routed   `json:"esp,omitempty"`
	Link     *linkText `json:"link,omitempty"`
	Decision Outcome   `json:"decision"`
	IfRight  *Outcome  `json:"if_tag_is_right,omitempty"` // where the tag could not be checked
	IfWrong  *Outcome  `json:"if_tag_is_wrong,omitempty"`
	Send     *sent     `json:"send,omitempty"`
	// IfAnswers is what a recall makes of an answer that leads where the link
	// says.
	IfAnswers *Outcome `json:"if_esp_answers,omitempty"`
	IfFails   *Outcome `json:"if_esp_fails,omitempty"`
	// Then is what the request gets once the ESP is retired, on a day that lies
	// ahead.
	Then    *Later      `json:"then,omitempty"`
	Notes   []string    `json:"notes,omitempty"`
	main    *core.Site  `json:"-"` // the whole site
	site    *core.Site  `json:"-"` // as the ESP that gets the request finds it
	now     time.Time   `json:"-"`
	reading esp.Reading `json:"-"`
}

// linkText is what a link itself says. An ESP has signed it, or its tag is not
// checked yet: nothing in it is to be trusted.
type linkText struct {
	Own         bool         `json:"own,omitempty"`
	Kind        string       `json:"kind"`
	Fields      []linkPart   `json:"fields,omitempty"`
	Destination string       `json:"destination,omitempty"`
	Reading     string       `json:"reading,omitempty"` // certain, likely or unread
	Allowed     outcome.Code `json:"allowed,omitempty"`
	Doubt       string       `json:"doubt,omitempty"`
	Repaired    string       `json:"repaired,omitempty"`
	Region      string       `json:"region,omitempty"`
	// Learned says whether it is known where a link leads that only its ESP can
	// read.
	Learned     string `json:"learned,omitempty"`
	LearnedName string `json:"learned_name,omitempty"`
	// LearnedFrom is what each place says that was asked.
	LearnedFrom []said `json:"learned_from,omitempty"`
}

type linkPart struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Personal bool   `json:"personal,omitempty"`
}

// Outcome is a decision with its reason.
type Outcome struct {
	Action   string       `json:"action"`
	Code     outcome.Code `json:"code,omitempty"`
	Kind     string       `json:"kind"`
	Status   int          `json:"status,omitempty"` // of an answer from here; 0: the ESP's own
	Location string       `json:"location,omitempty"`
	Recalled *Recalled    `json:"recalled,omitempty"`
	Why      string       `json:"why"`

	unsubscribes bool // proxied to the origin for the unsubscribes of retired ESPs
}

// Recalled is the rule that recalls a link.
type Recalled struct {
	Rule int `json:"rule"` // its index in recalls
	check.Recall
}

// Later is a decision from a day on, and what is sent then.
type Later struct {
	From string `json:"from"` // the day, in UTC
	Outcome
	Send *sent `json:"send,omitempty"`
}

// Of asks core what a request on a site gets, and puts its decision into words.
func Of(req *core.Request, site *core.Site, now time.Time) *Explanation {
	x := &Explanation{Method: req.Method, Host: site.Host, Target: req.Target, Site: check.Describe(site, now), main: site, site: site.For(req.Target), now: now}
	d := core.Decide(req, site, now)
	own := site.IsSigned(req.Target)
	switch {
	case own:
		x.readOwn(req, d.Kind)
	case x.site.Origin != nil:
		x.readESP(req)
	}
	x.ESP = x.route(req, d, own)
	x.Decision = x.outcomeOf(d)
	if d.Recalled == "" {
		x.Decision.Why = x.why(d, own)
	}
	if own && d.Code == outcome.KeyUnavailable {
		x.uncheck(req, now)
	}
	x.Send = x.sent(d, req)
	if d.Action == core.Proxy {
		x.IfAnswers, x.IfFails = x.afterAnswer(req, d), x.afterFailure(req)
	}
	x.Then = x.afterRetirement(req)
	x.note(req, d, own)
	return x
}

// sent is what an origin gets with a decision; nil for nothing.
func (x *Explanation) sent(d core.Decision, req *core.Request) *sent {
	if d.Origin == nil {
		return nil
	}
	s := sentTo(d.Origin, x.site, req)
	if d.Action != core.Proxy {
		s.Answer = nil // the reader has been answered already
	}
	s.Unsubscribes = x.toUnsubscribes(d)
	return s
}

// toUnsubscribes reports whether a request goes to the origin that gets the
// unsubscribes of retired ESPs.
func (x *Explanation) toUnsubscribes(d core.Decision) bool {
	return d.Action == core.Proxy && x.site.IsRetired(x.now)
}

// afterRetirement asks core about the first moment without the ESP; nil if none
// lies ahead for this request.
func (x *Explanation) afterRetirement(req *core.Request) *Later {
	if x.ESP == nil || x.ESP.Retired == nil || x.ESP.Retired.Now {
		return nil
	}
	then := *x
	then.now = time.Unix(x.site.Retired, 0)
	d := core.Decide(req, x.main, then.now)
	o := then.outcomeOf(d)
	if d.Recalled == "" {
		o.Why = then.why(d, false)
	}
	return &Later{From: x.ESP.Retired.From, Outcome: o, Send: then.sent(d, req)}
}

// afterFailure asks core about one failure. The outcome is the same for all
// failures, so the code and the status of this one are left out.
func (x *Explanation) afterFailure(req *core.Request) *Outcome {
	d := core.AfterFailure(req, x.site, outcome.ESPTimeout)
	d.Origin = nil // it is not asked again
	o := x.outcomeOf(d)
	if d.Recalled != "" {
		return &o
	}
	o.Code, o.Why = "", x.whyAfterFailure(d)
	if d.Action == core.Refuse {
		o.Status = 0
	}
	return &o
}

// afterAnswer asks core about an answer of the ESP that leads where the link
// says; nil if no rule recalls it.
func (x *Explanation) afterAnswer(req *core.Request, d core.Decision) *Outcome {
	if d.AfterAnswer(req, x.site, 302, x.reading.Destination+"\x00", true); d.Recalled == "" {
		return nil
	}
	o := x.outcomeOf(d)
	return &o
}

func (x *Explanation) outcomeOf(d core.Decision) Outcome {
	o := Outcome{Action: d.Action.String(), Code: d.Code, Kind: d.Kind.String(), Location: d.Location, unsubscribes: x.toUnsubscribes(d)}
	if d.Recalled != "" {
		o.Recalled = &Recalled{d.Rule, check.DescribeRecall(x.site.Recalls.List()[d.Rule])}
		o.Why = x.whyRecalled(d)
	}
	switch d.Action {
	case core.Redirect:
		o.Status = 302
	case core.Reply:
		o.Status = 200
	case core.Refuse:
		o.Status = d.Code.Notice().Status
	}
	return o
}

func (x *Explanation) readESP(req *core.Request) {
	r := x.site.Origin.Family.Read(req.Target)
	x.reading = r
	t := &linkText{Kind: r.Kind.String(), Destination: r.Destination, Doubt: r.Doubt, Repaired: r.Repaired, Region: r.Region}
	for _, f := range r.Fields {
		t.Fields = append(t.Fields, linkPart(f))
	}
	if r.Kind.Leads() {
		t.Reading = r.Grade.String()
	}
	if r.Grade != esp.Unread {
		t.Allowed = x.site.Allows(r.Destination)
	}
	x.Link = t
	x.readLearned(req)
}

func (x *Explanation) readOwn(req *core.Request, kind esp.Kind) {
	path, _, _ := strings.Cut(req.Target, "?")
	l, code := signed.Inspect(x.site.Host, path)
	t := &linkText{Own: true, Kind: kind.String()}
	x.Link = t
	if code != outcome.OK {
		t.Doubt = codes.Explain(code).What
		return
	}
	t.Fields = append(t.Fields, linkPart{Name: "key", Value: l.KeyID}, linkPart{Name: "expires", Value: expiry.Text(l.Expiry)})
	if l.ID != "" {
		t.Fields = append(t.Fields, linkPart{Name: "id", Value: signedlink.IDText(l.ID), Personal: true})
	}
	if !l.Pixel && signed.IsTrap(l.ID) {
		t.Fields = append(t.Fields, linkPart{Name: "trap", Value: "nobody sees it in the mail"})
	}
	if !l.Pixel {
		t.Destination, t.Allowed = l.Destination, x.site.AllowsSigned(l.Destination)
	}
}

// NoteLink adds notes on what only the URL shows.
func (x *Explanation) NoteLink(l *pasted.Link) {
	x.Notes = append(x.Notes, l.Notes...)
	if l.Fragment {
		x.Notes = append(x.Notes, `the part from "#" on is not sent by any browser and was left out`)
	}
	if !l.TLS && l.Addr == "" && x.Link != nil && x.Link.Own {
		x.Notes = append(x.Notes, "the link is signed as https://; http:// verifies all the same")
	}
}

// NoteKey says with which secret the tag was checked.
func (x *Explanation) NoteKey(ring *keyring.Ring) {
	if x.Link == nil || !x.Link.Own {
		return
	}
	for _, f := range x.Link.Fields {
		if f.Name == "key" && ring.Has(f.Value) {
			x.Notes = append(x.Notes, fmt.Sprintf("the tag was checked with key %s, fingerprint %s", f.Value, ring.Fingerprint(f.Value)))
		}
	}
}

// note adds what an operator should check although the decision is right.
func (x *Explanation) note(req *core.Request, d core.Decision, own bool) {
	if region := x.reading.Region; region != "" && !x.site.IsRetired(x.now) && x.site.Origin.Sender() == esp.FamilySES && !strings.Contains(x.site.Origin.Address, region) {
		x.Notes = append(x.Notes, fmt.Sprintf("the message id is of region %s, but the site points at %s: SES cannot answer links of another region",
			region, x.site.Origin.Address))
	}
	if own && d.Code == outcome.KeyUnavailable {
		x.Notes = append(x.Notes, "where the service or server has no such secret either, the reader gets a page with status "+
			strconv.Itoa(d.Code.Notice().Status)+" ("+string(d.Code)+")")
	}
	if n := len(x.site.Recalls.List()); n > 0 && d.Action == core.Proxy && x.IfAnswers == nil && req.Method != "POST" && (d.Kind.Leads() || d.Kind == esp.KindOther) {
		x.Notes = append(x.Notes, "where the ESP's answer leads is compared with the site's recalls: "+output.Count(n, "rule"))
	}
	if req.Learned == nil && x.site.Learns() && d.Kind.Leads() && !own {
		x.Notes = append(x.Notes, "the site learns links: what the service has learned of this one is not looked up here, and its reader may be redirected by that")
	}
	var line clicklog.Record
	if line.Decided(&d, x.site); line.Judged {
		for _, more := range check.LogOf(x.main).Lines() {
			x.Notes = append(x.Notes, "its line in the click log also has "+more)
		}
	}
	x.Notes = append(x.Notes, check.ESPWarnings(x.main, x.site, x.now)...)
	x.Notes = append(x.Notes, check.SiteWarnings(x.main)...)
}
