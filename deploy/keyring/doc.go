// Package keyring reads, validates and writes the secrets of signed links on an
// operator's machine, and decides which secret belongs to which key id.
//
// Start with [Resolve], which every command calls that needs secrets, with
// [Parse], which reads a key file, and with [Key.Text], which writes one.
//
// It defends against a secret under the wrong key id: links signed with it are
// dead, and nobody notices before the mail is sent. A secret is therefore never
// matched to a key id by position or elimination. A key file has its id and a
// fingerprint; a secret without an id is taken only if exactly one key can be
// meant and the file's name does not contradict. A text that may be something
// else than a secret (an assignment, a quoted text, a PEM block, a byte order
// mark) is refused, with what is wrong.
//
// A text that was read as a secret is read as the same secret by every later
// version, or refused; never as another one. No error quotes a secret.
package keyring
