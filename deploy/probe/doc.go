// Package probe asks one server one question and notes everything about the
// answer: which address, how long each step took, what the certificate is
// worth, and the fields as they stood on the wire.
//
// Start with [Client.Do]. Redirects are not followed, cookies not kept, bodies
// not decompressed, and the request target is written byte for byte, where
// net/http would refuse or rewrite some that mail holds.
//
// # What it defends against
//
// A question that another server made up: a redirect may name an address in the
// network of whoever follows it. Names and addresses that are not of the public
// internet are refused before a packet leaves, unless the operator named the
// address ([Client.Via]) or allowed all ([Client.Private]); see [Public]. A
// server that does not end: head, body, addresses and time are bounded.
package probe
