package core

import (
	"strings"

	"github.com/clickedge/clickedge/core/esp"
)

// Cookies says which cookies pass between a reader and an ESP. A browser sends
// the link domain those of the parent domain too, the brand's session among them.
type Cookies uint8

// The modes, by their numbers in a table of sites.
const (
	// CookiesOwn gives the ESP what it set on this host itself, and nothing
	// else: see [Origin.AppendCookies] and [Origin.AppendSetCookie].
	CookiesOwn Cookies = iota
	// CookiesStrip lets none pass, in either direction.
	CookiesStrip
	// CookiesPass lets all pass as they come, in both directions.
	CookiesPass
)

var cookieModes = [...]string{"own", "strip", "pass"}

// String returns the mode as sites.json has it.
func (c Cookies) String() string {
	if int(c) < len(cookieModes) {
		return cookieModes[c]
	}
	return "unknown"
}

// usualCookies is the mode of an ESP where the site says nothing. SES answers 400
// to more than 8192 bytes of fields, and neither it nor SparkPost has a use for
// cookies; Iterable documents that it needs all of them.
func usualCookies(f esp.Family) Cookies {
	switch f {
	case esp.FamilySES, esp.FamilySparkPost:
		return CookiesStrip
	case esp.FamilyIterable:
		return CookiesPass
	}
	return CookiesOwn
}

// cookieMark stands before the name of a cookie while it is with the reader: by it
// the ESP's own cookies are told from those of the parent domain. It is made of
// the backend's name, so that an ESP that takes the place of another does not get
// that one's cookies. Cookies outlive versions: the mark of a backend never
// changes.
//
//	ce-<8 hex digits: FNV-1a, 32 bits, of the backend's name>-
//
//	sid           ce-70afaba3-sid
//	__Host-sid    __Host-ce-70afaba3-sid
type cookieMark [12]byte

func (o *Origin) cookieMark() cookieMark {
	h := uint32(2166136261)
	for i := 0; i < len(o.Backend); i++ {
		h = (h ^ uint32(o.Backend[i])) * 16777619
	}
	m := cookieMark{'c', 'e', '-', 11: '-'}
	for i := range 8 {
		m[3+i] = "0123456789abcdef"[h>>(28-4*i)&15]
	}
	return m
}

// CookieMark is what stands before the names of the origin's own cookies while
// they are with the reader.
func (o *Origin) CookieMark() string {
	m := o.cookieMark()
	return string(m[:])
}

// AppendCookies appends what the ESP gets of one field of the reader's Cookie, to
// what it gets of the fields before: of its own cookies, in order, each as the ESP
// set it.
//
// Whatever [Origin.AppendSetCookie] would not have written is left out, so that
// nobody on the parent domain can make a cookie "<mark>__Host-sid", which no
// browser guards, and have it arrive as "__Host-sid".
func (o *Origin) AppendCookies(dst []byte, field string) []byte {
	mark := o.cookieMark()
	for field != "" {
		var pair string
		pair, field, _ = strings.Cut(field, ";")
		pair = trimCookie(pair)
		guard := guardOf(pair)
		rest, ours := strings.CutPrefix(pair[len(guard):], string(mark[:]))
		if !ours || strings.IndexByte(rest, '=') < 0 {
			continue
		}
		if guard == "" {
			rest = strings.TrimPrefix(rest, "=") // the value of a cookie without a name
		}
		before := len(dst)
		if before > 0 {
			dst = append(dst, "; "...)
		}
		at := len(dst)
		dst = append(append(dst, guard...), rest...)
		if at == len(dst) || isCookieSpace(dst[at]) || guardLen(dst[at:]) != len(guard) || isDisguised(dst[at:]) {
			dst = dst[:before]
		}
	}
	return dst
}

// AppendSetCookie appends what the reader gets of one field of the ESP's
// Set-Cookie: the mark before the name, and no Domain, so that the cookie is this
// host's alone. All else is kept byte for byte. Nothing is appended where browsers
// would take no cookie: an empty one, and one without a name whose value looks
// like a guarded name (RFC 6265bis, 5.7), nor for what [isDisguised] finds.
func (o *Origin) AppendSetCookie(dst []byte, field string) []byte {
	pair, attributes, more := strings.Cut(field, ";")
	pair = strings.TrimLeft(pair, " \t")
	guard, equals := guardOf(pair), strings.IndexByte(pair, '=')
	mark := o.cookieMark()
	if equals < 0 || trimCookie(pair[:equals]) == "" {
		value := trimCookie(pair[equals+1:])
		if value == "" || guardOf(value) != "" || isDisguised(value) {
			return dst
		}
		dst = append(append(append(dst, mark[:]...), '='), value...)
	} else if isDisguised(pair) {
		return dst
	} else {
		dst = append(append(append(dst, guard...), mark[:]...), pair[len(guard):]...)
	}
	for more {
		var attribute string
		attribute, attributes, more = strings.Cut(attributes, ";")
		if !isDomainAttribute(attribute) {
			dst = append(append(dst, ';'), attribute...)
		}
	}
	return dst
}

// guards are the beginnings of names by which browsers hold a cookie to more than
// its attributes (RFC 6265bis, 4.1.3), in any letter case. The mark goes behind
// them, so that browsers still do. The longest comes first.
var guards = [...]string{"__host-http-", "__host-", "__secure-", "__http-"}

// guardOf returns the guard that a name begins with, as it is written there, "" for none.
func guardOf(name string) string {
	if len(name) < 2 || name[0] != '_' || name[1] != '_' {
		return ""
	}
	for _, guard := range guards {
		if len(name) >= len(guard) && equalFoldASCII(name[:len(guard)], guard) {
			return name[:len(guard)]
		}
	}
	return ""
}

// isDisguised reports whether servers may read a cookie under another name than
// browsers do: some take white space of Unicode, or "=", off the beginning, and then
// it is a guarded name that nobody guarded; others read what follows "$Version" by
// RFC 2109, where a comma begins another cookie.
func isDisguised[T string | []byte](pair T) bool {
	i := 0
	for i < len(pair) && (pair[i] <= ' ' || pair[i] == '=' || pair[i] >= 0x7f) {
		i++
	}
	if i < len(pair) && pair[i] == '$' {
		return true
	}
	return i > 0 && guardOf(string(pair[i:min(len(pair), i+len(guards[0]))])) != ""
}

func guardLen(name []byte) int { return len(guardOf(string(name[:min(len(name), len(guards[0]))]))) }

// equalFoldASCII compares with what is in lower case. Browsers fold letters of
// ASCII only; strings.EqualFold takes U+017F for an "s".
func equalFoldASCII(s, low string) bool {
	if len(s) != len(low) {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != low[i] {
			return false
		}
	}
	return true
}

// isDomainAttribute tells whether an attribute of Set-Cookie is a Domain. Controls
// around its name, which browsers do not agree on, hide nothing.
func isDomainAttribute(attribute string) bool {
	name, _, _ := strings.Cut(attribute, "=")
	isOdd := func(r rune) bool { return r <= ' ' || r == 0x7f }
	return equalFoldASCII(strings.TrimFunc(name, isOdd), "domain")
}

// trimCookie takes off what browsers take off: spaces and tabs at both ends.
func trimCookie(s string) string { return strings.Trim(s, " \t") }

func isCookieSpace(c byte) bool { return c == ' ' || c == '\t' }
