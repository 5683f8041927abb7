package core

import (
	"strings"

	"github.com/clickedge/clickedge/core/esp"
)

// Cookies says which cookies pass between a reader and an ESP. A browser also
// sends the link domain the cookies of its parent domain, such as the brand's
// session.
type Cookies uint8

// The modes, by their numbers in a table of sites.
const (
	// CookiesOwn sends the ESP the cookies that it has set on this host, and no
	// others: see [Origin.AppendCookies] and [Origin.AppendSetCookie].
	CookiesOwn Cookies = iota
	// CookiesStrip removes all cookies, in both directions.
	CookiesStrip
	// CookiesPass forwards all cookies unchanged, in both directions.
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

// usualCookies is an ESP's default mode. SES answers 400 to more than 8192
// bytes of header fields, and neither SES nor SparkPost uses cookies. Iterable
// documents that it needs all of them.
func usualCookies(f esp.Family) Cookies {
	switch f {
	case esp.FamilySES, esp.FamilySparkPost:
		return CookiesStrip
	case esp.FamilyIterable:
		return CookiesPass
	}
	return CookiesOwn
}

// cookieMark is put before the name of each cookie that the ESP sets, and tells
// it from the cookies of the parent domain when the reader sends it back. It is
// derived from the backend's name, so that an ESP that replaces another does
// not get the other's cookies. Cookies outlive versions: the mark of a backend
// never changes.
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

// CookieMark is the prefix that the names of the origin's own cookies have in
// the reader's browser.
func (o *Origin) CookieMark() string {
	m := o.cookieMark()
	return string(m[:])
}

// AppendCookies appends the ESP's own cookies from one Cookie field of the
// reader, in order, each as the ESP has set it. dst holds those from earlier
// fields.
//
// Cookies that [Origin.AppendSetCookie] would not have written are left out.
// Otherwise any host of the parent domain could set "<mark>__Host-sid", which
// browsers do not protect, and it would arrive as "__Host-sid".
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

// AppendSetCookie appends one Set-Cookie field of the ESP for the reader, with
// the mark before the name and without Domain, so that only this host gets the
// cookie. All else is kept byte for byte. Nothing is appended for a cookie that
// browsers would ignore (an empty one, or one without a name whose value looks
// like a guarded name: RFC 6265bis, 5.7), or that [isDisguised] finds.
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

// guards are the cookie name prefixes for which browsers require certain
// attributes (RFC 6265bis, 4.1.3), in any letter case. The mark is put after
// them, so that browsers still see them. The longest comes first.
var guards = [...]string{"__host-http-", "__host-", "__secure-", "__http-"}

// guardOf returns the guard with which a name begins, in the name's own letter
// case; "" for none.
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

// isDisguised reports whether a server may read a cookie under another name
// than browsers do. Some servers trim Unicode white space, or "=", at its
// start, which may leave a guarded name that no browser has checked. Others
// read what follows "$Version" by RFC 2109, where a comma begins another
// cookie.
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

// equalFoldASCII reports whether s is low, which is in lower case, in any
// letter case. Browsers fold ASCII letters only; strings.EqualFold takes U+017F
// for an "s".
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

// isDomainAttribute reports whether an attribute of Set-Cookie is Domain.
// Controls around the name are trimmed, since some browsers ignore them.
func isDomainAttribute(attribute string) bool {
	name, _, _ := strings.Cut(attribute, "=")
	isOdd := func(r rune) bool { return r <= ' ' || r == 0x7f }
	return equalFoldASCII(strings.TrimFunc(name, isOdd), "domain")
}

// trimCookie trims what browsers trim: spaces and tabs at both ends.
func trimCookie(s string) string { return strings.Trim(s, " \t") }

func isCookieSpace(c byte) bool { return c == ' ' || c == '\t' }
