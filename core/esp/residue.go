package esp

// Text that mail software adds after a link. No field at the end of an ESP's
// link may hold it, so skipping it cannot change a reading.

const spaces = " \x00\t\x00\r\x00\n\x00%20\x00%09\x00%0A\x00%0a\x00%0D\x00%0d\x00%C2%A0\x00%c2%a0\x00\u00a0\x00"

// closers end a sentence, a quotation or an address in angle brackets.
const closers = ",\x00;\x00:\x00!\x00'\x00\"\x00)\x00]\x00}\x00>\x00|\x00*\x00`\x00\\\x00" +
	"%2C\x00%2c\x00%3B\x00%3b\x00%3A\x00%3a\x00%21\x00%27\x00%22\x00%29\x00%5D\x00%5d\x00" +
	"%7D\x00%7d\x00%3E\x00%3e\x00%7C\x00%7c\x00%2A\x00%2a\x00%60\x00%5C\x00%5c\x00" +
	"%E2%80%99\x00%e2%80%99\x00\u2019\x00%E2%80%9D\x00%e2%80%9d\x00\u201d\x00%C2%BB\x00%c2%bb\x00\u00bb\x00"

const dots = ".\x00%2E\x00%2e\x00"

// residue reports whether s, the text after a link's last field, is only white
// space, closing punctuation or added parameters, and says which. Two dots (an
// ellipsis) and a lone "%" (half an escape) are not accepted: they show that
// the link was cut.
func residue(s string) (what string, ok bool) {
	for sawDot := false; s != ""; {
		if s[0] == '?' || s[0] == '&' {
			return "parameters added after the link", true
		}
		if k := anyOf(s, spaces); k > 0 {
			if s = s[k:]; what == "" {
				what = "white space after the link"
			}
			continue
		}
		k := anyOf(s, dots)
		if k > 0 && sawDot {
			return "", false
		}
		sawDot = sawDot || k > 0
		if k == 0 {
			k = anyOf(s, closers)
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
		k := anyOf(s[n:], spaces)
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
