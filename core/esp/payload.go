package esp

import (
	"github.com/clickedge/clickedge/core/base64url"
	"github.com/clickedge/clickedge/core/contract"
)

// maxPayload is the most that a target of contract.MaxTarget bytes can hold in
// base64.
const maxPayload = contract.MaxTarget / 4 * 3

// hasBothCases reports whether s has upper-case and lower-case letters, as a
// long random text in base64url has unless software has changed its case. The
// letters of an escape do not count.
func hasBothCases(s string) bool {
	upper, lower := false, false
	for i := 0; i < len(s); i++ {
		if s[i] == '%' {
			i += 2
			continue
		}
		upper = upper || s[i] >= 'A' && s[i] <= 'Z'
		lower = lower || s[i] >= 'a' && s[i] <= 'z'
	}
	return upper && lower
}

// unbase64 decodes the base64url text at the start of s into dst, which must
// have maxPayload bytes, and returns what follows the text and its padding.
//
// White space between two digits is skipped and reported as wrapped: a mail
// program has broken the line. Only formats that prove that they are whole may
// accept it. A length that no encoder makes, or bits beyond the last byte, mean
// that digits are lost: not ok.
func unbase64(dst []byte, s string) (data []byte, rest string, wrapped, ok bool) {
	var acc uint32
	count, n := 0, 0
	for s != "" {
		v := base64url.Value(s[0])
		if v == base64url.Invalid {
			k := lineBreak(s)
			if k == 0 || k == len(s) || base64url.Value(s[k]) == base64url.Invalid {
				break
			}
			s, wrapped = s[k:], true
			continue
		}
		acc, count, s = acc<<6|uint32(v), count+1, s[1:]
		if count%4 != 1 {
			if n == len(dst) {
				return nil, s, wrapped, false
			}
			dst[n] = byte(acc >> (6 - 2*((count+3)%4)))
			n++
		}
	}
	spare := [4]uint32{0, 0x3f, 0x0f, 0x03}[count%4]
	return dst[:n], afterPadding(s), wrapped, count > 0 && count%4 != 1 && acc&spare == 0
}

// afterPadding skips "=" and SparkPost's "~", also percent-encoded once or
// twice, and "=" in quoted-printable. Their number does not matter, since
// copies of a link lose them.
func afterPadding(s string) string {
	for {
		k := paddingLen(s)
		if k == 0 {
			return s
		}
		s = s[k:]
	}
}

const paddings = "=3D\x00=\x00~\x00%3D\x00%3d\x00%253D\x00%253d\x00%7E\x00%7e\x00%257E\x00%257e\x00"

func paddingLen(s string) int { return anyOf(s, paddings) }

// anyOf returns the length of the first of these texts with which s begins, or
// 0. Each has a NUL after it: a constant lies where all texts do, while a click
// would pay for the window of memory in which a table of strings does.
func anyOf(s, these string) int {
	n := 0 // how much of a text has been found
	for i := 0; i < len(these); i++ {
		switch c := these[i]; {
		case c == 0:
			return n
		case n < len(s) && s[n] == c:
			n++
		default:
			for n = 0; these[i] != 0; i++ {
			}
		}
	}
	return 0
}
