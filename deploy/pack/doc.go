// Package pack makes the package that Fastly Compute takes: a tar.gz with
// <name>/bin/main.wasm and <name>/fastly.toml, after checking of the module
// what Fastly's command line does not and what would otherwise be found out by
// readers.
//
// Start with [Check], which lists everything that is wrong with a module, with
// [Archive], which makes the same bytes of the same files every time, and with
// [Hash], whose value the Fastly CLI and its Terraform provider compare.
package pack
