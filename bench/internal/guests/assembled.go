package guests

import (
	"github.com/clickedge/clickedge/bench/internal/profile"
	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// assembler makes a module of one function, with one page of memory or an image.
// The function is exported as _start, and takes and returns nothing.
type assembler struct {
	types   []wasm.FuncType // of the imports
	imports []wasm.Import
	code    []byte
	image   []wasm.Segment
}

// imported adds an imported function, which returns an i32, and returns its
// index.
func (a *assembler) imported(module, name string, params ...wasm.ValType) byte {
	a.types = append(a.types, wasm.FuncType{Params: params, Results: []wasm.ValType{wasm.I32}})
	a.imports = append(a.imports, wasm.Import{Module: module, Name: name, Type: uint32(len(a.types))}) // type 0 is () -> ()
	return byte(len(a.imports) - 1)
}

// call calls an import with these i32 arguments and drops the result.
func (a *assembler) call(fn byte, args ...byte) {
	for _, arg := range args {
		a.code = append(a.code, 0x41, arg) // i32.const, below 64
	}
	a.code = append(a.code, 0x10, fn, 0x1a)
}

// word pushes the i32 at an address below 64.
func (a *assembler) word(at byte) { a.code = append(a.code, 0x41, at, 0x28, 2, 0) }

func (a *assembler) module() []byte {
	body := append(append([]byte{0}, a.code...), 0x0b) // no locals; end
	return new(wasm.Module).
		WithTypes(append([]wasm.FuncType{{}}, a.types...)).
		WithImports(a.imports).
		WithFunctions([]uint32{0}).
		WithMemories([]wasm.Limits{{Min: 1 + uint32(len(a.image))/pagesInWindow}}).
		WithExports([]wasm.Export{
			{Name: "memory", Kind: wasm.MemoryKind},
			{Name: "_start", Kind: wasm.FuncKind, Index: uint32(len(a.imports))},
		}).
		WithBodies([][]byte{body}).WithData(a.image).Encode()
}

// Empty is a module that does as little as possible: it answers 204, with four
// host calls. The extra calls, of fastly_abi.init, show what a host call costs.
func Empty(extra int) []byte {
	a := &assembler{}
	initABI := a.imported("fastly_abi", "init", wasm.I64)
	for range extra {
		a.code = append(a.code, 0x42, 1, 0x10, initABI, 0x1a)
	}
	return a.answer()
}

// The module of Mapped has this image, of windows of 64 KiB and pages of 4 KiB.
// wasmtime would not map one of more than 16 MiB with as little in it. Pages
// that are written begin in a window that is not read.
const (
	imageWindows  = 192
	pagesInWindow = 16
	pageSize      = 4 << 10
	firstWritten  = 33
	regionPages   = profile.RegionSize / pageSize
)

// Mapped is the empty module with an image, of which it reads one byte in each
// of so many windows, and writes one in each of so many pages. It shows what a
// window and a page cost.
func Mapped(windows, pages int) []byte {
	a := withImage()
	for i := range windows {
		a.address((1 + i) * pagesInWindow)
		a.code = append(a.code, 0x28, 2, 0, 0x1a) // i32.load, drop
	}
	for i := range pages {
		a.write(firstWritten*pagesInWindow + i)
	}
	return a.answer()
}

// Scattered is that module, and writes one page in each of so many regions of
// [profile.RegionSize], 5 at most, beside the one that it answers from.
func Scattered(regions int) []byte {
	a := withImage()
	for i := range regions {
		a.write((1+i)*regionPages + i)
	}
	return a.answer()
}

func withImage() *assembler {
	a := &assembler{}
	a.imported("fastly_abi", "init", wasm.I64)
	for i := range uint32(imageWindows * pagesInWindow) {
		a.image = append(a.image, wasm.Segment{Offset: i*pageSize + pageSize/2, Bytes: []byte("in the image")})
	}
	return a
}

// address pushes one in a page.
func (a *assembler) address(page int) {
	a.code = wasm.AppendSigned(append(a.code, 0x41), int64(page*pageSize+64)) // i32.const
}

// write stores to a page.
func (a *assembler) write(page int) {
	a.address(page)
	a.code = append(a.code, 0x41, 1, 0x36, 2, 0) // i32.const 1, i32.store
}

// answer answers 204, with four host calls.
func (a *assembler) answer() []byte {
	newResponse := a.imported("fastly_http_resp", "new", wasm.I32)
	setStatus := a.imported("fastly_http_resp", "status_set", wasm.I32, wasm.I32)
	newBody := a.imported("fastly_http_body", "new", wasm.I32)
	send := a.imported("fastly_http_resp", "send_downstream", wasm.I32, wasm.I32, wasm.I32)
	a.call(newResponse, 0)
	a.word(0)
	a.code = append(a.code, 0x41, 0xcc, 0x01, 0x10, setStatus, 0x1a) // i32.const 204
	a.call(newBody, 4)
	a.word(0)
	a.word(4)
	a.call(send, 0)
	return a.module()
}
