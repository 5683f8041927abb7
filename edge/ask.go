package main

import (
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// attempt is what came of sending the request to one origin.
type attempt struct {
	resp hostcall.Response
	body hostcall.Body
	code core.Code // OK, or why there is no response
	// reason is the code in more detail, for the log.
	reason string
	// unreached: nobody has seen the request, so it may be sent again.
	unreached bool
	// unsent: the request's body broke off before all of it had been sent.
	unsent bool
}

func (a attempt) close() {
	a.resp.Close()
	a.body.Close()
}

// ask edits the request, sends it to the origin, and to the site's second one
// where the first was never reached. Both together take no longer than the site
// allows. The request's handles are consumed whatever happens.
func (x *exchange) ask(o *core.Origin) (a attempt) {
	if st := x.edit(o); st != hostcall.OK {
		x.record.OriginError = "header_" + st.String()
		return attempt{code: core.Internal}
	}
	limit := x.site.Timeout(x.request.Method)
	if x.site.SecondOrigin == nil || !x.repeatable() {
		a = send(x.req, x.body, o, limit)
		if a.unsent && !x.repeatable() {
			a.code = core.IncompleteRequest
		}
		x.noteAttempt(&a)
		return a
	}
	fields, start := x.fields(), time.Now()
	a = send(x.req, x.body, o, limit)
	x.noteAttempt(&a)
	if left := limit - time.Since(start); a.unreached && left >= time.Millisecond {
		return x.again(a, fields, x.site.SecondOrigin, left)
	}
	return a
}

func (x *exchange) noteAttempt(a *attempt) {
	if a.code == core.IncompleteRequest { // the reader's fault: there was nothing whole to count
		return
	}
	x.record.OriginError = a.reason
	switch {
	case a.code == core.OK:
	case a.unreached:
		x.record.Missed = "yes"
	default:
		x.record.Missed = "maybe"
	}
}

// send sends a request and waits for the head of the response. The body streams
// afterwards, through the host, bounded by the backend's own settings.
func send(req hostcall.Request, body hostcall.Body, o *core.Origin, limit time.Duration) attempt {
	pending, st := req.Send(body, o.Backend)
	if st == hostcall.InvalidArg {
		return attempt{code: core.ESPUnreachable, reason: hostcall.DestinationNotFound.String(), unreached: true}
	} else if st != hostcall.OK {
		return attempt{code: core.ESPUnreachable, reason: st.String()}
	}
	// Where the host knows no time limit, the backend's own holds in Wait.
	if ready, st := pending.Ready(uint32(limit.Milliseconds())); st == hostcall.OK && !ready {
		return attempt{code: core.ESPTimeout, reason: "no_answer_in_time"}
	}
	resp, answer, failure, st := pending.Wait()
	if st == hostcall.OK {
		return attempt{resp: resp, body: answer, code: core.OK}
	}
	a := attempt{code: codeOf(failure), reason: failure.String(), unreached: failure.Unreached(), unsent: st == hostcall.HTTPUser}
	if a.reason == "" {
		a.reason = st.String()
	}
	return a
}

func codeOf(f hostcall.Failure) core.Code {
	switch {
	case f.TimedOut():
		return core.ESPTimeout
	case f.TLS():
		return core.ESPTLS
	}
	return core.ESPUnreachable
}
