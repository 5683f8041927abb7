package main

import (
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/header"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// field is a header field with all its values, each followed by a NUL.
type field struct{ name, values string }

// fields copies the fields of the edited request, since sending consumes it. It
// makes a host call for each field, so it is only called for sites with a
// second origin.
func (x *exchange) fields() []field {
	names, _ := x.req.HeaderNames(&x.buf)
	list := make([]field, 0, 24)
	for names != "" {
		var f field
		f.name, names = header.Next(names)
		f.values, _ = x.req.HeaderValues(&x.buf, f.name)
		list = append(list, f)
	}
	return list
}

// askBoth sends the request to an origin, and to the second one if the first
// was never reached. Together they take no longer than limit.
func (x *exchange) askBoth(o, second *core.Origin, limit time.Duration, a *attempt) {
	fields, start := x.fields(), time.Now()
	x.send(x.req, x.body, o, limit, a)
	x.record.Attempted(&a.Attempt)
	left := limit - time.Since(start)
	if !a.TryNext(left) {
		return
	}
	req, body, st := x.rebuild(fields, second)
	if st != hostcall.OK { // the host refuses the target or a field
		x.record.SecondOrigin = "request_" + st.String()
		return
	}
	first := a.Attempt
	*a = attempt{}
	x.send(req, body, second, left, a)
	x.record.AttemptedSecond(&first, &a.Attempt)
}

// rebuild makes the same request again, for another origin.
func (x *exchange) rebuild(fields []field, o *core.Origin) (hostcall.Request, hostcall.Body, hostcall.Status) {
	req, st := hostcall.NewRequest()
	st = worse(st, req.SetMethod(x.request.Method))
	st = worse(st, req.SetURI(x.arrival.Scheme+"://"+x.record.Host+x.request.Target))
	for _, f := range fields {
		st = worse(st, req.SetHeaderValues(f.name, f.values))
	}
	st = worse(st, req.SetHeader("host", x.site.OutgoingHost(o)))
	body, bodySt := hostcall.NewBody()
	return req, body, worse(st, bodySt)
}
