package explain

import (
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/deploy/check"
)

// routed says which of a site's ESPs gets a request, by the form of its target.
type routed struct {
	ESP    string `json:"esp"`
	Links  string `json:"links,omitempty"` // the form of its links, if it is custom
	Origin string `json:"origin,omitempty"`
	// Form is the form of that ESP's links which the target has; nil for what
	// has the form of nobody's.
	Form *check.Form `json:"form,omitempty"`
	// Others could get it by a shorter form.
	Others  []fitting      `json:"others,omitempty"`
	Why     string         `json:"why"`
	Retired *check.Retired `json:"retired,omitempty"`
}

// fitting is an ESP of the site one of whose forms fits a target, too.
type fitting struct {
	ESP   string     `json:"esp"`
	Links string     `json:"links,omitempty"`
	Form  check.Form `json:"form"`
}

// isOurs reports whether a request is answered from here on every site, or
// refused before any ESP matters.
func isOurs(d core.Decision, own bool) bool {
	switch {
	case own, d.Action == core.Reply && d.Reply != core.ReplyPixel:
		return true
	case d.Action != core.Refuse:
		return false
	}
	switch d.Code {
	case outcome.Retired, outcome.UnsubscribeRetired, outcome.NotFound, outcome.Recalled:
		return false
	}
	return true
}

// route says why core sends a request to the ESP that it has chosen.
func (x *Explanation) route(req *core.Request, d core.Decision, own bool) *routed {
	if len(x.main.Also) == 0 || isOurs(d, own) {
		return nil
	}
	r := &routed{ESP: x.site.ESP, Links: check.LinksOf(x.site), Retired: check.RetiredOf(x.site, x.now)}
	for i, e := range x.main.ESPs() {
		form, fits := formOf(e, req.Target)
		switch {
		case e == x.site:
			r.Origin = x.originOf(i)
			if fits {
				f := check.FormOf(form)
				r.Form = &f
			}
		case fits:
			r.Others = append(r.Others, fitting{e.ESP, check.LinksOf(e), check.FormOf(form)})
		}
	}
	r.Why = r.why(x.main)
	return r
}

// originOf is where the site's i-th ESP is asked, as check has it.
func (x *Explanation) originOf(i int) string { return x.Site.ESPs[i].Origin }

func formOf(e *core.Site, target string) (form esp.Form, fits bool) {
	if e.Origin == nil {
		return form, false
	}
	return e.Origin.Family.Form(target)
}

func (r *routed) why(main *core.Site) string {
	switch {
	case r.Form != nil && len(r.Others) > 0:
		return fmt.Sprintf("the target has the form %s of its links (%s); the longer form counts, whatever the order", r.Form.Path, r.Form.Kind)
	case r.Form != nil:
		return fmt.Sprintf("the target has the form %s of its links (%s), and of no other ESP's", r.Form.Path, r.Form.Kind)
	case main.Origin == nil:
		return "the target has the form of no ESP's links, and the site has no ESP of its own for the rest"
	}
	return "the target has the form of no ESP's links: the site's own esp gets the rest"
}

// others lists them for a sentence.
func (r *routed) others() string {
	var list []string
	for _, o := range r.Others {
		list = append(list, fmt.Sprintf("%s, by %s (%s)", check.Name(o.ESP, o.Links), o.Form.Path, o.Form.Kind))
	}
	return strings.Join(list, "; ")
}

// espNames lists the ESPs of the site, the retired ones marked.
func (x *Explanation) espNames() string {
	names := []string{check.Name(x.Site.ESP, x.Site.Links)}
	for _, e := range x.Site.ESPs[min(1, len(x.Site.ESPs)):] {
		name := check.Name(e.ESP, e.Links)
		if e.Retired != nil {
			name += " (" + e.Retired.String() + ")"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}
