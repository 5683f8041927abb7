// Package servers compares programs that answer link domains on one machine:
// clicks per second, CPU time of a click, latency at a given rate, and memory,
// over kept connections without TLS.
//
// Start with [All], which starts every program that is installed, and [Load],
// which clicks.
package servers
