package signed

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
)

// linkMAC is HMAC-SHA256 (RFC 2104) of "https://", host and signed. It is
// written with two sums of crypto/sha256, since crypto/hmac allocates five
// times for each use. Only clicks use it; links are minted with crypto/hmac.
func linkMAC(secret []byte, host, signed string) [sha256.Size]byte {
	var key [sha256.BlockSize]byte
	if len(secret) > len(key) {
		sum := sha256.Sum256(secret)
		copy(key[:], sum[:])
	} else {
		copy(key[:], secret)
	}
	var room [1024]byte // a longer link is allocated
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

// pad XORs each byte of the first block with a byte.
//
// Plain: +2,632 instructions a click (signed).
func pad(text []byte, with uint64) {
	with *= 0x0101010101010101
	for block := text[:sha256.BlockSize]; len(block) >= 8; block = block[8:] {
		binary.LittleEndian.PutUint64(block, binary.LittleEndian.Uint64(block)^with)
	}
}

// sameTag compares two tags in constant time.
func sameTag(a, b []byte) bool {
	return subtle.ConstantTimeCompare(a[:tagBytes], b[:tagBytes]) == 1
}
