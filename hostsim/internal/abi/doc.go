// Package abi implements Fastly Compute's guest ABI for one sandbox at a time,
// without an engine: a host call gets its core arguments as numbers and reaches
// guest memory through the Memory interface. An engine links Functions and
// calls Sandbox.Call. The table of all host calls is hostcalls.txt, what they run
// is in implementations.go.
//
// The calls and their meaning are those of Fastly's local host, Viceroy
// (github.com/fastly/Viceroy, src/wiggle_abi), status by status. Where this
// package differs on purpose, the code says so.
package abi
