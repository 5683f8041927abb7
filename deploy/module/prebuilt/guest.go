// Package prebuilt holds what a released command brings along, so that nobody
// needs Go for it: the guest, and the page of "clickedge inspector".
//
// A command that is built from a clone has neither: they are compiled from the
// sources, where a change shows at once. A release is built with the tag
// "prebuilt", after the generator in the folder generate has written both files;
// without them such a build fails.
package prebuilt

//go:generate go run ./generate guest.wasm inspector.html

// Guest returns the guest as compiled, not yet prewarmed, or nil where the
// command was built without it. It must not be changed.
func Guest() []byte { return guest }

// Inspector returns the page that explains links, without sites, or nil where
// the command was built without it. It must not be changed.
func Inspector() []byte { return inspector }
