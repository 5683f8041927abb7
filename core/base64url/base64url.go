// Package base64url reads base64url (RFC 4648, section 5) strictly: there is one
// text for some bytes, and no other is taken.
package base64url

import (
	"unsafe"

	"github.com/clickedge/clickedge/core/word"
)

// Invalid marks a byte outside the base64url alphabet. It has the two bits that
// no digit has.
const Invalid = 0xff

// values has the value of each base64url digit, Invalid for another byte. "+"
// and "/" of the other alphabet are no digits: one is a space in forms, the other
// ends a segment.
var values = func() (table [256]byte) {
	for i := range table {
		table[i] = Invalid
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
		table[c] = byte(i)
	}
	return table
}()

// Value returns the value of a digit, or Invalid.
func Value(c byte) byte { return values[c] }

// Digits returns how many base64url digits s begins with.
func Digits(s string) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := word.At(s, i)
		if valueOf(w)|valueOf(w>>8)|valueOf(w>>16)|valueOf(w>>24)|
			valueOf(w>>32)|valueOf(w>>40)|valueOf(w>>48)|valueOf(w>>56) > 63 {
			break
		}
	}
	for ; i < len(s) && Value(s[i]) != Invalid; i++ {
	}
	return i
}

// Is tells whether s is the one base64url text of some bytes (RFC 4648,
// section 5): no padding, zero trailing bits, nothing from the standard
// alphabet. encoding/base64 is not asked because it skips CR and LF, in Strict
// mode too, and so takes many texts for the same bytes.
func Is(s string) bool {
	var seen byte
	for i := 0; i < len(s); i++ {
		seen |= values[s[i]]
	}
	return seen <= 63 && endsWell(s)
}

// endsWell tells whether digits end as the text of whole bytes does.
func endsWell(s string) bool {
	switch len(s) % 4 {
	case 1: // six bits are no byte
		return false
	case 2:
		return values[s[len(s)-1]]&0x0f == 0
	case 3:
		return values[s[len(s)-1]]&0x03 == 0
	}
	return true
}

// Decode decodes what Is takes, into room where it fits; the result
// is part of room then, else of one allocation. Not ok: it is no such text.
func Decode(room []byte, s string) (string, bool) {
	n := len(s) * 3 / 4
	if n > len(room) {
		if !Is(s) { // what is damaged costs no allocation
			return "", false
		}
		room = make([]byte, n)
	}
	seen, at, i := uint64(0), 0, 0
	for ; i+8 <= len(s); i += 8 {
		w := word.At(s, i)
		a, b, c, d := valueOf(w), valueOf(w>>8), valueOf(w>>16), valueOf(w>>24)
		seen |= a | b | c | d
		bits := a<<18 | b<<12 | c<<6 | d
		a, b, c, d = valueOf(w>>32), valueOf(w>>40), valueOf(w>>48), valueOf(w>>56)
		seen |= a | b | c | d
		bits = bits<<24 | a<<18 | b<<12 | c<<6 | d
		six := (*[6]byte)(room[at:])
		six[0], six[1], six[2] = byte(bits>>40), byte(bits>>32), byte(bits>>24)
		six[3], six[4], six[5] = byte(bits>>16), byte(bits>>8), byte(bits)
		at += 6
	}
	bits := uint64(0)
	for k := i; k < len(s); k++ {
		v := uint64(values[s[k]])
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

// valueOf returns the value of the digit in the lowest byte of w.
func valueOf(w uint64) uint64 { return uint64(values[w&255]) }
