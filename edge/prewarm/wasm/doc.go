// Package wasm reads and writes the parts of a WebAssembly binary that a memory
// snapshot touches: the section frame, the index spaces of functions, memories
// and globals, the exports, and the opcodes of function bodies.
//
// It is a rewriter's view, not a validator. [Parse] cuts a module into sections
// and [Module.Encode] puts the same bytes together again; the section methods
// decode what they are asked for and check only what they read. Whether a
// module is valid is for the engine to say that runs it.
//
// Every decoder takes foreign bytes: it returns an [*Error] with the offset of
// the byte that it could not accept, never panics, and allocates no more than a
// small multiple of its input.
//
// The format is that of
// https://webassembly.github.io/spec/core/binary/index.html, version 1 of the
// binary, as far as WebAssembly 2.0 goes. Shared and 64-bit memories and
// garbage-collected types are not read.
package wasm
