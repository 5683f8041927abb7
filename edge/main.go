// Command edge is the guest: the WebAssembly module that answers on a branded
// link domain, on Fastly Compute or on a simulator of it.
//
// It is built as a reactor (GOOS=wasip1 GOARCH=wasm, -buildmode=c-shared) with
// one exported entry, serve, which handles a request, and two exports that only
// prewarm calls, at build time: warm_up (warm.go) and sites_room (room.go). The
// memory that initialisation and these leave is written into the module, and
// the table of the sites into the room, so that a reader's sandbox begins where
// the build ended. What must not be frozen (the ABI's handshake, the
// environment, the clock, handles, secrets) is therefore fetched in the entry,
// never in a package variable.
//
// The files, in the order of a click: entry.go, exchange.go (what came in),
// sites.go and override.go (whose it is), signals.go (who asks), forward.go (to
// the ESP and back), edit.go (header fields), attempt.go and second.go (the two
// origins), answer.go (to the reader), and record.go (the log). What is decided
// lives in core; nothing is decided here but how to carry it out.
package main

func main() { serve() }
