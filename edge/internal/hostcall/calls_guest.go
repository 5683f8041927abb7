//go:build wasip1

package hostcall

import "unsafe"

// The imports. Each is one row of compute-at-edge.witx; a string is passed as
// pointer and length. None keeps a pointer after it returns, hence noescape.

//go:wasmimport fastly_abi init
//go:noescape
func importABIInit(version uint64) uint32

//go:wasmimport fastly_http_req body_downstream_get
//go:noescape
func importReqBodyDownstreamGet(req *Request, body *Body) uint32

//go:wasmimport fastly_http_req uri_get
//go:noescape
func importReqURIGet(r uint32, p unsafe.Pointer, size uint32, n *uint32) uint32

//go:wasmimport fastly_http_req method_get
//go:noescape
func importReqMethodGet(r uint32, p unsafe.Pointer, size uint32, n *uint32) uint32

//go:wasmimport fastly_http_req header_names_get
//go:noescape
func importReqHeaderNamesGet(r uint32, p unsafe.Pointer, size, cursor uint32, end *int64, n *uint32) uint32

//go:wasmimport fastly_http_req header_values_get
//go:noescape
func importReqHeaderValuesGet(r uint32, name string, p unsafe.Pointer, size, cursor uint32, end *int64, n *uint32) uint32

//go:wasmimport fastly_http_req header_insert
//go:noescape
func importReqHeaderInsert(r uint32, name, value string) uint32

//go:wasmimport fastly_http_req header_remove
//go:noescape
func importReqHeaderRemove(r uint32, name string) uint32

//go:wasmimport fastly_http_req new
//go:noescape
func importReqNew(req *Request) uint32

//go:wasmimport fastly_http_req method_set
//go:noescape
func importReqMethodSet(r uint32, method string) uint32

//go:wasmimport fastly_http_req uri_set
//go:noescape
func importReqURISet(r uint32, uri string) uint32

//go:wasmimport fastly_http_req header_values_set
//go:noescape
func importReqHeaderValuesSet(r uint32, name, values string) uint32

//go:wasmimport fastly_http_resp header_values_set
//go:noescape
func importRespHeaderValuesSet(r uint32, name, values string) uint32

//go:wasmimport fastly_http_req send_async_v2
//go:noescape
func importReqSendAsync(r, body uint32, backend string, streaming uint32, pending *Pending) uint32

//go:wasmimport fastly_http_req pending_req_wait_v2
//go:noescape
func importPendingWait(p uint32, detail unsafe.Pointer, resp *Response, respBody *Body) uint32

//go:wasmimport fastly_async_io select
//go:noescape
func importAsyncSelect(handles unsafe.Pointer, n, timeoutMS uint32, ready *uint32) uint32

//go:wasmimport fastly_http_downstream downstream_bot_analyzed
//go:noescape
func importBotAnalyzed(r uint32, is *uint32) uint32

//go:wasmimport fastly_http_downstream downstream_bot_detected
//go:noescape
func importBotDetected(r uint32, is *uint32) uint32

//go:wasmimport fastly_http_downstream downstream_bot_verified
//go:noescape
func importBotVerified(r uint32, is *uint32) uint32

//go:wasmimport fastly_http_downstream downstream_bot_category_kind
//go:noescape
func importBotCategoryKind(r uint32, kind *uint32) uint32

//go:wasmimport fastly_http_downstream downstream_bot_name
//go:noescape
func importBotName(r uint32, p unsafe.Pointer, size uint32, n *uint32) uint32

//go:wasmimport fastly_http_downstream downstream_client_ip_addr
//go:noescape
func importDownstreamClientIP(r uint32, octets unsafe.Pointer, n *uint32) uint32

//go:wasmimport fastly_http_downstream downstream_client_request_id
//go:noescape
func importDownstreamRequestID(r uint32, p unsafe.Pointer, size uint32, n *uint32) uint32

//go:wasmimport fastly_http_resp new
//go:noescape
func importRespNew(resp *Response) uint32

//go:wasmimport fastly_http_resp close
//go:noescape
func importRespClose(r uint32) uint32

//go:wasmimport fastly_http_resp status_get
//go:noescape
func importRespStatusGet(r uint32, code *uint16) uint32

//go:wasmimport fastly_http_resp status_set
//go:noescape
func importRespStatusSet(r, code uint32) uint32

//go:wasmimport fastly_http_resp header_names_get
//go:noescape
func importRespHeaderNamesGet(r uint32, p unsafe.Pointer, size, cursor uint32, end *int64, n *uint32) uint32

//go:wasmimport fastly_http_resp header_values_get
//go:noescape
func importRespHeaderValuesGet(r uint32, name string, p unsafe.Pointer, size, cursor uint32, end *int64, n *uint32) uint32

//go:wasmimport fastly_http_resp header_insert
//go:noescape
func importRespHeaderInsert(r uint32, name, value string) uint32

//go:wasmimport fastly_http_resp header_remove
//go:noescape
func importRespHeaderRemove(r uint32, name string) uint32

//go:wasmimport fastly_http_resp send_downstream
//go:noescape
func importRespSendDownstream(r, body, streaming uint32) uint32

//go:wasmimport fastly_http_body new
//go:noescape
func importBodyNew(body *Body) uint32

