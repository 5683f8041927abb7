package core

import (
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/header"
	"github.com/clickedge/clickedge/core/outcome"
)

// This file has what becomes of a link that the site recalls. core/recall has
// the rules.

// recall answers a click as the first rule says that meets url, where its
// reader is about to be sent. It reports whether there is one. url need not be
// on the site's list: a link with a wrong host can be corrected too.
func (d *Decision) recall(site *Site, url string) bool {
	u, ok := destination.ReadLocation(url, true, site.Host)
	if !ok {
		return false
	}
	return d.recallTo(site, url, u)
}

func (d *Decision) recallTo(site *Site, url string, u destination.Location) bool {
	rule, to, ok := site.Recalls.Match(u)
	if !ok {
		return false
	}
	d.Action, d.Code, d.Recalled, d.Rule = Refuse, outcome.Recalled, url, rule
	// sitesjson has checked it, but a table may hold any bytes.
	if dest, ok := destination.Parse(to); ok && site.allowsParsed(dest) == outcome.OK {
		d.Action, d.Location, d.Host = Redirect, to, dest.Host
	}
	return true
}

// AfterAnswer updates the decision to proxy a request with the ESP's answer, if
// a rule recalls where it leads: its status, its values of Location, each
// followed by a NUL, and whether the reader came over TLS. The action stays
// [Proxy] if the reader gets the answer with another Location.
//
// Opens and unsubscribes are never recalled, nor is what a program sends: the
// ESP has done by then what it was asked for. Links of unknown form are clicks,
// for all that is known.
func (d *Decision) AfterAnswer(req *Request, site *Site, status int, locations string, tls bool) {
	if site.Recalls == "" || d.Action != Proxy || !IsRedirect(status) || !d.Kind.Leads() && d.Kind != esp.KindOther || !req.reads() {
		return
	}
	for locations != "" {
		var value string
		value, locations = header.Next(locations)
		u, ok := destination.ReadLocation(value, tls, site.Host)
		if ok && d.recallTo(site, value, u.Resolve(req.Target)) {
			break
		}
	}
	if d.Action == Redirect {
		d.Action = Proxy
	}
}

// Said is where the link itself leads, for a decision that was made from the
// link, whatever was recalled.
func (d *Decision) Said() string {
	if d.Recalled != "" {
		return d.Recalled
	}
	return d.Location
}

// EditRecalled calls edit for each edit of an ESP's answer that is recalled,
// before [Origin.EditAnswer]: where it leads, and what else says so. Its body
// must be left out. It must not be cached: the rule may change again.
func (d *Decision) EditRecalled(edit Editor) {
	edit(EditSet, "location", d.Location)
	edit(EditSet, "cache-control", noStore)
	for _, name := range [...]string{"content-type", "content-length", "content-encoding", "refresh", "link"} {
		edit(EditRemove, name, "")
	}
}
