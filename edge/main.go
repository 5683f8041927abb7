// Command edge is the guest: the WebAssembly module that answers requests to a
// branded link domain, on Fastly Compute or a simulator of it.
//
// It is built as a reactor (GOOS=wasip1 GOARCH=wasm, -buildmode=c-shared). Its
// export serve handles a request. Three more exports are called only by
// prewarm, at build time: warm_up (warm.go), sites_room and sites_sign
// (room.go). Prewarm writes the memory after initialisation and these calls
// into the module, and the table of sites into the room, so that each sandbox
// begins where the build ended.
// Whatever must not be frozen at build time (the ABI's handshake, the
// environment, the clock, handles, secrets) is therefore read in serve, never
// in a package variable.
//
// The files, in the order of a click: entry.go, exchange.go (reads the
// request), sites.go and override.go (find the site), signals.go (for the
// verdict), forward.go (to the ESP and back), edit.go (header fields),
// attempt.go and second.go (the two origins), answer.go (to the reader), record.go
// (the log), and learn.go (learned links). All decisions are made in core; the guest only carries
// them out.
package main

func main() { serve() }
