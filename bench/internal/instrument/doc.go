// Package instrument rewrites a WebAssembly module so that it reports what it
// does: which function begins and ends, and which bytes of memory it reads and
// writes. The module needs no rebuilding and keeps its behaviour.
//
// Start with [Calls] or [Memory]. Reports use a host call that the module
// already imports, fastly_abi.init. Its argument is normally a version, a small
// number; an [Event] is a large one. A new import would shift every function
// index.
//
// # Functions
//
// Each function F gets a wrapper with F's index, while F's body moves to the
// end. So calls, tables and exports lead to the wrapper without being
// rewritten:
//
//	report(enter F); results = F'(parameters); report(leave F)
//
// [Cost] has the constant fuel that a wrapper adds, so that a profile adds up
// to exactly what the original module uses.
//
// # Memory
//
// Each load and store becomes a call of a helper that reports the address and
// then does the same. Fuel means nothing then.
package instrument
