package esp

import "github.com/clickedge/clickedge/core/word"

// cleartext grades a URL that stood in its link as text, where nothing is
// signed that we could check. The grade is likely at most if damage that has
// been seen in mail could have made this text of another URL: "%2F" in a path
// was decoded once too little, "=" in a path is a soft line break, and a
// parameter without exactly one "=" lost one, or got one, by quoted-printable.
//
// Some damage leaves no trace: a lost letter, or "%25" decoded and nothing
// else, gives exactly what the ESP writes for another URL.
func cleartext(url string, g Grade) Grade {
	if g == Certain && !isRegular(url) {
		return Likely
	}
	return g
}

// isRegular reports whether a URL's path has neither "=" nor an escape of a
// delimiter or of another escape, each parameter exactly one "=", and the
// fragment none.
//
// Plain: +971 instructions a click (decoded), here and in isQuery.
func isRegular(url string) bool {
	for i := 0; i < len(url); i++ {
		if i+8 <= len(url) {
			n := before(word.At(url, i), '=', '%', '?', '#')
			if n == 8 {
				i += 7
				continue
			}
			i += n
		}
		switch url[i] {
		case '=':
			return false
		case '%':
			if isNested(url[i:]) {
				return false
			}
		case '?':
			return isQuery(url[i+1:])
		case '#':
			return word.Index(url[i:], '=') < 0
		}
	}
	return true
}

// before returns how many of eight bytes stand before the first of these four.
func before(w uint64, a, b, c, d uint64) int {
	return word.First(word.Zeros(w^a*word.Ones) | word.Zeros(w^b*word.Ones) | word.Zeros(w^c*word.Ones) | word.Zeros(w^d*word.Ones))
}

// isNested reports whether s begins with the escape of what ends a part of a
// URL, or of another escape.
func isNested(s string) bool {
	c, _ := escaped(s, onceEncoded)
	_, twice := escaped(s, twiceEncoded)
	return c == '/' || c == '?' || c == '#' || twice
}

// isQuery reports whether each parameter of a query has exactly one "=", and
// the fragment behind it none: "=" and "&" take turns, and "=" is the first and
// the last of them.
func isQuery(s string) bool {
	due := byte('=')
	for i := 0; i < len(s); i++ {
		if i+8 <= len(s) {
			n := before(word.At(s, i), '=', '&', '#', '#')
			if n == 8 {
				i += 7
				continue
			}
			i += n
		}
		switch c := s[i]; c {
		case '=', '&':
			if c != due {
				return false
			}
			due ^= '=' ^ '&'
		case '#':
			return due == '&' && word.Index(s[i:], '=') < 0
		}
	}
	return due == '&'
}
