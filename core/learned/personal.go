package learned

import "strings"

// tokenLength is from how many digits on a part of a URL looks like a token.
const tokenLength = 20

// maybePersonal reports whether a destination in which Personal sees nothing
// might still be there for one reader only: it has a number, or a parameter that
// is not one of a campaign's.
func maybePersonal(url string) bool {
	path, digits := afterHost(url), 0
	for _, c := range []byte(path) {
		if digits++; c < '0' || c > '9' {
			digits = 0
		}
		if digits == 3 {
			return true
		}
	}
	params := ""
	if at := strings.IndexAny(path, "?#"); at >= 0 {
		params = path[at:]
	}
	for param := range strings.FieldsFuncSeq(params, func(r rune) bool { return strings.ContainsRune("?&;#", r) }) {
		name, value, _ := strings.Cut(param, "=")
		if len(value) > 2 && !ofCampaign(name) {
			return true
		}
	}
	return false
}

// ofCampaign reports whether a parameter is by its name the same for all readers
// of a mail. Of Google's five utm_content and utm_term are not: senders put
// readers' ids there.
func ofCampaign(name string) bool {
	return name == "utm_source" || name == "utm_medium" || name == "utm_campaign"
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
	for i < len(s) {
		n := tokenUnit(s[i:])
		if n == 0 {
			break
		}
		i += n
	}
	return i
}

// tokenUnit is the length of the digit of a token at the start of s, 0 if there
// is none. Base64's + / = stand in a URL as escapes.
func tokenUnit(s string) int {
	if isTokenByte(s[0]) {
		return 1
	}
	if len(s) >= 3 && s[0] == '%' {
		switch s[1:3] {
		case "2B", "2b", "2F", "2f", "3D", "3d":
			return 3
		}
	}
	return 0
}

func isTokenByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_' || c == '.' || c == '~'
}

// isToken reports whether a text is no words: long, and with digits among its
// letters. "spring-sale-2026" is words, and "5f3c9a0b7d2e41c8a6b0" is not.
func isToken(s string) bool {
	length := len(s)
	if length < tokenLength {
		return false
	}
	digits, changes, last := 0, 0, byte('-')
	for len(s) > 0 {
		class := classOf(s[0])
		if class == '0' {
			digits++
		}
		// A capital begins a word: what follows it is no change.
		if class != last && class != '-' && last != '-' && (last != 'A' || class != 'a') {
			changes++
		}
		last, s = class, s[tokenUnit(s):]
	}
	return changes >= 4 || digits >= tokenLength || digits*2 > length
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
