//go:build wasip1

// Raw answers every request with a redirect, with host calls of its own and without the SDK.
package main

import "unsafe"

var location = []byte("https://www.example.com/")

//go:wasmimport fastly_abi init
//go:noescape
func abiInit(version uint64) uint32

//go:wasmimport fastly_http_req body_downstream_get
//go:noescape
func bodyDownstreamGet(req, body unsafe.Pointer) uint32

//go:wasmimport fastly_http_resp new
//go:noescape
func respNew(resp unsafe.Pointer) uint32

//go:wasmimport fastly_http_body new
//go:noescape
func bodyNew(body unsafe.Pointer) uint32

//go:wasmimport fastly_http_resp status_set
//go:noescape
func statusSet(resp, status uint32) uint32

//go:wasmimport fastly_http_resp header_insert
//go:noescape
func headerInsert(resp uint32, name unsafe.Pointer, nameLen uint32, value unsafe.Pointer, valueLen uint32) uint32

//go:wasmimport fastly_http_resp send_downstream
//go:noescape
func sendDownstream(resp, body, streaming uint32) uint32

var name = []byte("location")

//go:wasmexport serve
func serve() {
	var req, in, resp, out uint32
	ok(abiInit(1))
	ok(bodyDownstreamGet(unsafe.Pointer(&req), unsafe.Pointer(&in)))
	ok(respNew(unsafe.Pointer(&resp)))
	ok(bodyNew(unsafe.Pointer(&out)))
	ok(statusSet(resp, 302))
	ok(headerInsert(resp, unsafe.Pointer(&name[0]), uint32(len(name)), unsafe.Pointer(&location[0]), uint32(len(location))))
	ok(sendDownstream(resp, out, 0))
}

func ok(status uint32) {
	if status != 0 {
		panic("a host call failed")
	}
}

func main() {}
