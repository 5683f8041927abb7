package server

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// attempt is the result of sending the request to one origin. It has the answer
// if its code is outcome.OK.
type attempt struct {
	core.Attempt
	resp *wire.Response
}

func (a *attempt) close() {
	if a.resp != nil {
		_ = a.resp.Body.Close()
	}
}

// location returns the values of the answer's Location.
func (a *attempt) location() string { return valuesOf(a.resp.Header, "location") }

// proxy forwards the reader's request, and sends the ESP's answer back if core
// decides so.
func (x *exchange) proxy(d *core.Decision) {
	var a attempt
	defer a.close()
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
	if d.AfterAnswer(&x.request, x.site, a.Status, values, x.in.Secure); d.Recalled != "" {
		x.record.Code, x.said = d.Code, values
	}
}

// sendBack sends the ESP's answer to the reader. One that is recalled goes
// without its body, which says where the link led.
func (x *exchange) sendBack(d *core.Decision, a *attempt) {
	h, length, locations := a.resp.Header, a.resp.Length, ""
	edit := func(op core.EditOp, name, value string) {
		apply(&h, d.Origin, core.Edit{Op: op, Name: name, Value: value})
	}
	if d.Recalled != "" {
		d.EditRecalled(edit)
		length = 0
	}
	if core.IsRedirect(a.Status) {
		locations = valuesOf(h, "location")
		x.record.Destination = core.LeadsTo(locations, x.in.Secure, x.site.Host)
	}
	d.Origin.EditAnswer(a.Status, x.fieldsOf(h), edit)
	x.begin(a.Status, frame(h, x.request.Method, a.Status, length))
	if length != 0 && hasBody(x.request.Method, a.Status) {
		x.stream(a.resp.Body)
	}
	x.learn(a.Status, cmp.Or(x.said, locations))
}

// tell lets the ESP count a click whose reader has been answered. Its answer is
// only compared and logged. A request with a body is sent before the reader's
// connection goes on to the next one.
func (x *exchange) tell(d *core.Decision) {
	if x.request.HasBody {
		x.count(d)
		return
	}
	x.handOver(func() { x.count(d) })
}

func (x *exchange) count(d *core.Decision) {
	var a attempt
	defer a.close()
	x.ask(d.Origin, &a)
	if !core.IsRedirect(a.Status) {
		return
	}
	values := a.location()
	if warning := x.record.Compare(d, a.Status, values, x.in.Secure, x.site); warning != "" {
		x.warn("warning: " + warning)
	}
	x.learn(a.Status, values)
}

// ask edits the request and sends it to the origin, or to the second one if core
// allows it. It writes the result to a, which must be zero.
func (x *exchange) ask(o *core.Origin, a *attempt) {
	x.arrival.Address = x.address()
	x.header = append(x.header[:0], x.in.Header...)
	x.site.EditRequest(o, &x.arrival, func(op core.EditOp, name, value string) {
		apply(&x.header, o, core.Edit{Op: op, Name: name, Value: value})
	})
	limit, start := x.site.Timeout(x.request.Method), time.Now()
	x.try(o, limit, a)
	x.record.Attempted(&a.Attempt)
	second := x.site.SecondFor(o, &x.request)
	left := limit - time.Since(start)
	if second == nil || !a.TryNext(left) {
		return
	}
	set(&x.header, "host", x.site.OutgoingHost(second))
	first := a.Attempt
	*a = attempt{}
	x.try(second, left, a)
	x.record.AttemptedSecond(&first, &a.Attempt)
}

// try sends the request to one origin, and waits for the head of its answer.
func (x *exchange) try(o *core.Origin, limit time.Duration, a *attempt) {
	until := time.Now().Add(limit)
	resp, err := x.s.Origins.Send(x.ctx, o, x.outgoing(until))
	if err == nil {
		a.resp, a.Code, a.Status = resp, outcome.OK, resp.Status
		return
	}
	if errors.Is(err, wire.ErrLate) || !time.Now().Before(until) {
		a.Late()
		return
	}
	failure := new(senderror.Error)
	errors.As(err, &failure)
	a.Fail(outcome.Failure(failure.Tag))
	a.BodyBroke = errors.Is(err, wire.ErrRequestBody)
	a.Blame(&x.request)
}

// outgoing makes the request that an origin gets, whose answer must begin at
// that time. The target is the reader's, byte for byte.
func (x *exchange) outgoing(until time.Time) *wire.Request {
	req := &x.sent
	if x.in.Length != 0 && x.body != nil {
		// The rest of a body may be sent when the attempt is over.
		x.header = x.header.Clone()
		req = &wire.Request{Body: x.body}
	}
	h := &x.header
	remove(h, "Content-Length")
	remove(h, "Transfer-Encoding")
	switch length := x.in.Length; {
	case length < 0:
		h.Add("Transfer-Encoding", "chunked")
	case length > 0, x.in.Method == http.MethodPost, x.in.Method == http.MethodPut, x.in.Method == http.MethodPatch:
		h.Add("Content-Length", strconv.FormatInt(length, 10))
	}
	req.Method, req.Target, req.Header, req.Until = x.in.Method, x.request.Target, *h, until
	return req
}
