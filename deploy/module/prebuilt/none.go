//go:build !prebuilt

package prebuilt

var guest []byte
