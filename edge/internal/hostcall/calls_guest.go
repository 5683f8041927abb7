//go:build wasip1

package hostcall

import "unsafe"

// The imports. Each is one row of compute-at-edge.witx; a string is passed as
// pointer and length. None keeps a pointer after it returns, hence noescape.

//go:wasmimport fastly_abi init
//go:noescape
func importABIInit(version uint64) Status

//go:wasmimport fastly_http_req body_downstream_get
//go:noescape
func importReqBodyDownstreamGet(req *Request, body *Body) Status

//go:wasmimport fastly_http_req uri_get
//go:noescape
func importReqURIGet(r Request, p unsafe.Pointer, size uint32, n *uint32) Status

//go:wasmimport fastly_http_req method_get
//go:noescape
func importReqMethodGet(r Request, p unsafe.Pointer, size uint32, n *uint32) Status

//go:wasmimport fastly_http_req header_names_get
//go:noescape
func importReqHeaderNamesGet(r Request, p unsafe.Pointer, size, cursor uint32, end *int64, n *uint32) Status

//go:wasmimport fastly_http_req header_values_get
//go:noescape
func importReqHeaderValuesGet(r Request, name string, p unsafe.Pointer, size, cursor uint32, end *int64, n *uint32) Status

//go:wasmimport fastly_http_req header_insert
//go:noescape
func importReqHeaderInsert(r Request, name, value string) Status

//go:wasmimport fastly_http_req header_remove
//go:noescape
func importReqHeaderRemove(r Request, name string) Status

//go:wasmimport fastly_http_req new
//go:noescape
func importReqNew(req *Request) Status

//go:wasmimport fastly_http_req method_set
//go:noescape
func importReqMethodSet(r Request, method string) Status

//go:wasmimport fastly_http_req uri_set
//go:noescape
func importReqURISet(r Request, uri string) Status

//go:wasmimport fastly_http_req header_values_set
//go:noescape
func importReqHeaderValuesSet(r Request, name, values string) Status

//go:wasmimport fastly_http_resp header_values_set
//go:noescape
func importRespHeaderValuesSet(r Response, name, values string) Status

//go:wasmimport fastly_http_req send_async_v2
//go:noescape
func importReqSendAsync(r Request, body Body, backend string, streaming uint32, pending *Pending) Status

//go:wasmimport fastly_http_req pending_req_wait_v2
//go:noescape
func importPendingWait(p Pending, detail unsafe.Pointer, resp *Response, respBody *Body) Status

//go:wasmimport fastly_async_io select
//go:noescape
func importAsyncSelect(handles *Pending, n, timeoutMS uint32, ready *uint32) Status

//go:wasmimport fastly_http_downstream downstream_bot_analyzed
//go:noescape
func importBotAnalyzed(r Request, is *uint32) Status

//go:wasmimport fastly_http_downstream downstream_bot_detected
//go:noescape
func importBotDetected(r Request, is *uint32) Status

//go:wasmimport fastly_http_downstream downstream_bot_verified
//go:noescape
func importBotVerified(r Request, is *uint32) Status

//go:wasmimport fastly_http_downstream downstream_bot_category_kind
//go:noescape
func importBotCategoryKind(r Request, kind *uint32) Status

//go:wasmimport fastly_http_downstream downstream_bot_name
//go:noescape
func importBotName(r Request, p unsafe.Pointer, size uint32, n *uint32) Status

//go:wasmimport fastly_http_downstream downstream_client_ip_addr
//go:noescape
func importDownstreamClientIP(r Request, octets *[16]byte, n *uint32) Status

//go:wasmimport fastly_http_downstream downstream_client_request_id
//go:noescape
func importDownstreamRequestID(r Request, p unsafe.Pointer, size uint32, n *uint32) Status

//go:wasmimport fastly_http_req downstream_client_ip_addr
//go:noescape
func importReaderIP(octets *[16]byte, n *uint32) Status

//go:wasmimport fastly_http_req downstream_tls_ja4
//go:noescape
func importReaderJA4(p unsafe.Pointer, size uint32, n *uint32) Status

//go:wasmimport fastly_http_req downstream_client_h2_fingerprint
//go:noescape
func importReaderH2(p unsafe.Pointer, size uint32, n *uint32) Status

//go:wasmimport fastly_geo lookup
//go:noescape
func importGeoLookup(octets *[16]byte, length uint32, p unsafe.Pointer, size uint32, n *uint32) Status

//go:wasmimport fastly_http_resp new
//go:noescape
func importRespNew(resp *Response) Status

//go:wasmimport fastly_http_resp close
//go:noescape
func importRespClose(r Response) Status

//go:wasmimport fastly_http_resp status_get
//go:noescape
func importRespStatusGet(r Response, code *uint16) Status

//go:wasmimport fastly_http_resp status_set
//go:noescape
func importRespStatusSet(r Response, code uint32) Status

//go:wasmimport fastly_http_resp header_names_get
//go:noescape
func importRespHeaderNamesGet(r Response, p unsafe.Pointer, size, cursor uint32, end *int64, n *uint32) Status

//go:wasmimport fastly_http_resp header_values_get
//go:noescape
func importRespHeaderValuesGet(r Response, name string, p unsafe.Pointer, size, cursor uint32, end *int64, n *uint32) Status

//go:wasmimport fastly_http_resp header_insert
//go:noescape
func importRespHeaderInsert(r Response, name, value string) Status

//go:wasmimport fastly_http_resp header_remove
//go:noescape
func importRespHeaderRemove(r Response, name string) Status

//go:wasmimport fastly_http_resp send_downstream
//go:noescape
func importRespSendDownstream(r Response, body Body, streaming uint32) Status

//go:wasmimport fastly_http_body new
//go:noescape
func importBodyNew(body *Body) Status

//go:wasmimport fastly_http_body write
//go:noescape
func importBodyWrite(body Body, p unsafe.Pointer, size, end uint32, n *uint32) Status

//go:wasmimport fastly_http_body close
//go:noescape
func importBodyClose(body Body) Status

//go:wasmimport fastly_config_store open
//go:noescape
func importConfigStoreOpen(name string, store *uint32) Status

//go:wasmimport fastly_config_store get
//go:noescape
func importConfigStoreGet(store uint32, key string, p unsafe.Pointer, size uint32, n *uint32) Status

//go:wasmimport fastly_backend exists
//go:noescape
func importBackendExists(name string, exists *uint32) Status

//go:wasmimport fastly_secret_store open
//go:noescape
func importSecretStoreOpen(name string, store *uint32) Status

//go:wasmimport fastly_secret_store get
//go:noescape
func importSecretStoreGet(store uint32, key string, secret *uint32) Status

//go:wasmimport fastly_secret_store plaintext
//go:noescape
func importSecretPlaintext(secret uint32, p unsafe.Pointer, size uint32, n *uint32) Status

//go:wasmimport fastly_log endpoint_get
//go:noescape
func importLogEndpointGet(name string, endpoint *uint32) Status

//go:wasmimport fastly_log write
//go:noescape
func importLogWrite(endpoint uint32, p unsafe.Pointer, size uint32, n *uint32) Status

//go:wasmimport fastly_compute_runtime get_vcpu_ms
//go:noescape
func importVCPU(ms *uint64) Status
