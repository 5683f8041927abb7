// Package prewarm initialises a Go WebAssembly module at build time, so that a
// Compute sandbox starts at the first line of its handler.
//
// Fastly Compute starts a sandbox per request. In each, the Go runtime, the
// standard library and the SDK initialise before main runs: some 3.6 million
// WebAssembly instructions for a program that uses fsthttp. [Module] runs them
// once, on wazero, and writes a new module that begins with the memory and
// variables after initialisation. What the program reads and computes in its
// init functions (tables, compiled patterns, a parsed configuration) is there
// too, at no cost to a request.
//
// # How to prewarm a module
//
// The program must be a reactor, which Go builds since 1.24. Instead of main it
// has an exported entry:
//
//	//go:wasmimport fastly_abi init
//	//go:noescape
//	func abiInit(version uint64) uint32
//
//	//go:wasmexport serve
//	func serve() {
//		abiInit(1)
//		fsthttp.ServeFunc(handle)
//	}
//
//	func main() {} // a reactor's main is never called
//
// Build it, and pass it to Module, which takes a fraction of a second:
//
//	GOOS=wasip1 GOARCH=wasm go build -trimpath -buildmode=c-shared -o bin/reactor.wasm .
//
// The result has the entry under the name _start, is a command like any other
// to Compute, and runs wherever the reactor would. [Options.Files] is what init
// functions may read; [Options.Warmup] names an export to call after them. The
// command in cmd/prewarm does the same with files, and README.md is about it.
//
// A program with func main gets such an entry by importing guest/compute, below
// this package. A module that a host with plugins loads, and that has no entry,
// is made with [Options.Reactor].
//
// # Data that changes more often than the program
//
// What an init function has read is frozen, and changing it takes a new
// initialisation. A program may instead make room for data, which [Fill] writes
// into the finished module, as often as needed, without a compiler and without
// running anything. The room is made by an export, named by [Options.Room]:
//
//	var room []byte
//
//	//go:wasmexport config_room
//	func configRoom(size uint32) unsafe.Pointer {
//		room = make([]byte, size)
//		return unsafe.Pointer(&room[0])
//	}
//
//	func config() []byte {
//		n := binary.LittleEndian.Uint32(room)
//		return room[4 : 4+n]
//	}
//
// The data is there when the entry runs. It should have a form that can be used
// in place: whatever has to be parsed is parsed for each request. The rest of
// the room is zeros, which take no space in the module's file. The guest must
// allocate the room itself, because Go's runtime uses all memory that it has
// not allocated yet.
//
// A table in the room usually says in its first bytes how it is to be read, and
// a request then looks elsewhere. [Options.Sign] has Fill put these bytes where
// the guest reads anyway, so that a request touches one page of the room less.
//
// # Pages that are touched first
//
// Once initialisation is gone, most of what a request costs on wasmtime is not
// computing but the pages of memory that it touches first. A window of 64 KiB
// that is read first costs 4.1 µs, a page of 4 KiB that is written first 1.9,
// and a page that is read and then written pays for both. So Module tries the
// finished module with a request, in a copy, sees which pages that touches, and
// puts a function before the entry. It stores to each page that a request
// writes to the byte that is there already, and then the window is not read
// first; it reads once from each window that is read anyway, because faults
// that follow one another cost less than faults with computing between.
//
// This is on by default, since it pays for every program that was measured: a
// redirect with fsthttp takes 0.77 of the time (RATIONALE.md, "Why pages are
// written first"). A store changes nothing, whether a request resembles the
// rehearsed one or not. One in vain costs a request 1.7 µs, so no more than 256
// pages are touched, and where several requests are rehearsed, those with which
// they cost least together.
//
// The request is a plain GET unless [Options.Rehearsals] has others, from a
// platform that is as fixed as the request: every backend gives one answer,
// stores are empty, the clock is that of initialisation. Nothing of it gets
// into the module but addresses. Secrets for it must be made up. A rehearsal
// that fails touches nothing, and [Report.NotRehearsed] says why: the guest
// trapped, exited, answered with another status than was wanted, has
// instructions of vectors, or took more than five million accesses to memory
// and rounds of loops.
//
// Every page is seen that an instruction or a host call of Compute reads or
// writes, with the same byte or another. Of the functions of WASI only what
// they change is seen.
//
// # What is frozen, and what must therefore be done at the entry
//
// Whatever was read during initialisation is the same in every sandbox.
// [Report.Warnings] has what a program read too early, as far as names of
// functions show it, and package guest reads it at the entry:
//
//   - The platform. No request exists at build time, and every host call fails
//     the build with the function's name ([HostCall]): log endpoints, stores
//     and backends are opened lazily, at the first request. Only
//     fastly_abi.init succeeds, because the SDK calls it in an init function.
//     It never reached the platform, so the entry calls it again, as above.
//   - The environment and the arguments. os.Getenv and os.Args say what
//     [Options] said, which is nothing by default. The platform's variables
//     (FASTLY_SERVICE_VERSION and others) are there for whoever calls
//     environ_sizes_get and environ_get of wasi_snapshot_preview1 at run time.
//   - The runtime's random seeds. The order of map iteration, map hashes,
//     hash/maphash (with a seed that is made at run time, too), math/rand,
//     math/rand/v2 and the choice of select repeat from sandbox to sandbox, and
//     who has the module can compute them. Nothing that must be unpredictable
//     may come from them, and maps with keys from a request need a limit on
//     their size. crypto/rand asks the platform at each call and is safe at run
//     time, and so is what rests on it: keys, nonces, crypto/rand.Text. In init
//     functions it is not: never make a key or a nonce there, and never seed a
//     generator.
//   - The clock of initialisation, which begins at [Epoch] and moves only when
//     it is looked at. time.Now is right at run time. A time.Time kept from
//     initialisation has a wall clock of 2000 and a monotonic clock that means
//     nothing.
//   - Files and directories. A file left open in an init function is gone;
//     paths that could be read then cannot be read now.
//   - Goroutines and timers. Those that init functions left waiting go on when
//     the entry runs, which is fine for a worker on a channel; a timer's
//     remaining time is not to be relied on. A timer that is set at run time
//     fires when it should, whether the sandbox's monotonic clock is ahead of
//     the build's or behind it.
//
// Never read keys and other secrets during initialisation: they would be bytes
// of the module.
//
// # What is promised
//
// The same reactor and options give the same bytes, on any machine (one
// exception: a float that is not a number has bits that depend on the
// processor, so an init function should not compute one and keep it). Nothing
// of the machine gets in: no environment, no clock, no path; -trimpath keeps
// Go's own paths out.
//
// The result is a whole module or an [*Error]. A module is refused if a
// snapshot of one memory and of numeric variables would not preserve its state:
// one that imports a memory, table, global or tag; has no memory or several, or
// a shared or 64-bit one; has variables that are vectors or references; writes
// to a table; or reads data segments at run time (memory.init). Go's compiler
// makes none of these. Nor can a module be prewarmed twice.
//
// If an init function panics, exits, hangs (the context ends it) or calls the
// platform, Module returns an error with what the guest wrote to standard
// error.
//
// # How it works
//
// The module is parsed as far as needed, its variables are exported, and it is
// run. Then a new module is written: memory begins with its last size, and with
// its data that is not zero; variables begin with their last values; the
// exports _initialize, warm-up and room, the start function and debug
// information are removed. A custom section, "prewarm.room", says where the
// room is. The code is copied byte for byte; the function that touches pages
// stands behind it. For the rehearsal each access to memory in a copy of the
// module becomes a call of a function that makes it, and the engine reports
// those calls. The idea is that of Wizer, by the
// Bytecode Alliance, which does this for other languages.
package prewarm
