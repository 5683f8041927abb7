package core

import "unsafe"

// isLinkText tells whether s is the one base64url text of some bytes (RFC 4648,
// section 5): no padding, zero trailing bits, nothing from the standard
// alphabet. encoding/base64 is not asked because it skips CR and LF, in Strict
// mode too, and so takes many texts for the same bytes.
func isLinkText(s string) bool {
	var seen byte
	for i := 0; i < len(s); i++ {
		seen |= sextets[s[i]]
	}
	if seen > 63 {
		return false
	}
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

// decodeLinkText decodes what isLinkText has taken, in one allocation.
func decodeLinkText(s string) string {
	out := make([]byte, len(s)*3/4)
	at := 0
	for ; len(s) >= 4; s = s[4:] {
		four := uint32(sextets[s[0]])<<18 | uint32(sextets[s[1]])<<12 | uint32(sextets[s[2]])<<6 | uint32(sextets[s[3]])
		three := out[at : at+3 : at+3]
		three[0], three[1], three[2] = byte(four>>16), byte(four>>8), byte(four)
		at += 3
	}
	switch len(s) { // what is left, 0, 2 or 3
	case 3:
		out[at+1] = sextets[s[1]]<<4 | sextets[s[2]]>>2
		fallthrough
	case 2:
		out[at] = sextets[s[0]]<<2 | sextets[s[1]]>>4
	}
	return unsafe.String(unsafe.SliceData(out), len(out)) // nobody else has out
}
