package dnsplan

import (
	"slices"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/canspam"
	"github.com/clickedge/clickedge/deploy/espdns"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// senders are the ESPs of a host. Each is a site as [core.Site.For] returns it.
type senders struct {
	used    []*core.Site // those that are asked, until a date that lies ahead too
	retired []*core.Site
}

func sendersOf(s *core.Site, now time.Time) (all senders) {
	all.used, all.retired = sitesfile.Senders(s, now)
	return all
}

func (all senders) list() []*core.Site {
	return append(append([]*core.Site(nil), all.used...), all.retired...)
}

func (all senders) several() bool { return len(all.used)+len(all.retired) > 1 }

func (all senders) isRetired(e *core.Site) bool {
	return slices.Contains(all.retired, e)
}

// also names the ESPs of a site beside its own.
func (all senders) also(s *core.Site) (list []Also) {
	for _, e := range s.Also {
		a := Also{ESP: e.ESP, Retired: all.isRetired(e)}
		if e.Retired != 0 && !a.Retired {
			a.Until = time.Unix(e.Retired, 0).UTC().AddDate(0, 0, -1).Format(time.DateOnly)
		}
		list = append(list, a)
	}
	return list
}

// text is the ESP in the heading of a host.
func (a *Also) text() string {
	switch {
	case a.Retired:
		return "retired " + a.ESP
	case a.Until != "":
		return "until " + a.Until + " " + a.ESP
	}
	return "also " + a.ESP
}

// verification says what is checked at the host through the site's own ESP
// only. An ESP of also gets nothing but paths of its links.
func (h *Host) verification(s *core.Site, all senders) {
	var others, probes []string
	for _, e := range all.used {
		if e == s {
			continue
		}
		others = append(others, e.ESP)
		if p := e.Origin.Health; p.Path != "" && s.For(p.Path) != e {
			probes = append(probes, p.Method+" "+p.Path+" ("+e.ESP+")")
		}
	}
	if len(others) == 0 {
		return
	}
	to := "goes to " + s.ESP
	if s.Origin == nil {
		to = "is answered here, as esp is \"none\""
	}
	note := "verification: /health and every path that is no link of another ESP " + to + ", so " + output.And(others) +
		" cannot verify the host through it by such a path"
	if len(probes) > 0 {
		note += "; known: " + output.And(probes)
	}
	h.Notes = append(h.Notes, note+". Verify it there before the CNAME moves, or make that ESP the site's esp for as long as it takes")
}

// retired says what is not needed any more.
func (h *Host) retired(all senders) {
	for _, e := range all.retired {
		name := e.ESP
		if m := espdns.ManagedBy(e.ESP); m != nil && m.Delegated {
			h.First = append(h.First, strings.ReplaceAll(m.Advice(), "{host}", e.Host))
		}
		h.Then = append(h.Then, name+" is retired: nothing of it is needed for this host once readers are here. The tracking domain may be deleted there"+
			unsubscribesOf(e))
		if e.Origin.Sender() == esp.FamilySendGrid {
			h.Then = append(h.Then, "SendGrid's second CNAME, "+secondCNAME(e)+", may be deleted")
		}
		h.Then = append(h.Then, leftovers(e)...)
	}
	for i := range h.Also {
		if a := &h.Also[i]; a.Until != "" {
			h.Notes = append(h.Notes, a.ESP+" is retired after "+a.Until+": until then it is as any other, and afterwards clickedge dns says what of it may be deleted")
		}
	}
}

// unsubscribesOf says what a retired ESP's account is kept for.
func unsubscribesOf(e *core.Site) string {
	if e.Unsubscribes != nil {
		return "; unsubscribes in its mail go to " + e.Unsubscribes.Address
	}
	return "; unsubscribes in its mail get a page that says so, as no \"unsubscribes\" is set: " + canspam.Rule
}
