// Package keystore puts the secrets of signed links into a secret store of the
// Fastly account, and takes them out again.
//
// Start with [Push.Run] and [Remove.Run]. What would end links that are out is
// refused before anything is changed: a secret in the store is not replaced,
// and one that may still be in use is not deleted, unless that is asked for.
package keystore
