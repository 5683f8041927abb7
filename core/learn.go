package core

import (
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/header"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/outcome"
)

// This file has the links that are learned: what an ESP's answer says of a link
// that only the ESP can read, and how a click is redirected by it later.

// LearnedLinks has what is known of links by their names.
type LearnedLinks interface {
	// Learned returns what is known of a name, of all the places that are asked.
	// Places that may take a while are asked only if patient is true: the ESP
	// has failed, and the reader has waited already.
	Learned(name *learned.Name, patient bool) learned.Entry
}

// Learns reports whether the site learns links of its ESP.
func (s *Site) Learns() bool { return s.Learn && s.Origin != nil && learned.Can(s.Origin.Family) }

// LearnedLink returns the link of a request, if it has a name and the site
// learns links.
func (s *Site) LearnedLink(req *Request) (l learned.Link, ok bool) {
	if !s.Learns() {
		return l, false
	}
	return learned.Read(s.Host, s.Origin.Family, req.Target)
}

// Sight returns what the answer of an ESP's origin says of the link of a
// request, given the answer's status and the values of its Location, each
// followed by a NUL. ok is false if that is nothing: the request is no click,
// the link has no name, or the answer is no redirect to another host. Nothing
// that the request says of itself is used, except its target.
func (s *Site) Sight(req *Request, kind esp.Kind, status int, locations string) (sight learned.Sight, ok bool) {
	if !s.Learn || !kind.Leads() || !req.reads() || status != 301 && status != 302 && status != 307 {
		return sight, false
	}
	location, rest := header.Next(locations)
	if location == "" || rest != "" { // browsers do not agree on which of two they follow
		return sight, false
	}
	to, d, parsed := destination.ParseRead(destination.LowerScheme(location))
	if !parsed {
		host := destination.HostOf(location, true, s.Host)
		if host == "" || host == s.Host {
			return sight, false
		}
		to = location
	} else if d.Host == s.Host {
		return sight, false
	}
	if sight.Link, ok = s.LearnedLink(req); !ok {
		return sight, false
	}
	sight.Destination = to
	sight.Fit = parsed && len(to) <= learned.MaxDestination && s.allowsParsed(d) == outcome.OK
	return sight, true
}

// followLearned redirects to where the ESP has sent others from this link, if
// that is known, and the site's list allows it or a rule recalls it. It reports
// whether it did.
func (d *Decision) followLearned(req *Request, site *Site, patient bool) bool {
	link, ok := site.LearnedLink(req)
	if !ok || req.Learned == nil {
		return false
	}
	d.Why = WhyNotLearned
	e := req.Learned.Learned(&link.Name, patient)
	if e.State != learned.Known || !learned.IsDestination(e.Destination) {
		return false
	}
	dest, _ := destination.Parse(e.Destination)
	switch {
	case site.Recalls != "" && d.recall(site, e.Destination):
	case site.allowsParsed(dest) != outcome.OK:
		d.Why = WhyNotAllowed
		return false
	default:
		d.Action, d.Location, d.Host = Redirect, e.Destination, dest.Host
	}
	d.Reading, d.Why = esp.Learned, WhyLearned
	return true
}
