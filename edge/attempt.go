package main

import (
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// attempt is the result of sending the request to one origin. It has the
// response if its code is outcome.OK.
type attempt struct {
	core.Attempt
	resp hostcall.Response
	body hostcall.Body
}

func (a *attempt) close() {
	if a.Code == outcome.OK {
		a.resp.Close()
		a.body.Close()
	}
}

// ask edits the request and sends it to the origin, or to the second one if
// core allows it. It writes the result to a, which must be zero. The request's
// handles are consumed in any case.
func (x *exchange) ask(o *core.Origin, a *attempt) {
	if st := x.editRequest(o); st != hostcall.OK {
		a.Code, a.Reason = outcome.Internal, "header_"+st.String()
		x.record.Attempted(&a.Attempt)
		return
	}
	limit := x.site.Timeout(x.request.Method)
	if second := x.site.SecondFor(o, &x.request); second != nil {
		x.askBoth(o, second, limit, a)
		return
	}
	x.send(x.req, x.body, o, limit, a)
	x.record.Attempted(&a.Attempt)
}

// send sends a request and waits for the head of the response. The host streams
// the body afterwards, within the backend's own timeouts.
func (x *exchange) send(req hostcall.Request, body hostcall.Body, o *core.Origin, limit time.Duration, a *attempt) {
	pending, st := req.Send(body, o.Backend)
	switch st {
	case hostcall.OK:
	case hostcall.InvalidArg:
		a.Fail(outcome.DestinationNotFound)
		return
	default:
		a.Code, a.Reason = outcome.ESPUnreachable, st.String()
		return
	}
	// If the host does not support a time limit, the backend's own applies in
	// Wait.
	if ready, st := pending.Ready(uint32(limit.Milliseconds())); st == hostcall.OK && !ready {
		a.Late()
		return
	}
	var failure outcome.Failure
	a.resp, a.body, failure, st = pending.Wait()
	if st == hostcall.OK {
		a.Code = outcome.OK
		a.Status, _ = a.resp.Status()
		return
	}
	if a.Fail(failure); a.Reason == "" {
		a.Reason = st.String()
	}
	a.BodyBroke = st == hostcall.HTTPUser
	a.Blame(&x.request)
}
