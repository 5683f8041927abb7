//go:build wasip1

package main

// exportServe is the entry: prewarm makes it _start.
//
//lint:ignore U1000 the host calls it
//go:wasmexport serve
func exportServe() { serve() }

// exportWarmUp is called once by prewarm, which then removes it.
//
//lint:ignore U1000 prewarm calls it
//go:wasmexport warm_up
func exportWarmUp() { warmUp() }
