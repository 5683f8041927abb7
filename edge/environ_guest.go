//go:build wasip1

package main

import (
	"strings"
	"unsafe"
)

//go:wasmimport wasi_snapshot_preview1 environ_sizes_get
//go:noescape
func environSizesGet(count, size *uint32) uint32

//go:wasmimport wasi_snapshot_preview1 environ_get
//go:noescape
func environGet(pointers, text unsafe.Pointer) uint32

// serviceVersion reads FASTLY_SERVICE_VERSION from the sandbox's environment.
// os.Getenv would give what the build machine had: the runtime read it when the
// module was prewarmed.
func serviceVersion() string {
	var count, size uint32
	if environSizesGet(&count, &size) != 0 || count == 0 || size == 0 || size > 1<<16 {
		return ""
	}
	pointers := make([]uint32, count)
	text := make([]byte, size)
	if environGet(unsafe.Pointer(&pointers[0]), unsafe.Pointer(&text[0])) != 0 {
		return ""
	}
	for rest := view(text); rest != ""; {
		var entry string
		entry, rest, _ = strings.Cut(rest, "\x00")
		if value, ok := strings.CutPrefix(entry, "FASTLY_SERVICE_VERSION="); ok {
			return value
		}
	}
	return ""
}
