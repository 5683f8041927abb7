package esp

// Text that mail software adds after a link. No field at the end of an ESP's
// link may hold it, so skipping it cannot change a reading.

var spaces = [...]string{" ", "\t", "\r", "\n", "%20", "%09", "%0A", "%0a", "%0D", "%0d", "%C2%A0", "%c2%a0", "\u00a0"}

// closers end a sentence, a quotation or an address in angle brackets.
var closers = [...]string{
	",", ";", ":", "!", "'", "\"", ")", "]", "}", ">", "|", "*", "`", "\\",
	"%2C", "%2c", "%3B", "%3b", "%3A", "%3a", "%21", "%27", "%22", "%29", "%5D", "%5d",
	"%7D", "%7d", "%3E", "%3e", "%7C", "%7c", "%2A", "%2a", "%60", "%5C", "%5c",
	"%E2%80%99", "%e2%80%99", "\u2019", "%E2%80%9D", "%e2%80%9d", "\u201d", "%C2%BB", "%c2%bb", "\u00bb",
}

var dots = [...]string{".", "%2E", "%2e"}

// residue reports whether s, the text after a link's last field, is only white
// space, closing punctuation or added parameters, and says which. Two dots (an
// ellipsis) and a lone "%" (half an escape) are not accepted: they show that
// the link was cut.
func residue(s string) (what string, ok bool) {
	for sawDot := false; s != ""; {
		if s[0] == '?' || s[0] == '&' {
			return "parameters added after the link", true
		}
		if k := anyOf(s, spaces[:]); k > 0 {
			if s = s[k:]; what == "" {
				what = "white space after the link"
			}
			continue
		}
		k := anyOf(s, dots[:])
		if k > 0 && sawDot {
			return "", false
		}
		sawDot = sawDot || k > 0
		if k == 0 {
			k = anyOf(s, closers[:])
		}
		if k == 0 {
			return "", false
		}
		what, s = "punctuation after the link", s[k:]
	}
	return what, true
}

// lineBreak returns the length of the white space at the start of s, with the
// "=" before it that quoted-printable writes for a soft line break.
func lineBreak(s string) int {
	start := 0
	if len(s) > 0 && s[0] == '=' {
		start = 1
	}
	n := start
	for {
		k := anyOf(s[n:], spaces[:])
		if k == 0 {
			break
		}
		n += k
	}
	if n == start {
		return 0
	}
	return n
}
