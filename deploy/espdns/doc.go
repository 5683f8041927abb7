// Package espdns knows the DNS records of a link domain that leads straight to
// its ESP: the targets of its CNAME and, where the ESP issues the certificate
// itself, the records that it asked for and what has to be switched off before
// the CNAME moves.
//
// Start with [Preset], which reads a CNAME, and with [ManagedBy]. Every row
// names its source page; no ESP's servers were asked. What no page says is not
// guessed.
package espdns
