// Package testmail makes the mail that support asks for when clicks do not
// arrive: a button that the ESP tracks, one that it must leave alone, and what
// to look at in both.
//
// Start with [New]; [Mail.EML] is the message as a file, [Mail.Send] gives it
// to a mail server, and [Mail.HTML] is for an ESP into whose editor mail is
// pasted.
//
// A mail server gets a password over TLS only, and a password is in no error.
// Addresses and subject cannot hold line ends, so nobody's text becomes a field
// of the message.
package testmail
