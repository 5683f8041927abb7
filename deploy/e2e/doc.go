// Package e2e holds the tests that send requests through the built module: the
// same WebAssembly that Fastly runs, on hostsim, with stand-in ESPs behind it.
// It has no code of its own.
package e2e