//go:wasmimport fastly_http_body write
//go:noescape
func importBodyWrite(body uint32, p unsafe.Pointer, size, end uint32, n *uint32) uint32

//go:wasmimport fastly_http_body close
//go:noescape
func importBodyClose(body uint32) uint32

func abiInit(version uint64) Status { return Status(importABIInit(version)) }

func reqBodyDownstreamGet() Status {
	return Status(importReqBodyDownstreamGet(&out.req, &out.body))
}

func reqURIGet(r Request, p []byte) Status {
	return Status(importReqURIGet(uint32(r), data(p), uint32(len(p)), &out.n))
}

func reqMethodGet(r Request, p []byte) Status {
	return Status(importReqMethodGet(uint32(r), data(p), uint32(len(p)), &out.n))
}

func reqHeaderNamesGet(r Request, p []byte, cursor uint32) Status {
	return Status(importReqHeaderNamesGet(uint32(r), data(p), uint32(len(p)), cursor, &out.end, &out.n))
}

func reqHeaderValuesGet(r Request, name string, p []byte, cursor uint32) Status {
	return Status(importReqHeaderValuesGet(uint32(r), name, data(p), uint32(len(p)), cursor, &out.end, &out.n))
}

func reqHeaderInsert(r Request, name, value string) Status {
	return Status(importReqHeaderInsert(uint32(r), name, value))
}

func reqHeaderRemove(r Request, name string) Status {
	return Status(importReqHeaderRemove(uint32(r), name))
}

func reqNew() Status { return Status(importReqNew(&out.req)) }

func reqMethodSet(r Request, method string) Status {
	return Status(importReqMethodSet(uint32(r), method))
}

func reqURISet(r Request, uri string) Status { return Status(importReqURISet(uint32(r), uri)) }

func reqHeaderValuesSet(r Request, name, values string) Status {
	return Status(importReqHeaderValuesSet(uint32(r), name, values))
}

func respHeaderValuesSet(r Response, name, values string) Status {
	return Status(importRespHeaderValuesSet(uint32(r), name, values))
}

func reqSendAsync(r Request, body Body, backend string) Status {
	const streaming = 0 // the body is whole, or comes from the reader's own connection
	return Status(importReqSendAsync(uint32(r), uint32(body), backend, streaming, &out.pending))
}

func pendingWait(p Pending) Status {
	return Status(importPendingWait(uint32(p), unsafe.Pointer(&out.detail), &out.resp, &out.body))
}

// pendingSelect waits for one handle, which it takes from out.
func pendingSelect(p Pending, timeoutMS uint32) Status {
	out.pending = p
	return Status(importAsyncSelect(unsafe.Pointer(&out.pending), 1, timeoutMS, &out.n))
}

func botAnalyzed(r Request) Status { return Status(importBotAnalyzed(uint32(r), &out.n)) }

func botDetected(r Request) Status { return Status(importBotDetected(uint32(r), &out.n)) }

func botVerified(r Request) Status { return Status(importBotVerified(uint32(r), &out.n)) }

func botCategoryKind(r Request) Status { return Status(importBotCategoryKind(uint32(r), &out.n)) }

func botName(r Request, p []byte) Status {
	return Status(importBotName(uint32(r), data(p), uint32(len(p)), &out.n))
}

func downstreamClientIP(r Request, octets *[16]byte) Status {
	return Status(importDownstreamClientIP(uint32(r), unsafe.Pointer(octets), &out.n))
}

func downstreamRequestID(r Request, p []byte) Status {
	return Status(importDownstreamRequestID(uint32(r), data(p), uint32(len(p)), &out.n))
}

func respNew() Status { return Status(importRespNew(&out.resp)) }

func respClose(r Response) Status { return Status(importRespClose(uint32(r))) }

func respStatusGet(r Response) Status {
	return Status(importRespStatusGet(uint32(r), &out.code))
}

func respStatusSet(r Response, code uint32) Status {
	return Status(importRespStatusSet(uint32(r), code))
}

func respHeaderNamesGet(r Response, p []byte, cursor uint32) Status {
	return Status(importRespHeaderNamesGet(uint32(r), data(p), uint32(len(p)), cursor, &out.end, &out.n))
}

func respHeaderValuesGet(r Response, name string, p []byte, cursor uint32) Status {
	return Status(importRespHeaderValuesGet(uint32(r), name, data(p), uint32(len(p)), cursor, &out.end, &out.n))
}

func respHeaderInsert(r Response, name, value string) Status {
	return Status(importRespHeaderInsert(uint32(r), name, value))
}

func respHeaderRemove(r Response, name string) Status {
	return Status(importRespHeaderRemove(uint32(r), name))
}

func respSendDownstream(r Response, body Body, streaming uint32) Status {
	return Status(importRespSendDownstream(uint32(r), uint32(body), streaming))
}

func bodyNew() Status { return Status(importBodyNew(&out.body)) }

func bodyWrite(b Body, p []byte) Status {
	const back = 0 // write at the end; 1 is the front
	return Status(importBodyWrite(uint32(b), data(p), uint32(len(p)), back, &out.n))
}

func bodyClose(b Body) Status { return Status(importBodyClose(uint32(b))) }

func data(p []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(p)) }
