package recalls

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/recall"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/check"
	"github.com/clickedge/clickedge/deploy/codes"
)

// Tried is what the rules make of one URL.
type Tried struct {
	URL string `json:"url"`
	// Destination is where the link leads, if URL is a link of the site.
	Destination string `json:"destination,omitempty"`
	Recalled    bool   `json:"recalled"`
	Rule        int    `json:"rule"` // -1 for none
	To          string `json:"to,omitempty"`
	Gone        bool   `json:"gone,omitempty"`
	// Note says why the rules cannot be asked, or what else there is to know.
	Note string `json:"note,omitempty"`
}

// Try says what the rules of a site make of a destination, or of a link of the
// site by where it says that it leads.
func Try(site *core.Site, url string) Tried {
	t := Tried{URL: url, Rule: -1}
	u, ok := destination.ReadLocation(url, true, "")
	switch {
	case !ok || u.Host == "":
		t.Note = "not an http or https URL"
		return t
	case u.Host == site.Host && u.Rest != "":
		if t.linked(site, u.Rest); t.Destination == "" && t.Note != "" {
			return t
		}
	}
	if t.Destination != "" {
		if u, ok = destination.ReadLocation(t.Destination, true, site.Host); !ok {
			t.Note = "it does not lead to an http or https URL"
			return t
		}
	}
	rule, to, ok := site.Recalls.Match(u)
	if !ok {
		return t
	}
	t.Recalled, t.Rule = true, rule
	r := check.DescribeRecall(site.Recalls.List()[rule])
	t.To, t.Gone = to, r.Gone
	return t
}

// linked reads where a link of the site leads.
func (t *Tried) linked(site *core.Site, target string) {
	target, _, _ = strings.Cut(target, "#")
	if site.IsSigned(target) {
		path, _, _ := strings.Cut(target, "?")
		link, code := signed.Inspect(site.Host, path)
		switch {
		case code != outcome.OK:
			t.Note = codes.Explain(code).What
		case link.Pixel:
			t.Note = "an open is never recalled"
		default:
			t.Destination = link.Destination
		}
		return
	}
	site = site.For(target)
	if site.Origin == nil {
		return
	}
	switch kind := site.Origin.Family.Kind(target); {
	case kind.Leads():
		to, grade := site.Origin.Family.Destination(target)
		if grade == esp.Unread {
			t.Note = "the link does not say where it leads: the rules meet it by where the ESP's answer leads"
			return
		}
		t.Destination = to
		if !site.ClickRedirect {
			t.Note = "as far as the ESP's answer leads where the link says"
		}
	case kind == esp.KindOther: // it may be a page that the ESP leads to
	default:
		t.Note = "what is of kind " + kind.String() + " is never recalled"
	}
}

// Unmet returns what a rule means behind the other of http and https, if no
// rule meets that. Whoever withdraws a page easily forgets one of the two.
func Unmet(list []recall.Rule, at int) (other recall.From, ok bool) {
	if other, ok = list[at].From.OtherScheme(); !ok {
		return other, false
	}
	return other, !slices.ContainsFunc(list, func(l recall.Rule) bool { return l.From.Covers(other) })
}

// Text says the same on one line.
func (t Tried) Text() string {
	text := t.URL
	if t.Destination != "" {
		text += " leads to " + t.Destination
	}
	switch {
	case t.Gone:
		text += fmt.Sprintf(": gone, by recalls[%d]", t.Rule)
	case t.Recalled:
		text += fmt.Sprintf(": to %s, by recalls[%d]", t.To, t.Rule)
	case t.Note != "" && t.Destination == "":
	default:
		text += ": not recalled"
	}
	if t.Note != "" {
		text += "; " + t.Note
	}
	return text
}
