package abi

import "strings"

// URI is a request URI in the parts that matter here. Target is kept byte for
// byte: Viceroy's parser refuses some bytes that clients do send, so this one
// refuses only what would break a request line.
type URI struct {
	Scheme    string // empty for a URI without authority, or with nothing else
	Authority string
	// path and query, or "*"; empty when there was an authority and no more
	Target string
}

// String puts the parts together.
func (u URI) String() string {
	switch {
	case u.Target == "":
		return u.Authority
	case u.Scheme == "":
		return u.Target
	}
	return u.Scheme + "://" + u.Authority + u.Target
}

// ParseURI splits an absolute URI or a path. ok is false for an empty text, CR,
// LF, NUL, a URI without authority, and a text that is neither absolute nor a
// path.
func ParseURI(text string) (u URI, ok bool) {
	if text == "" || strings.ContainsAny(text, "\r\n\x00") {
		return u, false
	}
	if text[0] == '/' || text == "*" {
		return URI{Target: text}, true
	}
	scheme, rest, found := strings.Cut(text, "://")
	if !found && ValidAuthority(text) {
		return URI{Authority: text}, true
	}
	if !found || !validScheme(scheme) {
		return u, false
	}
	cut := strings.IndexAny(rest, "/?#")
	if cut < 0 {
		cut = len(rest)
	}
	u = URI{Scheme: strings.ToLower(scheme), Authority: rest[:cut], Target: rest[cut:]}
	if !strings.HasPrefix(u.Target, "/") {
		u.Target = "/" + u.Target
	}
	return u, u.Authority != "" && !strings.ContainsAny(u.Authority, " \t")
}

// ValidAuthority reports whether text has only bytes that an authority may have
// (RFC 3986, section 3.2).
func ValidAuthority(text string) bool {
	for i := range len(text) {
		c := text[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
		if !letter && strings.IndexByte("-._~!$&'()*+,;=:@[]%", c) < 0 {
			return false
		}
	}
	return text != ""
}

func validScheme(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(s[i]))) {
			return false
		}
	}
	return s != ""
}
