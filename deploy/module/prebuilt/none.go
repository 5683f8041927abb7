//go:build !prebuilt

package prebuilt

var guest, inspector []byte
