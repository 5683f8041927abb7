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

// environ is room for a sandbox's environment: Fastly sets about ten variables.
var environ struct {
	count, size uint32
	pointers    [64]uint32
	text        [4 << 10]byte
}

// readEnviron reads the sandbox's environment. os.Getenv would give what the build
// machine had: the runtime read it when the module was prewarmed. What does not
// fit is not read, and the log then lacks what comes from it.
func readEnviron() (version, traceID string) {
	e := &environ
	if environSizesGet(&e.count, &e.size) != 0 || int(e.count) > len(e.pointers) || int(e.size) > len(e.text) {
		return "", ""
	}
	if environGet(unsafe.Pointer(&e.pointers), unsafe.Pointer(&e.text)) != 0 {
		return "", ""
	}
	const versionName, traceName = "FASTLY_SERVICE_VERSION=", "FASTLY_TRACE_ID="
	base := uint32(uintptr(unsafe.Pointer(&e.text)))
	for _, at := range e.pointers[:e.count] {
		entry := view(e.text[at-base : e.size])
		if len(entry) < len(traceName) {
			continue
		}
		// The byte behind "FASTLY_" spares most comparisons.
		switch entry[len("FASTLY_")] {
		case 'S':
			if strings.HasPrefix(entry, versionName) {
				version = upToNUL(entry[len(versionName):])
			}
		case 'T':
			if strings.HasPrefix(entry, traceName) {
				traceID = upToNUL(entry[len(traceName):])
			}
		}
	}
	return version, traceID
}

func upToNUL(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] == 0 {
			return s[:i]
		}
	}
	return s
}
