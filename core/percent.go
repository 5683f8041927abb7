package core

import "strings"

// The two ways in which a link's escapes may begin: as the ESP wrote them, and
// after somebody has percent-encoded the link once more.
const (
	onceEncoded  = "%"
	twiceEncoded = "%25"
)

// unpercent decodes s and appends it to dst; every escape begins with lead. A
// "%" without its two hexadecimal digits is where a link was cut: not ok.
func unpercent(dst []byte, s, lead string) ([]byte, bool) {
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			dst = append(dst, s[i])
			continue
		}
		c, ok := escaped(s[i:], lead)
		if !ok {
			return dst, false
		}
		dst = append(dst, c)
		i += len(lead) + 1
	}
	return dst, true
}

// escaped returns the byte that the escape at the start of s stands for.
func escaped(s, lead string) (byte, bool) {
	if len(s) < len(lead)+2 || s[:len(lead)] != lead {
		return 0, false
	}
	hi, lo := hexDigit(s[len(lead)]), hexDigit(s[len(lead)+1])
	return hi<<4 | lo, hi < 16 && lo < 16
}

// hexDigit returns the digit's value, or 255.
func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

// isTwice tells whether s can have been percent-encoded a second time: it has
// escapes, and all of them are of the form %25XX. One that is not was there
// before and would have become %25XX, or was made by somebody else. That alone
// is no proof: the caller must know an escape that cannot be meant.
func isTwice(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			continue
		}
		if _, ok := escaped(s[i:], twiceEncoded); !ok {
			return false
		}
	}
	return strings.IndexByte(s, '%') >= 0
}

// decodeWeb decodes a percent-encoded URL once. It decodes twice where the URL
// would otherwise begin with "https:%2F%2F" and so has no host: then it was
// encoded twice, and only then.
func decodeWeb(s string, n *notes) (string, bool) {
	lead := onceEncoded
	switch {
	case strings.IndexByte(s, '%') < 0:
		return n.certain(s)
	case beginsTwice(s):
		if !isTwice(s) {
			return n.doubt("percent-encoded twice in part")
		}
		lead = twiceEncoded
		n.repair("percent-encoded twice")
	}
	var buf [MaxTarget]byte
	url, ok := unpercent(buf[:0], s, lead)
	if !ok {
		return n.doubt("an escape is cut or broken")
	}
	return n.certain(string(url))
}

// beginsTwice tells whether the slashes behind the scheme are encoded twice.
func beginsTwice(s string) bool {
	rest, ok := strings.CutPrefix(s, "http")
	if !ok {
		return false
	}
	rest = strings.TrimPrefix(rest, "s")
	colon := anyOf(rest, []string{":", "%253A", "%253a"})
	if colon == 0 {
		return false
	}
	rest = rest[colon:]
	return len(rest) >= 10 && strings.EqualFold(rest[:10], "%252F%252F")
}
