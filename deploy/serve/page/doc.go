// Package page is the page of "clickedge serve": it explains links that are
// pasted, offers links to click, shows each request as it is answered, and has
// switches for faults, retired ESPs and recalls.
//
// Start with [New], with [Page.Takes], which says which requests are for the
// page and not for a link domain, and with [Page.Record]. What the page sees and
// changes is a [Bench].
//
// # What it defends against
//
// Everything that a link, a client, a guest or an origin has chosen is text: it
// is escaped by html/template, what is invisible is made visible, and the page's
// policy allows no script or style but its own. A request for a link domain
// never reaches the page. The page is for this machine only: the connection must
// come from a loopback address, and the Host must be a loopback address or
// "localhost", so that a name that somebody else has pointed here gets nothing
// (DNS rebinding). What changes something is a POST, and one that another page
// has made is refused.
package page
