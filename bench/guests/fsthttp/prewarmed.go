//go:build wasip1 && prewarmed

package main

// The SDK calls this in an init function, which a prewarmed module has already
// run: see edge/prewarm.
//
//go:wasmimport fastly_abi init
//go:noescape
func abiInit(version uint64) uint32

//go:wasmexport serve
func serve() {
	abiInit(1)
	main()
}
