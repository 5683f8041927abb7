package core

import "strings"

// isLinkText tells whether s is the one base64url text of some bytes (RFC 4648,
// section 5): no padding, zero trailing bits, nothing from the standard
// alphabet. encoding/base64 is not asked because it skips CR and LF, in Strict
// mode too, and so takes many texts for the same bytes.
func isLinkText(s string) bool {
	for i := 0; i < len(s); i++ {
		if linkSextet(s[i]) < 0 {
			return false
		}
	}
	switch len(s) % 4 {
	case 1: // six bits are no byte
		return false
	case 2:
		return linkSextet(s[len(s)-1])&0x0f == 0
	case 3:
		return linkSextet(s[len(s)-1])&0x03 == 0
	}
	return true
}

// decodeLinkText decodes what isLinkText has taken, in one allocation.
func decodeLinkText(s string) string {
	var out strings.Builder
	out.Grow(len(s) * 3 / 4)
	bits, n := 0, 0 // not yet written, and how many they are
	for i := 0; i < len(s); i++ {
		bits = bits<<6 | linkSextet(s[i])&0x3f
		if n += 6; n >= 8 {
			n -= 8
			out.WriteByte(byte(bits >> n))
			bits &= 1<<n - 1
		}
	}
	return out.String()
}

// linkSextet is the value of a base64url character, -1 for another byte.
func linkSextet(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return int(c - 'A')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 26
	case c >= '0' && c <= '9':
		return int(c-'0') + 52
	case c == '-':
		return 62
	case c == '_':
		return 63
	}
	return -1
}
