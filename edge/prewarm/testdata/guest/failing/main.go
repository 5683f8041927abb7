//go:build wasip1

// Failing fails while it is being initialised, in the way that the variable FAIL names, or at a request, as FAIL_REQUEST says.
package main

import (
	"fmt"
	"os"
	"unsafe"
)

//go:wasmimport fastly_log write
//go:noescape
func logWrite(endpoint uint32, msg unsafe.Pointer, msgLen uint32, nwritten unsafe.Pointer) uint32

//go:wasmimport env abort
func abort()

var hoard [][]byte

func init() { fail(os.Getenv("FAIL")) }

func fail(how string) {
	switch how {
	case "panic":
		panic("no site has a key")
	case "exit":
		fmt.Fprintln(os.Stderr, "sites.json: unknown field")
		os.Exit(3)
	case "log":
		line, n := []byte("hello"), uint32(0)
		logWrite(1, unsafe.Pointer(&line[0]), 5, unsafe.Pointer(&n))
	case "abort":
		abort()
	case "loop":
		for {
		}
	case "hoard":
		for {
			hoard = append(hoard, make([]byte, 1<<20))
		}
	case "chatter":
		for range 1000 {
			fmt.Fprintln(os.Stderr, "0123456789abcdef")
		}
		panic("after much chatter")
	}
}

//go:wasmexport warmup
func warmup() { fail(os.Getenv("FAIL_WARMUP")) }

//go:wasmexport serve
func serve() { fail(os.Getenv("FAIL_REQUEST")) }

func main() {}
