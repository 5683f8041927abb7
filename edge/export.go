//go:build wasip1

package main

// exportServe is the entry: prewarm makes it _start.
//
//go:wasmexport serve
func exportServe() { enter() }

// exportWarmUp is what prewarm calls once, and then removes.
//
//go:wasmexport warm_up
func exportWarmUp() { warmUp() }
