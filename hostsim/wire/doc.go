// Package wire is a small HTTP/1.1 codec that changes nothing on its way: field
// order, the case of field names, repeated fields and the exact bytes of the
// request target are kept.
//
// net/http cannot do that: its server refuses a target with a lone "%" before a
// handler runs, its client re-encodes some targets, and both keep fields in a
// map. Browsers and other clients produce such targets every day, so a host for
// tests has to carry them.
//
// Start with Server (a net/http Handler behind a raw listener), RawHeader (the
// fields of a request in order), RoundTrip (one request over one connection)
// and Conn (one after another). The parser is strict where leniency lets one
// message pass for two: lone CR, white space before a colon, continued lines,
// Content-Length beside Transfer-Encoding, Transfer-Encoding in HTTP/1.0 and
// contradicting lengths are refused. Heads are bounded by Limits. HTTP/2 and
// pipelined writes are not implemented.
package wire
