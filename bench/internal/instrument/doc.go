// Package instrument rewrites a WebAssembly module so that it reports what it
// does: how many instructions it executes, which function begins and ends, and
// which bytes of memory it reads and writes. The module needs no rebuilding and keeps its behaviour.
//
// Start with [Fuel], [Calls] or [Memory]. Reports use a host call that the module
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
// # Instructions
//
// Each run of instructions that are executed together adds their number to a
// global ([FuelCount]). So the count is that of wasmtime's fuel, on any engine,
// and what instrumentation adds is not in it.
//
// # Memory
//
// Each load and store becomes a call of a helper that reports the address and
// then does the same.
package instrument
