package main

import (
	"cmp"
	"os"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// proxy forwards the reader's request, and sends the ESP's response back if
// core decides so.
func (x *exchange) proxy(d *core.Decision) {
	var a attempt
	x.ask(d.Origin, &a)
	d.AfterAttempt(&x.request, x.site, &a.Attempt)
	if x.site.Recalls != "" && d.Action == core.Proxy {
		x.recall(d, &a)
	}
	if d.Action == core.Proxy {
		if d.Recalled != "" && x.recallAnswer(d, &a) != hostcall.OK {
			a.close()
			x.sendFailure()
			return
		}
		x.sendBack(d.Origin, a.resp, a.body, a.Status)
		return
	}
	x.record.Decided(d, x.site)
	wait := ""
	if d.Status != 0 {
		values, _ := a.resp.HeaderValues(&x.buf, "retry-after")
		wait = core.RetryAfterOf(values)
	}
	a.close()
	if d.Action == core.Redirect {
		x.redirect(d)
	} else {
		x.page(core.Page{Code: d.Code, Status: d.Status, RetryAfter: wait})
	}
	if x.recalled != "" {
		x.learn(a.Status, x.recalled)
	}
}

// recall lets core recall where the ESP's answer leads.
func (x *exchange) recall(d *core.Decision, a *attempt) {
	values, _ := a.resp.HeaderValues(&x.buf, "location")
	if d.AfterAnswer(&x.request, x.site, a.Status, values, x.secure()); d.Recalled != "" {
		x.record.Code, x.recalled = d.Code, values
	}
}

// recallAnswer edits an answer that is recalled. Its body stays here, as it
// says where the link led. A failure means that the answer must not be sent.
func (x *exchange) recallAnswer(d *core.Decision, a *attempt) (st hostcall.Status) {
	d.EditRecalled(func(op core.EditOp, name, value string) {
		if op == core.EditSet {
			st = worse(st, a.resp.SetHeader(name, value))
			return
		}
		st = worse(st, gone(a.resp.RemoveHeader(name)))
	})
	a.body.Close()
	body, made := hostcall.NewBody()
	a.body = body
	return worse(st, made)
}

// sendBack sends the response of the origin to the reader.
func (x *exchange) sendBack(o *core.Origin, resp hostcall.Response, body hostcall.Body, status int) {
	names, _ := resp.HeaderNames(&x.buf)
	locations := ""
	if core.IsRedirect(status) {
		locations, _ = resp.HeaderValues(&x.buf, "location")
		x.record.Destination = core.LeadsTo(locations, x.secure(), x.site.Host)
	}
	x.editResponse(o, resp, names, status)
	x.respond(resp, body, status)
	if x.site.Learn {
		x.learn(status, cmp.Or(x.recalled, locations))
	}
}

// count lets the ESP count a click whose reader has been answered. Its answer
// is only compared and logged.
func (x *exchange) count(d *core.Decision) {
	var a attempt
	x.ask(d.Origin, &a)
	if core.IsRedirect(a.Status) {
		values, _ := a.resp.HeaderValues(&x.buf, "location")
		if warning := x.record.Compare(d, a.Status, values, x.secure(), x.site); warning != "" {
			_, _ = os.Stderr.WriteString("warning: " + warning + "\n")
		}
		if x.site.Learn {
			x.learn(a.Status, values)
		}
	}
	a.close()
}

// secure reports whether the reader came over TLS.
func (x *exchange) secure() bool { return len(x.arrival.Scheme) == len("https") }
