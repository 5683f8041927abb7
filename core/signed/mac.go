package signed

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"slices"

	"github.com/clickedge/clickedge/core/destination"
)

// linkMAC is HMAC-SHA256 (RFC 2104) of "https://", host and signed. It is
// written with two sums of crypto/sha256, since crypto/hmac allocates five
// times for each use. Only clicks use it; links are minted with crypto/hmac.
//
// The end of raw is signed, and raw may be written to. If it has enough bytes
// in front of signed, the text to be summed is put together in there, around
// what stands in memory already: a long link is neither copied nor allocated.
func linkMAC(secret []byte, host, signed string, raw []byte) [sha256.Size]byte {
	lead := sha256.BlockSize + len(signedScheme) + len(host)
	if from := len(raw) - len(signed) - lead; from >= 0 && lead <= maxLead {
		return macInPlace(secret, host, raw[from:])
	}
	return macOfCopy(secret, host, signed, lead)
}

// maxLead is the most that stands in front of the signed part of a link: the
// block of the key, the scheme and the host.
const maxLead = sha256.BlockSize + len(signedScheme) + destination.MaxHost

// macInPlace is linkMAC for a text that begins with room for the key's block,
// the scheme and the host. It puts back what was there.
//
//	before     … | whatever stands in front of the link   | /to/k1.i….u…
//	meanwhile    | key ^ 0x36, 64 bytes | https:// | host | /to/k1.i….u…
func macInPlace(secret []byte, host string, text []byte) [sha256.Size]byte {
	var block [sha256.BlockSize + sha256.Size]byte
	if len(secret) > sha256.BlockSize {
		sum := sha256.Sum256(secret)
		copy(block[:], sum[:])
	} else {
		copy(block[:], secret)
	}
	var before [maxLead]byte
	copy(before[:], text)
	copy(text, block[:sha256.BlockSize])
	pad(text, 0x36)
	copy(text[sha256.BlockSize:], signedScheme)
	lead := sha256.BlockSize + len(signedScheme) + copy(text[sha256.BlockSize+len(signedScheme):], host)
	inner := sha256.Sum256(text)
	copy(text[:lead], before[:])
	pad(block[:], 0x5c)
	copy(block[sha256.BlockSize:], inner[:])
	return sha256.Sum256(block[:])
}

// macOfCopy is linkMAC for a link around which there is no room. It stands
// alone, so that the others do not pay for its frame.
//
//go:noinline
func macOfCopy(secret []byte, host, signed string, lead int) [sha256.Size]byte {
	var room [1024]byte // a longer link is allocated
	text := slices.Grow(room[:0], lead)[:lead]
	return macInPlace(secret, host, append(text, signed...))
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
