package check

import (
	"fmt"
	"slices"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/deploy/canspam"
)

// Retired says since when an ESP of a site is asked for nothing, or from which
// day on it will be, and what becomes of its links then.
type Retired struct {
	// From is the first day without it, in UTC; "" if there was no day with it.
	From string `json:"from,omitempty"`
	// Now: it is retired at this time.
	Now          bool   `json:"now"`
	Clicks       string `json:"clicks"`
	Opens        string `json:"opens"`
	Unsubscribes string `json:"unsubscribes"`
}

// RetiredOf describes a site as one of its ESPs finds it; nil if that is not
// retired, now or later.
func RetiredOf(e *core.Site, now time.Time) *Retired {
	if e.Retired == 0 {
		return nil
	}
	r := &Retired{Now: e.IsRetired(now), Clicks: clicksOf(e), Opens: "the pixel, from here; nobody counts them", Unsubscribes: unsubscribesOf(e)}
	if e.Retired != core.LongRetired {
		r.From = time.Unix(e.Retired, 0).UTC().Format(time.DateOnly)
	}
	return r
}

// When says since when, or from when on.
func (r *Retired) When() string {
	switch {
	case r.From == "":
		return "asked for nothing"
	case r.Now:
		return "asked for nothing since " + r.From + ", 00:00 UTC"
	}
	return "asked for nothing from " + r.From + " on, 00:00 UTC"
}

// String says it in a few words.
func (r *Retired) String() string {
	switch {
	case r.From == "":
		return "retired"
	case r.Now:
		return "retired since " + r.From
	}
	return "retired from " + r.From + " on"
}

func (r *Retired) lines() [][2]string {
	return [][2]string{{"clicks", r.Clicks}, {"opens", r.Opens}, {"unsubscribes", r.Unsubscribes}}
}

// page says that a reader gets the page of a code.
func page(code outcome.Code) string {
	return fmt.Sprintf("a page with status %d (%s)", code.Notice().Status, code)
}

func clicksOf(e *core.Site) string {
	switch {
	case e.Learns():
		return `redirected to where others were led before, where that was learned and "destinations" has the host; else ` + page(outcome.Retired)
	case !e.Origin.Family.Readable():
		return page(outcome.Retired) + ": only the ESP can read where its links lead"
	}
	g := e.Origin.Family.Gradings()
	text := "redirected from the link, where it says where it leads"
	if g.Certain != "" && g.Likely != "" {
		text += ", for certain or likely,"
	}
	return text + ` and "destinations" has the host; else ` + page(outcome.Retired)
}

func unsubscribesOf(e *core.Site) string {
	switch {
	case !hasUnsubscribes(e):
		return "no form of them is known: they are answered as clicks are, if they come here"
	case e.Unsubscribes == nil:
		return page(outcome.UnsubscribeRetired) + ", which says that nothing was done"
	}
	return "proxied to " + OriginURL(e.Unsubscribes) + ", GET and POST, with target and body as they came"
}

// hasUnsubscribes reports whether links of the ESP that unsubscribe are known
// from others.
func hasUnsubscribes(e *core.Site) bool {
	return slices.ContainsFunc(formsOf(e), func(f esp.Form) bool { return f.Kind == esp.KindUnsubscribe })
}

// longPast is how long after its day a date says no more than true.
const longPast = 30 * 24 * time.Hour

// retiredWarnings warns of what readers lose with a retired ESP.
func retiredWarnings(e *core.Site, now time.Time) (list []string) {
	r := RetiredOf(e, now)
	if r == nil {
		return nil
	}
	is, get := fmt.Sprintf("esp %q is retired", e.ESP), "get"
	switch {
	case !r.Now:
		is, get = fmt.Sprintf("esp %q will be retired on %s (UTC)", e.ESP, r.From), "will get"
	case r.From != "":
		is += " since " + r.From
	}
	wait := `let "retired" begin when these are over, and keep the account until then`
	switch {
	case !hasUnsubscribes(e):
		list = append(list, fmt.Sprintf(`%s: no form of its unsubscribe links is known, so "unsubscribes" gets none of them: they are answered as clicks are, and nobody learns of them. %s: %s`, is, canspam.Rule, wait))
	case e.Unsubscribes == nil:
		list = append(list, fmt.Sprintf(`%s, and the site has no "unsubscribes": the unsubscribe links in its mail %s a page that says that nothing was done. %s: name an origin of yours that takes them, or %s`, is, get, canspam.Rule, wait))
	}
	if !e.Origin.Family.Readable() {
		list = append(list, unreadWarning(e, r, is, get))
	}
	if r.From != "" && now.Sub(time.Unix(e.Retired, 0)) > longPast {
		list = append(list, fmt.Sprintf(`"retired": %q is long past: write true, and the service needs no backend for esp %q`, r.From, e.ESP))
	}
	return list
}

// unreadWarning warns of clicks that get a page, since a link says nothing.
func unreadWarning(e *core.Site, r *Retired, is, get string) string {
	home := ""
	if e.Home == "" {
		home = `, without a way on, as the site has no "home"`
	}
	text := fmt.Sprintf("%s: clicks in its mail %s %s%s, since only the ESP can read where its links lead", is, get, page(outcome.Retired), home)
	switch {
	case e.Learns():
		text += ", but for those of which that was learned while it was asked"
	case learned.Can(e.Origin.Family) && !r.Now:
		text += `; "learn": true remembers until then where others are led`
	}
	return text
}

// unsubscribesWarnings warns of an origin that is asked in clear text.
func unsubscribesWarnings(s *core.Site) []string {
	if s.Unsubscribes == nil || s.Unsubscribes.TLS {
		return nil
	}
	return []string{fmt.Sprintf(`%s: "unsubscribes": %s is asked without TLS: who unsubscribes can be read and changed on the way`, s.Host, OriginURL(s.Unsubscribes))}
}
