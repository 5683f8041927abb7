// Package probe sends one request to one server and records everything about
// the answer: the address, how long each step took, whether the certificate is
// trusted, and the fields as they were on the wire.
//
// Start with [Client.Do]. Redirects are not followed, cookies not kept, bodies
// not decompressed, and the request target is written byte for byte, where
// net/http would refuse or rewrite some that mail holds.
//
// # What it defends against
//
// Requests that another server chose: a redirect may name an address in the
// private network of whoever follows it. Names and addresses that are not on
// the public internet are refused before a packet is sent, unless the operator
// named the address ([Client.Via]) or allowed all ([Client.Private]); see
// [Public]. Endless answers: head, body, addresses and time are bounded.
package probe
