//go:build wasip1

// The reactor guest reads a file while it initialises and answers from what it
// read: its entry is "serve".
package main

import (
	"os"
	"unsafe"
)

//go:wasmimport fastly_http_resp new
func respNew(resp unsafe.Pointer) uint32

//go:wasmimport fastly_http_resp send_downstream
func sendDownstream(resp, body, streaming uint32) uint32

//go:wasmimport fastly_http_body new
func bodyNew(body unsafe.Pointer) uint32

//go:wasmimport fastly_http_body write
func bodyWrite(body uint32, buf unsafe.Pointer, n, end uint32, written unsafe.Pointer) uint32

var text = "no file"

func init() {
	if data, err := os.ReadFile("/greeting.txt"); err == nil {
		text = string(data)
	}
}

//go:wasmexport serve
func serve() {
	var resp, body, n uint32
	respNew(unsafe.Pointer(&resp))
	bodyNew(unsafe.Pointer(&body))
	bodyWrite(body, unsafe.Pointer(unsafe.StringData(text)), uint32(len(text)), 0, unsafe.Pointer(&n))
	sendDownstream(resp, body, 0)
}

func main() {}
