// Package module builds the WebAssembly module that Fastly Compute runs: the
// guest, compiled by the Go toolchain as a reactor, and prewarmed with
// sites.json inside.
//
// Start with [Build]. [Root] finds the source tree that it compiles.
package module
