// Package testmail makes a test mail for finding out why clicks do not arrive:
// with a button that the ESP tracks, one that it must leave untracked, and what
// to check for both.
//
// Start with [New]; [Mail.EML] is the message as a file, [Mail.Send] submits it
// to a mail server, and [Mail.HTML] is for an ESP's editor.
//
// A password is sent over TLS only, and no error has it. Addresses and subject
// cannot have line ends, so no text can add a field to the message.
package testmail
