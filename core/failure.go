package core

import (
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
)

// failed reports whether a status says that the ESP failed, rather than that
// the link is bad.
func failed(status int) bool { return status >= 500 || status == 429 || unusable(status) }

// unusable reports whether a status cannot be passed on: an interim one (1xx),
// which cannot end an exchange, or one that HTTP does not have (RFC 9110, 15).
// The reader gets the page of [ESPError] instead, with that code's own status.
func unusable(status int) bool { return status < 200 || status > 599 }

// AfterAttempt updates the decision to proxy a request with the result. The
// action stays [Proxy] if the reader gets the origin's answer.
func (d *Decision) AfterAttempt(req *Request, site *Site, a *Attempt) {
	switch {
	case a.Code != outcome.OK:
		*d = AfterFailure(req, site, a.Code)
	case unusable(a.Status):
		*d = AfterFailure(req, site, outcome.ESPError)
	case failed(a.Status) && d.Kind.Leads() && req.reads():
		// A person gets a page. The sender of a POST is a program, and gets the
		// ESP's own answer.
		if *d = AfterFailure(req, site, outcome.ESPError); d.Code == outcome.ESPError && d.Action == Refuse {
			d.Status = a.Status
		}
	}
}

// AfterFailure decides what the reader gets when the ESP failed: a redirect
// from the link itself, if the site wants that (when_esp_fails), the link can
// be read or has been learned, and the site's list allows its destination; a
// page otherwise. A link that can be read, or was learned, may be recalled.
// Origin is the ESP's, which is not asked again; of an ESP that is retired, now
// or later, it is nil.
func AfterFailure(req *Request, site *Site, why outcome.Code) Decision {
	site = site.For(req.Target)
	link := site.Origin.Family.Find(req.Target)
	d := Decision{Action: Refuse, Code: why, Kind: link.Kind()}
	if site.Retired == 0 { // else it may be the origin of unsubscribes that failed
		d.Origin = site.Origin
	}
	switch {
	case why == outcome.IncompleteRequest:
	case !d.Kind.Leads():
		d.Why = WhyKind
	case !req.reads():
		d.Why = WhyMethod
	case !site.FailRedirect:
		d.Why = WhySetting
	case d.follow(req, site, link, esp.Likely):
	default:
		d.followLearned(req, site, true)
	}
	return d
}
