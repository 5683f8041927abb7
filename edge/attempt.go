package main

import (
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// attempt is what came of sending the request to one origin. Where its code is
// core.OK it has the response.
type attempt struct {
	core.Attempt
	resp hostcall.Response
	body hostcall.Body
}

func (a *attempt) close() {
	if a.Code == core.OK {
		a.resp.Close()
		a.body.Close()
	}
}

// ask edits the request and sends it to the origin, or to the second one where
// core allows it, and puts what came of it into a, which must be zero. The
// request's handles are consumed whatever happens.
func (x *exchange) ask(o *core.Origin, a *attempt) {
	if st := x.editRequest(o); st != hostcall.OK {
		a.Code, a.Reason = core.Internal, "header_"+st.String()
		x.record.Attempted(&a.Attempt)
		return
	}
	limit := x.site.Timeout(x.request.Method)
	if second := x.site.SecondFor(&x.request); second != nil {
		x.askBoth(o, second, limit, a)
		return
	}
	x.send(x.req, x.body, o, limit, a)
	x.record.Attempted(&a.Attempt)
}

// send sends a request and waits for the head of the response. The body streams
// afterwards, through the host, bounded by the backend's own settings.
func (x *exchange) send(req hostcall.Request, body hostcall.Body, o *core.Origin, limit time.Duration, a *attempt) {
	pending, st := req.Send(body, o.Backend)
	switch st {
	case hostcall.OK:
	case hostcall.InvalidArg:
		a.Code, a.Reason, a.Unreached = core.ESPUnreachable, hostcall.DestinationNotFound.String(), true
		return
	default:
		a.Code, a.Reason = core.ESPUnreachable, st.String()
		return
	}
	// Where the host knows no time limit, the backend's own holds in Wait.
	if ready, st := pending.Ready(uint32(limit.Milliseconds())); st == hostcall.OK && !ready {
		a.Code, a.Reason = core.ESPTimeout, "no_answer_in_time"
		return
	}
	var failure hostcall.Failure
	a.resp, a.body, failure, st = pending.Wait()
	if st == hostcall.OK {
		a.Code = core.OK
		a.Status, _ = a.resp.Status()
		return
	}
	a.Code, a.Reason = codeOf(failure), failure.String()
	if a.Reason == "" {
		a.Reason = st.String()
	}
	a.Unreached, a.BodyBroke = failure.Unreached(), st == hostcall.HTTPUser
	a.Blame(&x.request)
}

// codeOf translates the host's word for a failure.
func codeOf(f hostcall.Failure) core.Code {
	switch {
	case f.TimedOut():
		return core.ESPTimeout
	case f.TLS():
		return core.ESPTLS
	}
	return core.ESPUnreachable
}
