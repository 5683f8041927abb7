package hostcall

import (
	"unsafe"

	"github.com/clickedge/clickedge/core/outcome"
)

// Request, Response and Body are handles of the host. Sending consumes them:
// using one afterwards returns BadHandle.
type (
	Request  uint32
	Response uint32
	Body     uint32
	// Pending is a request that has been sent and is not answered yet.
	Pending uint32
)

// InvalidHandle is the host's value for no handle.
const InvalidHandle = 0xFFFFFFFE

// URI returns the request's absolute URI, as the client sent it.
func (r Request) URI(b *Buffer) (string, Status) {
	for {
		out.n = 0
		if st := importReqURIGet(r, data(b.free), uint32(len(b.free)), &out.n); st == OK {
			return b.take()
		} else if !b.grow(st) {
			return "", st
		}
	}
}

// Method returns the request's method.
func (r Request) Method(b *Buffer) (string, Status) {
	for {
		out.n = 0
		if st := importReqMethodGet(r, data(b.free), uint32(len(b.free)), &out.n); st == OK {
			return b.take()
		} else if !b.grow(st) {
			return "", st
		}
	}
}

// ID returns the platform's id of this request, unique among all.
func (r Request) ID(b *Buffer) (string, Status) {
	for {
		out.n = 0
		if st := importDownstreamRequestID(r, data(b.free), uint32(len(b.free)), &out.n); st == OK {
			return b.take()
		} else if !b.grow(st) {
			return "", st
		}
	}
}

// ClientIP writes the reader's address, 4 or 16 bytes, and returns how many.
func (r Request) ClientIP(octets *[16]byte) (int, Status) {
	st := importDownstreamClientIP(r, octets, &out.n)
	if out.n > 16 {
		return 0, Error
	}
	return int(out.n), st
}

// HeaderNames returns the names of all headers, each followed by a NUL.
func (r Request) HeaderNames(b *Buffer) (string, Status) {
	out.n, out.end = 0, -1
	if st := importReqHeaderNamesGet(r, data(b.free), uint32(len(b.free)), 0, &out.end, &out.n); st == OK && out.end < 0 {
		return b.take()
	}
	return b.pieces(func(p []byte, cursor uint32) Status {
		return importReqHeaderNamesGet(r, data(p), uint32(len(p)), cursor, &out.end, &out.n)
	})
}

// HeaderValues returns a header's values, each followed by a NUL; "" if there
// is no such header.
func (r Request) HeaderValues(b *Buffer, name string) (string, Status) {
	out.n, out.end = 0, -1
	if st := importReqHeaderValuesGet(r, name, data(b.free), uint32(len(b.free)), 0, &out.end, &out.n); st == OK && out.end < 0 {
		return b.take()
	}
	return b.pieces(func(p []byte, cursor uint32) Status {
		return importReqHeaderValuesGet(r, name, data(p), uint32(len(p)), cursor, &out.end, &out.n)
	})
}

// SetHeader replaces all values of a header by one.
func (r Request) SetHeader(name, value string) Status { return importReqHeaderInsert(r, name, value) }

// RemoveHeader removes a header. It returns InvalidArg if there is no such
// header.
func (r Request) RemoveHeader(name string) Status { return importReqHeaderRemove(r, name) }

// SetMethod sets the method of a new request.
func (r Request) SetMethod(method string) Status { return importReqMethodSet(r, method) }

// SetURI sets the absolute URI of a new request.
func (r Request) SetURI(uri string) Status { return importReqURISet(r, uri) }

// SetHeaderValues replaces all values of a header by these, each followed by a
// NUL, as [Request.HeaderValues] gives them.
func (r Request) SetHeaderValues(name, values string) Status {
	return importReqHeaderValuesSet(r, name, values)
}

// Send sends the request with its body to a backend and returns at once. It
// consumes both. Nothing is cached: send_async_v2 is defined as sending without
// caching of any form. It returns InvalidArg for an unknown backend.
func (r Request) Send(body Body, backend string) (Pending, Status) {
	out.pending = InvalidHandle
	const streaming = 0 // the body is whole, or comes from the reader's own connection
	st := importReqSendAsync(r, body, backend, streaming, &out.pending)
	return out.pending, st
}

// Ready waits, at most this many milliseconds, for the head of the response or
// a failure, and reports whether there is either. 0 is no limit.
func (p Pending) Ready(timeoutMS uint32) (bool, Status) {
	out.n = timedOut
	out.pending = p // a list of one
	st := importAsyncSelect(&out.pending, 1, timeoutMS, &out.n)
	return out.n != timedOut, st
}

// timedOut is the index that select returns when its time is over.
const timedOut = 0xFFFFFFFF

