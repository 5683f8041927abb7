//go:build wasip1

package main

//go:wasmexport serve
func exportServe() { serve() }
