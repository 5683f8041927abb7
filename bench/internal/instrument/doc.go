// Package instrument rewrites a WebAssembly module so that it reports what it
// does: which function begins and ends, and which bytes of memory it reads and
// writes. The module needs no rebuilding and keeps its behaviour.
//
// Start with [Calls] or [Memory]. Reports go out through a host call that the
// module imports already, fastly_abi.init, whose argument, a version, is never
// large: a [Event] is. An import of its own would shift every function index.
//
// # Functions
//
// Each function F gets a wrapper that stands at F's place in the index space,
// while F's body moves to the end. So calls, tables and exports lead to the
// wrapper, without one of them being rewritten:
//
//	report(enter F); results = F'(parameters); report(leave F)
//
// What a wrapper itself adds to the fuel is constant, and [Cost] says it, so
// that a profile adds up to exactly what the module used before.
//
// # Memory
//
// Each load and store becomes a call of a helper that reports the address and
// then does the same. Fuel means nothing then.
package instrument
