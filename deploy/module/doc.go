// Package module builds the WebAssembly module that Fastly Compute runs: the
// guest, compiled by the Go toolchain as a reactor, and prewarmed with
// sites.json inside.
//
// Start with [Build]; [Swap] puts other sites into what it made. [Root] finds
// the source tree that is compiled.
package module
