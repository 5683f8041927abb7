// Package pack makes the package for Fastly Compute: a tar.gz with
// <name>/bin/main.wasm and <name>/fastly.toml. First it checks the module for
// faults that Fastly's command line does not find and that would otherwise fail
// in production.
//
// Start with [Check], which lists everything that is wrong with a module, with
// [Archive], whose output is reproducible, and with [Hash], whose value the
// Fastly CLI and its Terraform provider compare.
package pack
