package main

import (
	"os"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// redirect sends the reader where the decision says.
func (x *exchange) redirect(d *core.Decision) {
	x.record.Destination = d.Host
	var a core.Answer
	a.Redirect(d)
	x.sendAnswer(&a)
}

// page sends a page that says why the request was refused or failed.
func (x *exchange) page(p core.Page) {
	p.RequestID = x.record.RequestID
	if x.site != nil {
		p.Home = x.site.Home
	}
	x.record.Code = p.Code
	var room [2 << 10]byte
	a := p.Answer(room[:])
	x.sendAnswer(&a)
}

// reply sends one of clickedge's own answers.
func (x *exchange) reply(r core.ReplyBody) {
	learned := 0
	if r == core.ReplyHealth {
		learned = openArchive().Len()
	}
	a := r.Answer(x.site, x.record.Version, hot.table.sites.Len(), learned)
	x.sendAnswer(&a)
}

// sendAnswer sends a response that does not come from the ESP.
func (x *exchange) sendAnswer(a *core.Answer) {
	resp, st := hostcall.NewResponse()
	st = worse(st, resp.SetStatus(a.Status))
	for i := range a.Header {
		h := &a.Header[i]
		if h[0] == "" {
			break
		}
		st = worse(st, resp.SetHeader(h[0], h[1]))
	}
	if st != hostcall.OK {
		x.sendFailure()
		return
	}
	body, _ := hostcall.NewBody()
	if len(a.Body) > 0 && x.request.Method != "HEAD" {
		body.Write(a.Body)
	}
	x.respond(resp, body, a.Status)
}

// sendFailure sends an empty 500 if the host has refused a header field: a part
// of the answer, such as a 302 without Location, would be worse.
func (x *exchange) sendFailure() {
	x.record.Failed()
	resp, _ := hostcall.NewResponse()
	resp.SetStatus(500)
	body, _ := hostcall.NewBody()
	x.respond(resp, body, 500)
}

// respond logs the request and then sends the response. If the reader has hung
// up, the host may end the sandbox when the response is sent, and a click that
// the ESP has counted must be in the log. A line that waits for the ESP's
// answer is written by finish.
func (x *exchange) respond(resp hostcall.Response, body hostcall.Body, status int) {
	x.record.Status = status
	x.record.Micros = max(0, now()-x.start) / 1000 // the wall clock may step back
	if !x.lineWaits && !x.record.Late {
		x.log()
	}
	x.answered = true
	if st := resp.SendDownstream(body); st != hostcall.OK {
		x.record.Failed()
		_, _ = os.Stderr.WriteString("internal error: the host did not take the answer (" + st.String() + "); request " + x.record.RequestID + "\n")
	}
}
