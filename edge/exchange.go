package main

import (
	"unsafe"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clicklog"
	"github.com/clickedge/clickedge/core/header"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/verdict"
	"github.com/clickedge/clickedge/core/word"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// exchange is one request with all that is known of it.
type exchange struct {
	start   int64 // nanoseconds since 1970
	req     hostcall.Request
	body    hostcall.Body
	request core.Request
	site    *core.Site
	arrival core.Arrival
	record  clicklog.Record
	signals verdict.Signals
	octets  [16]byte // of the reader's address
	mark    [core.LoopRoom]byte
	secret  []byte // while a signed link is verified
	// recalled has the values of the ESP's own Location, if a rule recalls it.
	recalled string
	// answered: a response has been sent, or could not be. There is no second
	// try, since its handles are gone.
	answered bool
	// lineWaits: the ESP is asked after the reader has been answered, and the
	// log line waits for its answer.
	lineWaits bool
	// logged: the log line has been written.
	logged bool
	// buf is where text from the host is put. What does not fit is allocated.
	buf hostcall.Buffer
}

// receive reads the request. The caller answers one without a usable URI, too.
func (x *exchange) receive() outcome.Code {
	var st hostcall.Status
	if x.req, x.body, st = hostcall.Downstream(); st != hostcall.OK {
		return outcome.BadRequest
	}
	if x.record.Version, x.record.RequestID = readEnviron(&x.buf); x.record.RequestID == "" {
		x.record.RequestID, _ = x.req.ID(&x.buf)
	}
	x.request.Method, st = x.req.Method(&x.buf)
	x.record.Method = x.request.Method
	if st != hostcall.OK {
		return outcome.BadRequest
	}
	raw, st := x.req.URI(&x.buf, core.RawLead)
	if st != hostcall.OK {
		return outcome.BadRequest
	}
	x.arrival.Scheme, x.record.Host, x.request.Target = splitURI(view(raw[core.RawLead:]))
	if x.request.Target != "/" { // which may stand elsewhere
		x.request.Raw = raw
	}
	names, st := x.req.HeaderNames(&x.buf)
	if st != hostcall.OK {
		return outcome.BadRequest
	}
	x.arrival.Headers.Read(names)
	x.request.HasBody = x.arrival.Headers.Has(header.Body)
	if x.arrival.Headers.Has(header.CDNLoop) {
		x.request.CDNLoop = x.joined("cdn-loop")
	}
	return outcome.OK
}

// joined returns a request field's values as one; "" where there is none. A
// field that cannot be read counts as absent.
func (x *exchange) joined(name string) string {
	list, _ := x.req.HeaderValues(&x.buf, name)
	if n := word.Index(list, 0); n >= 0 && n == len(list)-1 { // one value, as a rule
		return list[:n]
	}
	return string(header.AppendJoined(nil, list))
}

// view returns bytes as text, without a copy: they must not be written to
// again, but for what core.Request.Raw allows.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
