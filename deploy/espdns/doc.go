// Package espdns knows what ESPs have in the DNS of a link domain before
// anything of the sender's stands in front: the names that its CNAME leads to,
// and, where the ESP issues the certificate itself, the records that it asked
// for and what has to be switched off before the CNAME moves.
//
// Start with [Preset], which reads a CNAME, and with [ManagedBy]. Every row
// names the page that it comes from; none was learned from an ESP's servers.
// What a page does not say is not guessed.
package espdns
