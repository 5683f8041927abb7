package core

import (
	"time"

	"github.com/clickedge/clickedge/core/esp"
)

// Attempt is what came of sending a request to one origin.
type Attempt struct {
	// Code says why there is no answer; OK where there is one.
	Code Code
	// Status is that of the answer; 0 where there is none.
	Status int
	// Reason is the code in more detail, for the log: "connection_refused".
	Reason string
	// Unreached: no connection was made, so nobody has seen the request.
	Unreached bool
	// BodyBroke: what was to be sent broke off before all of it had been.
	BodyBroke bool
}

// Blame makes the reader's fault of a failure that was: a body that broke off on
// its way here.
func (a *Attempt) Blame(req *Request) {
	if a.BodyBroke && !req.repeatable() {
		a.Code = IncompleteRequest
	}
}

// Missed reports whether the origin has not counted the request: "yes" where it
// was never reached, "maybe" where it was and did not answer as it should, else
// "".
func (a *Attempt) Missed() string {
	switch {
	case a.Code == OK && !failed(a.Status):
	case a.Code == IncompleteRequest: // there was nothing whole to count
	case a.Code == Internal: // nothing was sent
	case a.Unreached:
		return "yes"
	default:
		return "maybe"
	}
	return ""
}

// SecondFor returns where a request may be sent that the first origin has never
// seen; nil for nowhere. What has a body cannot be sent twice: it has gone with
// the first.
func (s *Site) SecondFor(req *Request) *Origin {
	if s.SecondOrigin == nil || !req.repeatable() {
		return nil
	}
	return s.SecondOrigin
}

// leastTimeLeft is the least time for which the second origin is tried.
const leastTimeLeft = time.Millisecond

// TryNext reports whether the request goes to the second origin after this
// attempt, with so much of the reader's time left.
func (a *Attempt) TryNext(left time.Duration) bool {
	return a.Unreached && left >= leastTimeLeft
}

// repeatable reports whether the request may be sent a second time.
func (r *Request) repeatable() bool { return r.reads() && !r.HasBody }

// reads reports whether the request changes nothing (RFC 9110, 9.2.1). OPTIONS and
// TRACE change nothing either, but nobody opens a link with them.
func (r *Request) reads() bool { return r.Method == "GET" || r.Method == "HEAD" }

// AfterAttempt changes the decision to proxy a request by what came of it. It
// stays [Proxy] where the reader gets the origin's answer.
func (d *Decision) AfterAttempt(req *Request, site *Site, a *Attempt) {
	switch {
	case a.Code != OK:
		*d = AfterFailure(req, site, a.Code)
	case unusable(a.Status):
		*d = AfterFailure(req, site, ESPError)
	case failed(a.Status) && d.Kind.Leads() && req.reads():
		// A person waits for a page. Whoever sends a POST reads the status.
		if *d = AfterFailure(req, site, ESPError); d.Action == Refuse {
			d.Status = a.Status
		}
	}
}

// AfterFailure says what the reader of a proxied request gets when the ESP gave
// no answer that helps: a redirect from the link itself where the site wants it,
// the link can be read and the list allows it, and a page otherwise.
func AfterFailure(req *Request, site *Site, why Code) Decision {
	link := site.Origin.Family.Find(req.Target)
	d := Decision{Action: Refuse, Code: why, Kind: link.Kind(), Origin: site.Origin}
	switch {
	case why == IncompleteRequest:
	case !d.Kind.Leads():
		d.Why = WhyKind
	case !req.reads():
		d.Why = WhyMethod
	case !site.FailRedirect:
		d.Why = WhySetting
	default:
		d.follow(req, site, link, esp.Likely)
	}
	return d
}
