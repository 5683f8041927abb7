// Package base64url reads base64url (RFC 4648, section 5) strictly: of all
// texts that decode to the same bytes it accepts only the canonical one.
package base64url

import (
	"unsafe"

	"github.com/clickedge/clickedge/core/word"
)

// Invalid marks a byte outside the base64url alphabet. It has the two high
// bits, which no digit's value has.
const Invalid = 0xff

// values has the value of each base64url digit, and Invalid for other bytes.
// "+" and "/" of the standard alphabet are not accepted: "+" is a space in
// forms, and "/" ends a path segment. It is written out, since what is computed
// at initialisation lies in another part of a module's memory than constants.
var values = [256]byte{
	x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x,
	x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x,
	x, x, x, x, x, x, x, x, x, x, x, x, x, 62, x, x,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, x, x, x, x, x, x,
	x, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, x, x, x, x, 63,
	x, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, x, x, x, x, x,
	x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x,
	x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x,
	x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x,
	x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x,
	x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x,
	x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x,
	x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x,
	x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x,
}

const x = Invalid

// Value returns the value of a digit, or Invalid.
func Value(c byte) byte { return values[c] }

// Digits returns the number of base64url digits at the start of s.
//
// Plain: +415 instructions a click (decoded).
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

// Is reports whether s is canonical base64url: no padding, zero trailing bits,
// nothing from the standard alphabet. encoding/base64 is not used: it skips CR
// and LF, even in Strict mode, and so accepts many texts for the same bytes.
func Is(s string) bool {
	var seen byte
	for i := 0; i < len(s); i++ {
		seen |= values[s[i]]
	}
	return seen <= 63 && endsWell(s)
}

// endsWell reports whether the length and the last digit are those of whole
// bytes.
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

// digits are those of base64url by their values.
const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// EncodeWhole writes groups of three bytes to dst, four digits for each.
// encoding/base64 has its encodings behind variables, and a click would pay for
// the windows of memory in which these are.
func EncodeWhole(dst, src []byte) {
	for ; len(src) >= 3 && len(dst) >= 4; dst, src = dst[4:], src[3:] {
		v := uint32(src[0])<<16 | uint32(src[1])<<8 | uint32(src[2])
		dst[0], dst[1], dst[2], dst[3] = digits[v>>18], digits[v>>12&63], digits[v>>6&63], digits[v&63]
	}
}

// Decode decodes a text that Is accepts. If the result fits into room, it is a
// part of room; else it is allocated. ok is false for any other text.
//
// Plain: +4,210 instructions a click (signed) digit by digit, +4,188 by Is and
// encoding/base64.
func Decode(room []byte, s string) (string, bool) {
	n := len(s) * 3 / 4
	if n > len(room) {
		if !Is(s) { // a damaged text is not worth an allocation
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
	bits <<= 6 * uint(i+8-len(s)) & 63 // at most seven digits
	for ; at < n; at++ {
		room[at] = byte(bits >> 40)
		bits <<= 8
	}
	return unsafe.String(unsafe.SliceData(room), n), seen <= 63 && endsWell(s) // nobody else writes to room
}

// valueOf returns the value of the digit in the lowest byte of w.
func valueOf(w uint64) uint64 { return uint64(values[w&255]) }
