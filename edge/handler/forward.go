package handler

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/fastly/compute-sdk-go/fsthttp"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/outcome"
)

// attempt is the result of sending the request to one origin. It has the answer
// if its code is outcome.OK.
type attempt struct {
	core.Attempt
	resp *fsthttp.Response
}

// close drops an answer that is not sent on.
func (a *attempt) close() {
	if a.resp != nil {
		_, _ = a.resp.Close(), a.resp.Body.Close()
	}
}

// location returns the values of the answer's Location.
func (a *attempt) location() string { return valuesOf(a.resp.Header, "location") }

// proxy forwards the reader's request, and sends the ESP's answer back if core
// decides so.
func (x *exchange) proxy(d *core.Decision) {
	var a attempt
	x.ask(d.Origin, &a)
	d.AfterAttempt(&x.request, x.site, &a.Attempt)
	if x.site.Recalls != "" && d.Action == core.Proxy {
		x.recall(d, &a)
	}
	if d.Action == core.Proxy {
		x.sendBack(d, &a)
		return
	}
	x.record.Decided(d, x.site)
	wait := ""
	if d.Status != 0 {
		wait = core.RetryAfterOf(valuesOf(a.resp.Header, "retry-after"))
	}
	a.close()
	if d.Action == core.Redirect {
		x.redirect(d)
	} else {
		x.page(core.Page{Code: d.Code, Status: d.Status, RetryAfter: wait})
	}
	if x.said != "" {
		x.learn(a.Status, x.said)
	}
}

// recall lets core recall where the ESP's answer leads.
func (x *exchange) recall(d *core.Decision, a *attempt) {
	values := a.location()
	if d.AfterAnswer(&x.request, x.site, a.Status, values, x.secure()); d.Recalled != "" {
		x.record.Code, x.said = d.Code, values
	}
}

// sendBack sends the ESP's answer to the reader. One that is recalled goes
// without its body, which says where the link led.
func (x *exchange) sendBack(d *core.Decision, a *attempt) {
	h, locations, length := a.resp.Header, "", a.length()
	edit := editor(h, d.Origin)
	if d.Recalled != "" {
		d.EditRecalled(edit)
		length = "0"
	}
	if core.IsRedirect(a.Status) {
		locations = valuesOf(h, "location")
		x.record.Destination = core.LeadsTo(locations, x.secure(), x.site.Host)
	}
	d.Origin.EditAnswer(a.Status, fieldsOf(h), edit)
	x.w.Header().Reset(h)
	x.begin(a.Status, length)
	if d.Recalled != "" {
		a.close()
	} else {
		x.sent(x.w.Append(a.resp.Body))
	}
	x.end()
	x.learn(a.Status, cmp.Or(x.said, locations))
}

// length is what the ESP says of its answer's body: "" where it does not, or not
// once.
func (a *attempt) length() string {
	if values := a.resp.Header.Values("content-length"); len(values) == 1 {
		return values[0]
	}
	return ""
}

// count lets the ESP count a click whose reader has been answered. Its answer is
// only compared and logged.
func (x *exchange) count(d *core.Decision) {
	var a attempt
	defer a.close()
	x.ask(d.Origin, &a)
	if !core.IsRedirect(a.Status) {
		return
	}
	values := a.location()
	if warning := x.record.Compare(d, a.Status, values, x.secure(), x.site); warning != "" {
		x.warn("warning: " + warning)
	}
	x.learn(a.Status, values)
}

// ask edits the request and sends it to the origin, or to the second one if core
// allows it. It writes the result to a, which must be zero. Together they take no
// longer than the site's timeout.
func (x *exchange) ask(o *core.Origin, a *attempt) {
	x.arrival.Address = x.address()
	h := x.in.Header.Clone()
	x.site.EditRequest(o, &x.arrival, editor(h, o))
	limit, start := x.site.Timeout(x.request.Method), time.Now()
	x.try(o, h, limit, a)
	x.record.Attempted(&a.Attempt)
	second := x.site.SecondFor(o, &x.request)
	left := limit - time.Since(start)
	if second == nil || !a.TryNext(left) {
		return
	}
	h.Set("Host", x.site.OutgoingHost(second))
	first := a.Attempt
	*a = attempt{}
	x.try(second, h, left, a)
	x.record.AttemptedSecond(&first, &a.Attempt)
}

// try sends the request to one origin, and waits for the head of its answer.
func (x *exchange) try(o *core.Origin, h fsthttp.Header, limit time.Duration, a *attempt) {
	ctx, cancel := context.WithTimeout(x.ctx, limit)
	defer cancel()
	resp, err := x.outgoing(h).Send(ctx, o.Backend)
	var detail fsthttp.SendError
	switch {
	case err == nil:
		a.resp, a.Code, a.Status = resp, outcome.OK, resp.StatusCode
		return
	case errors.Is(err, context.DeadlineExceeded):
		a.Late()
	case errors.Is(err, fsthttp.ErrBackendNotFound):
		a.Fail(outcome.DestinationNotFound)
	case errors.As(err, &detail):
		a.Fail(outcome.Failure(detail.Cause()))
	default:
		a.Fail(outcome.Failure(0))
	}
	if a.Reason == "" {
		a.Reason = "error"
	}
	a.Blame(&x.request)
}

// outgoing makes the request that an origin gets. The target is the reader's,
// byte for byte. Nothing is cached. The reader's body goes with the first: only
// the host knows whether there is one, since HTTP/2 needs no field for it, and it
// can be sent once.
func (x *exchange) outgoing(h fsthttp.Header) *fsthttp.Request {
	req := &fsthttp.Request{Method: x.request.Method, URL: uriOf(x.arrival.Scheme, x.record.Host, x.request.Target), Header: h}
	req.CacheOptions.Pass = true
	if !x.bodySent {
		req.SetBody(x.in.Body)
		x.bodySent = true
	}
	return req
}