// Wait waits for the head of the response and consumes the handle. A request
// without a Wait ends with the sandbox: there is no host call to drop it.
func (p Pending) Wait() (Response, Body, outcome.Failure, Status) {
	out.detail = sendErrorDetail{}
	out.resp, out.body = InvalidHandle, InvalidHandle
	st := importPendingWait(p, unsafe.Pointer(&out.detail), &out.resp, &out.body)
	return out.resp, out.body, outcome.Failure(out.detail.tag), st
}

// Status returns the response's status code.
func (r Response) Status() (int, Status) {
	st := importRespStatusGet(r, &out.code)
	return int(out.code), st
}

// SetStatus sets the response's status code.
func (r Response) SetStatus(code int) Status { return importRespStatusSet(r, uint32(code)) }

// HeaderNames returns the names of all headers, each followed by a NUL.
func (r Response) HeaderNames(b *Buffer) (string, Status) {
	out.n, out.end = 0, -1
	if st := importRespHeaderNamesGet(r, data(b.free), uint32(len(b.free)), 0, &out.end, &out.n); st == OK && out.end < 0 {
		return b.take()
	}
	return b.pieces(func(p []byte, cursor uint32) Status {
		return importRespHeaderNamesGet(r, data(p), uint32(len(p)), cursor, &out.end, &out.n)
	})
}

// HeaderValues returns a header's values, each followed by a NUL; "" if there
// is no such header.
func (r Response) HeaderValues(b *Buffer, name string) (string, Status) {
	out.n, out.end = 0, -1
	if st := importRespHeaderValuesGet(r, name, data(b.free), uint32(len(b.free)), 0, &out.end, &out.n); st == OK && out.end < 0 {
		return b.take()
	}
	return b.pieces(func(p []byte, cursor uint32) Status {
		return importRespHeaderValuesGet(r, name, data(p), uint32(len(p)), cursor, &out.end, &out.n)
	})
}

// SetHeader replaces all values of a header by one.
func (r Response) SetHeader(name, value string) Status { return importRespHeaderInsert(r, name, value) }

// SetHeaderValues replaces all values of a header by these, each followed by a
// NUL, as [Response.HeaderValues] gives them.
func (r Response) SetHeaderValues(name, values string) Status {
	return importRespHeaderValuesSet(r, name, values)
}

// RemoveHeader removes a header. It returns InvalidArg if there is no such
// header.
func (r Response) RemoveHeader(name string) Status { return importRespHeaderRemove(r, name) }

// SendDownstream sends the response with its body to the reader and consumes
// both. The host streams a body that came from a backend.
func (r Response) SendDownstream(body Body) Status { return importRespSendDownstream(r, body, 0) }

// Close drops a response that is not sent.
func (r Response) Close() Status { return importRespClose(r) }

// Close drops a body that is not sent.
func (b Body) Close() Status { return importBodyClose(b) }

// Write appends all of text to the body.
func (b Body) Write(text []byte) Status {
	const back = 0 // write at the end; 1 is the front
	for len(text) > 0 {
		if st := importBodyWrite(b, data(text), uint32(len(text)), back, &out.n); st != OK {
			return st
		}
		if out.n == 0 || int(out.n) > len(text) {
			return Error
		}
		text = text[out.n:]
	}
	return OK
}

// Downstream returns the handles of the reader's request.
func Downstream() (Request, Body, Status) {
	out.req, out.body = InvalidHandle, InvalidHandle
	st := importReqBodyDownstreamGet(&out.req, &out.body)
	return out.req, out.body, st
}

// NewRequest makes an empty request.
func NewRequest() (Request, Status) {
	out.req = InvalidHandle
	st := importReqNew(&out.req)
	return out.req, st
}

// NewResponse makes an empty response.
func NewResponse() (Response, Status) {
	out.resp = InvalidHandle
	st := importRespNew(&out.resp)
	return out.resp, st
}

// NewBody makes an empty body.
func NewBody() (Body, Status) {
	out.body = InvalidHandle
	st := importBodyNew(&out.body)
	return out.body, st
}

// Init tells the host which version of the ABI the guest uses. It must be
// called in the sandbox of the request: a call while the module is being
// prewarmed reaches only a stub.
func Init() Status { return importABIInit(1) }

// sendErrorDetail has the layout of send_error_detail (typenames.witx). No
// further field is asked for, so mask stays 0.
type sendErrorDetail struct {
	tag uint32
	_   uint32    // mask
	_   [2]uint16 // DNS codes
	_   [2]uint8  // TLS alert, HTTP/2 frame
	_   uint32    // HTTP/2 error
}

// out is where host calls leave their results. One place for all of them, since
// a variable whose address goes to the host would be allocated anew for each
// call. A sandbox runs one request at a time on one goroutine; the layer is not
// for concurrent use.
var out struct {
	n    uint32
	end  int64
	req  Request
	resp Response
	body Body
	// pending is also the list of one that select reads.
	pending Pending
	code    uint16
	detail  sendErrorDetail
	// of stores.go
	store, secret, endpoint uint32
	// of links.go
	cached, kvError uint32
	millis          uint64
}
