// Package prebuilt holds the guest that is embedded in a released command, so
// that nobody needs Go to build a module.
//
// A command that is built from a clone has none: [Guest] is empty, and the
// guest is compiled from the sources, where a change shows at once. A release
// is built with the tag "prebuilt", after the generator in the folder generate
// has written guest.wasm; without that file such a build fails.
package prebuilt

//go:generate go run ./generate guest.wasm

// Guest returns the guest as compiled, not yet prewarmed, or nil where the
// command was built without it. It must not be changed.
func Guest() []byte { return guest }
