// Package meter rewrites WebAssembly modules so that a guest cannot compute for
// long without a call of the host: a counter goes down at the head of each
// loop, at the entry of functions that make more than one call, and by the
// length of what bulk instructions move; when it is used up, the module calls
// the import [Tick]. There the host can end the guest, or let another one
// compute. An engine that checks at every loop instead (wazero's
// WithCloseOnContextDone) takes about half of a guest's time, and never ends a
// recursion without loops.
//
// Between two ticks there is a bounded amount of work: without a loop, and with
// at most one call in each function, a guest can only go down, until its stack
// is full.
//
// It also makes an instance cheaper: a table of functions is filled where the
// guest calls through it, and what a guest fills with zeroes is left to the host
// where it is much ([Zero]), which knows of pages that nobody has touched.
//
// Start with [Rewrite]. It knows the instructions of WebAssembly 2.0 and
// refuses what it does not know.
package meter
