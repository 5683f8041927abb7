package main

import (
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// field is a header with all its values, each followed by a NUL.
type field struct{ name, values string }

// repeatable tells whether the request may be sent a second time: GET and HEAD
// without a body. What has a body cannot be: it has gone with the first.
func (x *exchange) repeatable() bool {
	safe := x.request.Method == "GET" || x.request.Method == "HEAD"
	return safe && !x.headers.has(hdrContentLength|hdrTransferEncoding)
}

// fields copies the headers of the edited request, since sending consumes it. It
// costs a host call for each header, so only sites with a second origin pay it.
func (x *exchange) fields() []field {
	names, _ := x.req.HeaderNames(&x.buf)
	list := make([]field, 0, 24)
	for names != "" {
		var f field
		f.name, names = hostcall.Next(names)
		f.values, _ = x.req.HeaderValues(&x.buf, f.name)
		list = append(list, f)
	}
	return list
}

// again sends the same request, made anew, to the second origin. Where the host
// does not take the target or a header back, the first failure stands.
func (x *exchange) again(first attempt, fields []field, o *core.Origin, limit time.Duration) attempt {
	req, body, st := x.rebuild(fields, o)
	if st != hostcall.OK {
		x.record.SecondOrigin = "request_" + st.String()
		return first
	}
	a := send(req, body, o, limit)
	x.record.Missed = ""
	x.noteAttempt(&a)
	x.record.OriginError, x.record.SecondOrigin = first.reason, a.reason
	if a.code == core.OK {
		x.record.SecondOrigin = "answered"
	}
	return a
}

func (x *exchange) rebuild(fields []field, o *core.Origin) (hostcall.Request, hostcall.Body, hostcall.Status) {
	req, st := hostcall.NewRequest()
	st = worse(st, req.SetMethod(x.request.Method))
	st = worse(st, req.SetURI(x.uri))
	for _, f := range fields {
		st = worse(st, req.SetHeaderValues(f.name, f.values))
	}
	st = worse(st, req.SetHeader("host", x.site.Outgoing(o).Host))
	body, bodySt := hostcall.NewBody()
	return req, body, worse(st, bodySt)
}
