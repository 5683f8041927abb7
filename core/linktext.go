package core

import (
	"unsafe"

	"github.com/clickedge/clickedge/core/word"
)

// isLinkText tells whether s is the one base64url text of some bytes (RFC 4648,
// section 5): no padding, zero trailing bits, nothing from the standard
// alphabet. encoding/base64 is not asked because it skips CR and LF, in Strict
// mode too, and so takes many texts for the same bytes.
func isLinkText(s string) bool {
	var seen byte
	for i := 0; i < len(s); i++ {
		seen |= sextets[s[i]]
	}
	return seen <= 63 && endsWell(s)
}

// endsWell tells whether digits end as the text of whole bytes does.
func endsWell(s string) bool {
	switch len(s) % 4 {
	case 1: // six bits are no byte
		return false
	case 2:
		return sextets[s[len(s)-1]]&0x0f == 0
	case 3:
		return sextets[s[len(s)-1]]&0x03 == 0
	}
	return true
}

// decodeLinkText decodes what isLinkText takes, into room where it fits; the result
// is part of room then, else of one allocation. Not ok: it is no such text.
func decodeLinkText(room []byte, s string) (string, bool) {
	n := len(s) * 3 / 4
	if n > len(room) {
		if !isLinkText(s) { // what is damaged costs no allocation
			return "", false
		}
		room = make([]byte, n)
	}
	seen, at, i := uint64(0), 0, 0
	for ; i+8 <= len(s); i += 8 {
		w := word.At(s, i)
		a, b, c, d := sextetOf(w), sextetOf(w>>8), sextetOf(w>>16), sextetOf(w>>24)
		seen |= a | b | c | d
		bits := a<<18 | b<<12 | c<<6 | d
		a, b, c, d = sextetOf(w>>32), sextetOf(w>>40), sextetOf(w>>48), sextetOf(w>>56)
		seen |= a | b | c | d
		bits = bits<<24 | a<<18 | b<<12 | c<<6 | d
		six := (*[6]byte)(room[at:])
		six[0], six[1], six[2] = byte(bits>>40), byte(bits>>32), byte(bits>>24)
		six[3], six[4], six[5] = byte(bits>>16), byte(bits>>8), byte(bits)
		at += 6
	}
	bits := uint64(0)
	for k := i; k < len(s); k++ {
		v := uint64(sextets[s[k]])
		seen |= v
		bits = bits<<6 | v
	}
	bits <<= 6 * uint(i+8-len(s)) & 63 // up to eight digits
	for ; at < n; at++ {
		room[at] = byte(bits >> 40)
		bits <<= 8
	}
	return unsafe.String(unsafe.SliceData(room), n), seen <= 63 && endsWell(s) // nobody else writes to room
}

// sextetOf returns the value of the digit in the lowest byte of w.
func sextetOf(w uint64) uint64 { return uint64(sextets[w&255]) }
