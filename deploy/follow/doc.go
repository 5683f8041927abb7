// Package follow requests a link and its redirects hop by hop, as a browser
// would, and reports each: the address, how long each step took, what core
// knows of the link, and what a browser reads differently from how it is
// written.
//
// Start with [Walk]; [Result] is what comes out.
//
// # What it will not do
//
// It never requests an unsubscribe link: a GET is enough at some providers. It
// requests a link that counts a click or an open only with
// [Options.CountClick]. A cookie goes back to the host and the scheme that set
// it and nowhere else. Scripts and refreshes are reported, not run. Private
// addresses are refused, see package probe.
package follow
