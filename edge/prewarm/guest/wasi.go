//go:build wasip1

package guest

import "unsafe"

//go:wasmimport wasi_snapshot_preview1 environ_sizes_get
//go:noescape
func environSizesGet(count, size *uint32) uint32

//go:wasmimport wasi_snapshot_preview1 environ_get
//go:noescape
func environGet(pointers, text unsafe.Pointer) uint32

//go:wasmimport wasi_snapshot_preview1 args_sizes_get
//go:noescape
func argsSizesGet(count, size *uint32) uint32

//go:wasmimport wasi_snapshot_preview1 args_get
//go:noescape
func argsGet(pointers, text unsafe.Pointer) uint32

func environ() []string { return list(environSizesGet, environGet) }

func args() []string { return list(argsSizesGet, argsGet) }

// list reads a list of texts in the form of WASI: the address of each, and the
// texts, each with a NUL after it.
func list(sizes func(count, size *uint32) uint32, get func(pointers, text unsafe.Pointer) uint32) []string {
	var count, size uint32
	if sizes(&count, &size) != 0 || count == 0 || size == 0 {
		return nil
	}
	pointers, text := make([]uint32, count), make([]byte, size)
	if get(unsafe.Pointer(&pointers[0]), unsafe.Pointer(&text[0])) != 0 {
		return nil
	}
	base := uint32(uintptr(unsafe.Pointer(&text[0])))
	out := make([]string, 0, count)
	for _, p := range pointers {
		if at := p - base; at < size {
			out = append(out, upToNUL(text[at:]))
		}
	}
	return out
}

func upToNUL(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}
