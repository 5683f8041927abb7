//go:build wasip1

// The guest prints its arguments, logs a line and answers with its version; its
// last argument is its exit code.
package main

import (
	"fmt"
	"os"
	"strconv"
	"unsafe"
)

var version = "one"

//go:wasmimport fastly_http_resp new
func respNew(resp unsafe.Pointer) uint32

//go:wasmimport fastly_http_resp send_downstream
func sendDownstream(resp, body, streaming uint32) uint32

//go:wasmimport fastly_http_body new
func bodyNew(body unsafe.Pointer) uint32

//go:wasmimport fastly_http_body write
func bodyWrite(body uint32, buf unsafe.Pointer, n, end uint32, written unsafe.Pointer) uint32

//go:wasmimport fastly_log endpoint_get
func logGet(name unsafe.Pointer, n uint32, endpoint unsafe.Pointer) uint32

//go:wasmimport fastly_log write
func logWrite(endpoint uint32, msg unsafe.Pointer, n uint32, written unsafe.Pointer) uint32

func ptr(s string) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.StringData(s)), uint32(len(s))
}

func main() {
	fmt.Println(os.Args[1:])
	fmt.Fprintln(os.Stderr, "to stderr")
	var endpoint, resp, body, n uint32
	p, size := ptr("access")
	logGet(p, size, unsafe.Pointer(&endpoint))
	p, size = ptr("a line\nand more")
	logWrite(endpoint, p, size, unsafe.Pointer(&n))
	respNew(unsafe.Pointer(&resp))
	bodyNew(unsafe.Pointer(&body))
	p, size = ptr("version " + version)
	bodyWrite(body, p, size, 0, unsafe.Pointer(&n))
	sendDownstream(resp, body, 0)
	if code, err := strconv.Atoi(os.Args[len(os.Args)-1]); err == nil {
		os.Exit(code)
	}
}
