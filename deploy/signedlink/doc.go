// Package signedlink makes and checks signed links on an operator's machine.
// The format and its cryptography are core's ([signed.Mint], [signed.Verify]).
//
// Start with [Minter], which refuses destinations that the site would not
// redirect to and reads each link back as the module will, and with [Verify],
// which also finds the key that a wrong tag was made with.
package signedlink
