package core

import (
	"crypto/sha256"
	"encoding/binary"
)

// linkMAC is HMAC-SHA256 (RFC 2104) of "https://", host and signed, for a click:
// from two sums of crypto/sha256, without the two digests, two pads and their
// holder that crypto/hmac allocates for every use. Links are minted with crypto/hmac.
func linkMAC(secret []byte, host, signed string) [sha256.Size]byte {
	var key [sha256.BlockSize]byte
	if len(secret) > len(key) {
		sum := sha256.Sum256(secret)
		copy(key[:], sum[:])
	} else {
		copy(key[:], secret)
	}
	var room [1024]byte // a longer link is put elsewhere
	text := append(room[:0], key[:]...)
	pad(text, 0x36)
	text = append(append(append(text, signedScheme...), host...), signed...)
	inner := sha256.Sum256(text)
	var outer [sha256.BlockSize + sha256.Size]byte
	copy(outer[:], key[:])
	pad(outer[:], 0x5c)
	copy(outer[sha256.BlockSize:], inner[:])
	return sha256.Sum256(outer[:])
}

// pad changes each byte of the first block.
func pad(text []byte, with uint64) {
	with *= 0x0101010101010101
	for block := text[:sha256.BlockSize]; len(block) >= 8; block = block[8:] {
		binary.LittleEndian.PutUint64(block, binary.LittleEndian.Uint64(block)^with)
	}
}

// sameTag compares two tags in a time that says nothing about where they differ.
func sameTag(a, b []byte) bool {
	le := binary.LittleEndian
	_, _ = a[tagBytes-1], b[tagBytes-1]
	return (le.Uint64(a)^le.Uint64(b))|(le.Uint64(a[8:])^le.Uint64(b[8:])) == 0
}
