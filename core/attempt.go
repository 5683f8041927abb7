package core

import (
	"time"

	"github.com/clickedge/clickedge/core/outcome"
)

// Attempt is the result of sending a request to one origin.
type Attempt struct {
	// Code says why there is no answer; OK where there is one.
	Code outcome.Code
	// Status is that of the answer; 0 where there is none.
	Status int
	// Reason is the code in more detail, for the log: "connection_refused".
	Reason string
	// Unreached: no connection was made, so the origin cannot have seen the
	// request.
	Unreached bool
	// BodyBroke: the request's body ended early while it was being sent.
	BodyBroke bool
}

// Fail records that the origin gave no answer.
func (a *Attempt) Fail(f outcome.Failure) {
	a.Code, a.Reason, a.Unreached = f.Code(), f.String(), f.Unreached()
}

// Late records that no answer had begun when the site's timeout was over.
func (a *Attempt) Late() { a.Code, a.Reason = outcome.ESPTimeout, "no_answer_in_time" }

// Blame changes the code of a failure that the reader caused: the reader's
// connection ended before the body was whole.
func (a *Attempt) Blame(req *Request) {
	if a.BodyBroke && !req.repeatable() {
		a.Code = outcome.IncompleteRequest
	}
}

// Missed says whether the request is missing in the origin's counts: "yes" if
// it was never reached, "maybe" if it was reached and failed, else "".
func (a *Attempt) Missed() string {
	switch {
	case a.Code == outcome.OK && !failed(a.Status):
	case a.Code == outcome.IncompleteRequest: // there was nothing whole to count
	case a.Code == outcome.Internal: // nothing was sent
	case a.Unreached:
		return "yes"
	default:
		return "maybe"
	}
	return ""
}

// SecondFor returns the origin to which the request may be sent if this one,
// the first, was never reached; nil for none. A request with a body cannot be
// sent twice: sending it consumes the body.
func (s *Site) SecondFor(o *Origin, req *Request) *Origin {
	if s.SecondOrigin == nil || o != s.Origin || !req.repeatable() {
		return nil
	}
	return s.SecondOrigin
}

// leastTimeLeft is the least time that must be left to try the second origin.
const leastTimeLeft = time.Millisecond

// TryNext reports whether the request goes to the second origin after this
// attempt. left is what is left of the site's timeout.
func (a *Attempt) TryNext(left time.Duration) bool {
	return a.Unreached && left >= leastTimeLeft
}

// repeatable reports whether the request may be sent a second time.
func (r *Request) repeatable() bool { return r.reads() && !r.HasBody }

// reads reports whether the request changes nothing (RFC 9110, 9.2.1). OPTIONS
// and TRACE change nothing either, but nobody opens a link with them.
func (r *Request) reads() bool { return r.Method == "GET" || r.Method == "HEAD" }
