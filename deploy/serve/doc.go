// Package serve runs the module on this machine: on the simulator of Fastly
// Compute, with stand-ins for the ESPs or with the ESPs themselves.
//
// Start with [Run]. It answers with one generation after another: the module
// with its sites, secrets and stand-ins. When sites.json or the module changes,
// a new generation takes over and the old one finishes its requests; an invalid
// file changes nothing. What it prints names no reader unless [Options.Verbose]
// asks for it.
package serve
