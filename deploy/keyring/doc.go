// Package keyring reads, judges and writes the secrets of signed links on an
// operator's machine, and decides which secret belongs to which key id.
//
// Start with [Resolve], which every command calls that needs secrets, with
// [Parse], which reads a key file, and with [Key.Text], which writes one.
//
// It defends against a secret under the wrong key id: links that are signed so
// are dead, and nobody notices before the mail is out. A secret is therefore
// never given to a key id by its position or by being left over. A key file
// says its id and a fingerprint; one that does not is taken only where exactly
// one key can be meant and its name does not say another. What may be something
// else than a secret (an assignment, a quoted text, a PEM block, a byte order
// mark) is refused with what is wrong.
//
// A text that was read as a secret is read as the same secret by every later
// version, or refused; never as another one. No error quotes a secret.
package keyring
