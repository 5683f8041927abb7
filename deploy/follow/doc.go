// Package follow walks a link hop by hop, as a browser would, and says where it
// bends: which address, how long each step took, what core knows of the link,
// and what of it a browser reads otherwise than it was written.
//
// Start with [Walk]; [Result] is what comes out.
//
// # What it will not do
//
// It never asks for a link by which somebody unsubscribes: a GET is enough at
// some providers. It does not ask for a link that counts a click or an open
// unless [Options.CountClick] says that this is meant. A cookie goes back to
// the host and the scheme that set it and nowhere else. Scripts and refreshes
// are reported, not run. Addresses inside are refused, see package probe.
package follow
