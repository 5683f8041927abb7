package hostcall

import (
	"unsafe"

	"github.com/clickedge/clickedge/core/outcome"
)

// Where a host call leaves a result, it is given the address of a local
// variable. No import keeps an address, so the variable stays on the stack,
// which a click writes to anyway: a global would be one more page of memory.

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

// URI returns the request's absolute URI, as the client sent it, behind lead
// bytes that nothing else uses.
func (r Request) URI(b *Buffer, lead int) ([]byte, Status) {
	for {
		room, n := b.Free(lead), uint32(0)
		if len(room) < lead {
			return nil, Error
		}
		st := importReqURIGet(r, data(room[lead:]), uint32(len(room)-lead), &n)
		whole := uint32(lead) + n
		if st == OK {
			_, st = b.take(whole)
			return room[:min(int(whole), len(room))], st
		} else if !b.grow(st, whole) {
			return nil, st
		}
	}
}

// Method returns the request's method.
func (r Request) Method(b *Buffer) (string, Status) {
	for {
		var n uint32
		if st := importReqMethodGet(r, data(b.free), uint32(len(b.free)), &n); st == OK {
			return b.take(n)
		} else if !b.grow(st, n) {
			return "", st
		}
	}
}

// ID returns the platform's id of this request, unique among all.
func (r Request) ID(b *Buffer) (string, Status) {
	for {
		var n uint32
		if st := importDownstreamRequestID(r, data(b.free), uint32(len(b.free)), &n); st == OK {
			return b.take(n)
		} else if !b.grow(st, n) {
			return "", st
		}
	}
}

// ClientIP writes the reader's address, 4 or 16 bytes, and returns how many.
func (r Request) ClientIP(octets *[16]byte) (int, Status) {
	var n uint32
	st := importDownstreamClientIP(r, octets, &n)
	if n > 16 {
		return 0, Error
	}
	return int(n), st
}

// HeaderNames returns the names of all headers, each followed by a NUL.
func (r Request) HeaderNames(b *Buffer) (string, Status) {
	n, end := uint32(0), int64(-1)
	if st := importReqHeaderNamesGet(r, data(b.free), uint32(len(b.free)), 0, &end, &n); st == OK && end < 0 {
		return b.take(n)
	}
	return b.pieces(func(p []byte, cursor uint32) (got part, st Status) {
		got.end = -1
		st = importReqHeaderNamesGet(r, data(p), uint32(len(p)), cursor, &got.end, &got.n)
		return got, st
	})
}

// HeaderValues returns a header's values, each followed by a NUL; "" if there
// is no such header.
func (r Request) HeaderValues(b *Buffer, name string) (string, Status) {
	n, end := uint32(0), int64(-1)
	if st := importReqHeaderValuesGet(r, name, data(b.free), uint32(len(b.free)), 0, &end, &n); st == OK && end < 0 {
		return b.take(n)
	}
	return b.pieces(func(p []byte, cursor uint32) (got part, st Status) {
		got.end = -1
		st = importReqHeaderValuesGet(r, name, data(p), uint32(len(p)), cursor, &got.end, &got.n)
		return got, st
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
	pending := Pending(InvalidHandle)
	const streaming = 0 // the body is whole, or comes from the reader's own connection
	st := importReqSendAsync(r, body, backend, streaming, &pending)
	return pending, st
}

// Ready waits, at most this many milliseconds, for the head of the response or
// a failure, and reports whether there is either. 0 is no limit.
func (p Pending) Ready(timeoutMS uint32) (bool, Status) {
	ready := uint32(timedOut)
	st := importAsyncSelect(&p, 1, timeoutMS, &ready) // a list of one
	return ready != timedOut, st
}

// timedOut is the index that select returns when its time is over.
const timedOut = 0xFFFFFFFF

// Wait waits for the head of the response and consumes the handle. A request
// without a Wait ends with the sandbox: there is no host call to drop it.
func (p Pending) Wait() (Response, Body, outcome.Failure, Status) {
	var detail sendErrorDetail
	resp, body := Response(InvalidHandle), Body(InvalidHandle)
	st := importPendingWait(p, unsafe.Pointer(&detail), &resp, &body)
	return resp, body, outcome.Failure(detail.tag), st
}

// Status returns the response's status code.
func (r Response) Status() (int, Status) {
	var code uint16
	st := importRespStatusGet(r, &code)
	return int(code), st
}

// SetStatus sets the response's status code.
func (r Response) SetStatus(code int) Status { return importRespStatusSet(r, uint32(code)) }

// HeaderNames returns the names of all headers, each followed by a NUL.
func (r Response) HeaderNames(b *Buffer) (string, Status) {
	n, end := uint32(0), int64(-1)
	if st := importRespHeaderNamesGet(r, data(b.free), uint32(len(b.free)), 0, &end, &n); st == OK && end < 0 {
		return b.take(n)
	}
	return b.pieces(func(p []byte, cursor uint32) (got part, st Status) {
		got.end = -1
		st = importRespHeaderNamesGet(r, data(p), uint32(len(p)), cursor, &got.end, &got.n)
		return got, st
	})
}

// HeaderValues returns a header's values, each followed by a NUL; "" if there
// is no such header.
func (r Response) HeaderValues(b *Buffer, name string) (string, Status) {
	n, end := uint32(0), int64(-1)
	if st := importRespHeaderValuesGet(r, name, data(b.free), uint32(len(b.free)), 0, &end, &n); st == OK && end < 0 {
		return b.take(n)
	}
	return b.pieces(func(p []byte, cursor uint32) (got part, st Status) {
		got.end = -1
		st = importRespHeaderValuesGet(r, name, data(p), uint32(len(p)), cursor, &got.end, &got.n)
		return got, st
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
		var n uint32
		if st := importBodyWrite(b, data(text), uint32(len(text)), back, &n); st != OK {
			return st
		}
		if n == 0 || int(n) > len(text) {
			return Error
		}
		text = text[n:]
	}
	return OK
}

// Downstream returns the handles of the reader's request.
func Downstream() (Request, Body, Status) {
	req, body := Request(InvalidHandle), Body(InvalidHandle)
	st := importReqBodyDownstreamGet(&req, &body)
	return req, body, st
}

// NewRequest makes an empty request.
func NewRequest() (Request, Status) {
	req := Request(InvalidHandle)
	st := importReqNew(&req)
	return req, st
}

// NewResponse makes an empty response.
func NewResponse() (Response, Status) {
	resp := Response(InvalidHandle)
	st := importRespNew(&resp)
	return resp, st
}

// NewBody makes an empty body.
func NewBody() (Body, Status) {
	body := Body(InvalidHandle)
	st := importBodyNew(&body)
	return body, st
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
