//go:build wasip1

package main

import (
	"unsafe"

	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

//go:wasmimport wasi_snapshot_preview1 environ_sizes_get
//go:noescape
func environSizesGet(count, size *uint32) uint32

//go:wasmimport wasi_snapshot_preview1 environ_get
//go:noescape
func environGet(pointers, text unsafe.Pointer) uint32

// environ has the sizes of the sandbox's environment and the addresses of its
// variables. Fastly sets about ten.
var environ struct {
	count, size uint32
	pointers    [64]uint32
}

// readEnviron reads the sandbox's environment. os.Getenv would return the
// environment at build time, which the runtime read when the module was
// prewarmed. An environment that does not fit into the buffer is not read, and
// the log lacks these values.
func readEnviron(b *hostcall.Buffer) (version, traceID string) {
	e := &environ
	if environSizesGet(&e.count, &e.size) != 0 {
		return "", ""
	}
	room := b.Free()
	if int(e.count) > len(e.pointers) || uint64(e.size) > uint64(len(room)) {
		return "", ""
	}
	text := room[:e.size]
	if environGet(unsafe.Pointer(&e.pointers), unsafe.Pointer(unsafe.SliceData(text))) != 0 {
		return "", ""
	}
	b.Use(len(text))
	return fromEnviron(view(text), e.pointers[:e.count], uint32(uintptr(unsafe.Pointer(unsafe.SliceData(text)))))
}
