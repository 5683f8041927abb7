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

// maxVariables is how many variables an environment may have. Fastly sets about
// ten.
const maxVariables = 64

// maxEnviron is how long it may be, in bytes. Fastly's has some 400.
const maxEnviron = 16 << 10

// readEnviron reads the sandbox's environment. os.Getenv would return the
// environment at build time, which the runtime read when the module was
// prewarmed. An environment that does not fit into the buffer is not read, and
// the log lacks these values.
func readEnviron(b *hostcall.Buffer) (version, traceID string) {
	var count, size uint32
	if environSizesGet(&count, &size) != 0 {
		return "", ""
	}
	var pointers [maxVariables]uint32
	if count > maxVariables || size > maxEnviron {
		return "", ""
	}
	// At the end of what is free, so that the variables before the two are
	// free again. The platform has them last.
	room := b.Free(int(size))
	if int(size) > len(room) {
		return "", ""
	}
	text := room[len(room)-int(size):]
	if environGet(unsafe.Pointer(&pointers), unsafe.Pointer(unsafe.SliceData(text))) != 0 {
		return "", ""
	}
	version, traceID, from := fromEnviron(view(text), pointers[:count], uint32(uintptr(unsafe.Pointer(unsafe.SliceData(text)))))
	b.Keep(len(room) - int(size) + from)
	return version, traceID
}
