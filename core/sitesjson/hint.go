package sitesjson

import (
	"strconv"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/spelling"
)

// didYouMean returns a hint with the candidate closest to word, or "" if none
// is close enough to be a typo.
func didYouMean(word string, candidates []string) string {
	if c := spelling.Closest(word, candidates); c != "" {
		return "did you mean " + strconv.Quote(c) + "?"
	}
	return ""
}

// quote quotes a value from outside for a message, cut if it is long.
func quote(b []byte) string { return clean.Quote(string(b), spelling.MaxWord) }

// quoteURL is quote for what may be a URL. User info is not repeated, as it may
// be a password.
func quoteURL(b []byte) string {
	text := string(b)
	from := strings.Index(text, "//") + len("//")
	if from < len("//") {
		from = 0
	}
	if at := strings.LastIndexByte(text, '@'); at >= from && mayBeUserInfo(text[from:at]) {
		text = strings.Join([]string{text[:from], text[at:]}, "...")
	}
	return quote([]byte(text))
}

// mayBeUserInfo reports whether what precedes an "@" may hold a password. One
// with a slash in it makes another URL than was meant.
func mayBeUserInfo(s string) bool { return !strings.ContainsAny(s, `/\?#`) || strings.Contains(s, ":") }

// quoteAll returns a list for a message: "a", "b" or "c".
func quoteAll(words []string) string {
	out := ""
	for i, w := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			out += " or "
		default:
			out += ", "
		}
		out += strconv.Quote(w)
	}
	return out
}

// bareHost returns the host name in what people write instead of one: a URL, a
// name in capitals, or one with a port or a final dot. It returns "" if there
// is none.
func bareHost(s string) string {
	if len(s) > destination.MaxLength {
		return ""
	}
	if i := strings.Index(s, "://"); i >= 0 {
		s = s[i+len("://"):]
	}
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		s = s[:i]
	}
	if s = core.CanonicalHost(s); !destination.IsHost(s) {
		return ""
	}
	return s
}

// hintHost says how to write the name of a link domain.
func hintHost(s string) string {
	host := bareHost(s)
	switch {
	case host != "":
		return "write " + strconv.Quote(host)
	case strings.HasPrefix(s, "*"):
		return "name each link domain; there are no wildcards here"
	}
	return hintName(s)
}

// hintPattern says how to write an entry of destinations. The parser accepts
// what it suggests.
func hintPattern(s string) string {
	text := s
	if i := strings.Index(text, "://"); i >= 0 {
		text = text[i+len("://"):]
	}
	name := strings.TrimPrefix(strings.TrimLeft(text, "*"), ".")
	sub, host := len(name) < len(text), bareHost(name)
	last := strings.ToLower(strings.TrimSuffix(name, "."))
	switch {
	case host != "" && (destination.Pattern{Host: host, Sub: sub}).IsPublicSuffix():
		return "list the host that is yours: " + strconv.Quote(host) + " is a public suffix"
	case host != "" && sub:
		return "write " + strconv.Quote("*."+host)
	case host != "":
		return "write " + strconv.Quote(host)
	case sub && strings.Trim(name, "*.") == "":
		return "list each host: a redirect to anywhere is an open redirector"
	case sub && destination.IsLabel(last):
		return "list each host: a redirect to any name below " + strconv.Quote(last) + " is an open redirector"
	case strings.Contains(name, "*"):
		return `a wildcard stands in front only, as in "*.example.com"`
	}
	return hintName(s)
}

// hintName says what a host name is, for a text that is none.
func hintName(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return "write the name in ASCII, as DNS has it (xn--…)"
		}
	}
	return `write a name like "www.example.com"`
}
