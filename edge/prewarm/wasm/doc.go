// Package wasm reads and writes the parts of a WebAssembly binary that a memory
// snapshot touches: the section frame, the index spaces of functions, memories
// and globals, the exports, and the opcodes of function bodies.
//
// It is for rewriting modules, not for validating them. [Parse] cuts a module
// into sections, and [Module.Encode] joins them to the same bytes again. The
// other methods decode a section and check only what they read. Whether a
// module is valid is left to the engine that runs it.
//
// All input may be hostile. A decoder returns an [*Error] with the offset of
// the byte that it refused, never panics, and allocates no more than a small
// multiple of its input.
//
// The format is that of
// https://webassembly.github.io/spec/core/binary/index.html, version 1 of the
// binary, as far as WebAssembly 2.0 goes. Shared and 64-bit memories and
// garbage-collected types are not read.
package wasm
