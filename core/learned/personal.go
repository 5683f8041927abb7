package learned

import "strings"

// tokenLength is from how many digits on a part of a URL looks like a token.
const tokenLength = 20

// maybePersonal reports whether a destination might be there for one reader
// only: it also finds short numbers, which Personal does not.
func maybePersonal(url string) bool {
	digits := 0
	for _, c := range []byte(afterHost(url)) {
		if digits++; c < '0' || c > '9' {
			digits = 0
		}
		if digits == 3 {
			return true
		}
	}
	return Personal(url) != ""
}

// afterHost is what follows the host of a URL, without the first slash.
func afterHost(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	_, path, _ := strings.Cut(rest, "/")
	return path
}

// Personal says what in a destination looks as if it were there for one reader
// only, "" if nothing does: an address, or a long token. It is a guess. Short
// numbers are not found, and some tokens name a page.
func Personal(url string) string {
	path := afterHost(url)
	if strings.Contains(path, "@") || hasEscape(path, "%40") {
		return "an e-mail address"
	}
	for len(path) > 0 {
		n := tokenEnd(path)
		if isToken(path[:n]) {
			return "a long token"
		}
		path = path[min(n+1, len(path)):]
	}
	return ""
}

func hasEscape(s, escape string) bool {
	return strings.Contains(s, escape) || strings.Contains(s, "%25"+escape[1:])
}

// tokenEnd is where the digits at the start of s end.
func tokenEnd(s string) int {
	i := 0
	for i < len(s) && isTokenByte(s[i]) {
		i++
	}
	return i
}

func isTokenByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_' || c == '.' || c == '~'
}

// isToken reports whether a text is no words: long, and with digits among its
// letters. "spring-sale-2026" is words, and "5f3c9a0b7d2e41c8a6b0" is not.
func isToken(s string) bool {
	if len(s) < tokenLength {
		return false
	}
	digits, changes, last := 0, 0, byte(0)
	for i := 0; i < len(s); i++ {
		class := classOf(s[i])
		if class == '0' {
			digits++
		}
		if class != last && class != '-' && last != '-' && last != 0 {
			changes++
		}
		last = class
	}
	return changes >= 4 || digits >= tokenLength || digits*2 > len(s)
}

// classOf tells digits, small letters, capitals and the rest apart.
func classOf(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return '0'
	case c >= 'a' && c <= 'z':
		return 'a'
	case c >= 'A' && c <= 'Z':
		return 'A'
	}
	return '-'
}
