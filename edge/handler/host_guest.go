//go:build wasip1

package handler

import (
	"strings"
	"unsafe"
)

//go:wasmimport fastly_abi init
//go:noescape
func abiInit(version uint64) uint32

//go:wasmimport wasi_snapshot_preview1 environ_sizes_get
//go:noescape
func environSizesGet(count, size *uint32) uint32

//go:wasmimport wasi_snapshot_preview1 environ_get
//go:noescape
func environGet(pointers, text unsafe.Pointer) uint32

// mostEnviron is the longest environment that is read, in bytes and in
// variables. Fastly's has about ten variables in 400 bytes.
const mostEnviron = 16 << 10

// environ returns the sandbox's own environment. os.Getenv would say what it
// was when the module was prewarmed.
func environ() []string {
	var count, size uint32
	if environSizesGet(&count, &size) != 0 || count == 0 || size == 0 || count > mostEnviron || size > mostEnviron {
		return nil
	}
	pointers, text := make([]uint32, count), make([]byte, size)
	if environGet(unsafe.Pointer(&pointers[0]), unsafe.Pointer(&text[0])) != 0 {
		return nil
	}
	return strings.Split(string(text), "\x00")
}
