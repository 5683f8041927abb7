// Package doctor says from outside what is wrong with a branded link domain,
// whatever stands on it: clickedge, nginx, Cloudflare, CloudFront or another
// CDN.
//
// Start with [Examine], [Options] and [report.Report]. [catalogue.All] is every
// finding with what it means, the fix for each CDN, server and ESP, and the
// page that states the rule; FINDINGS.md beside this file is made of it. Ids of
// findings are never renamed.
//
// # How it finds out
//
// It looks in the order in which things break: DNS, TLS, HTTP, the ESP behind,
// and then what is done to links on their way. Where a fault explains all that
// would follow, it stops. To learn what a proxy does to a request that it
// cannot see, it asks the ESP's origin the same harmless question in each of
// the ways in which proxies get it wrong (another Host, the query cut off, the
// path decoded), and sees which of the answers comes back through the link
// domain.
//
// # What it never does
//
// It opens no link but the one that it was given, and that once at the link
// domain; where Customer.io refuses it there, once at the origin of each
// region. It refuses links that unsubscribe, as far as a link shows that (those
// that SendGrid or SparkPost encrypt do not), and follows no redirect, so that
// it reaches no destination. The links that it makes up name nobody: they hold
// "clickedge-doctor" where an id would be, and lead to
// clickedge-doctor.invalid, which no resolver knows (RFC 6761). Nothing is sent
// as one-click unsubscribe, and nothing to a path of one. What it sends is
// bounded by [MaxQueries], [MaxConnections] and [MaxRequests], each exchange by
// a timeout, all of them by twelve timeouts, and each body by a size.
// Connections go to the host, its parent domain (for HSTS) and, where
// [Options].Origin allows it, the ESP's origin; never to an address of a
// private network, unless Via names it.
package doctor
