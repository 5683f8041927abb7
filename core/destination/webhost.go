package destination

import (
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/clickedge/clickedge/core/word"
)

// UnreadHost stands in the click log for a host that browsers read but this
// package does not: one that is not ASCII, which needs Unicode tables, or one
// of more than 253 bytes, which DNS does not allow.
const UnreadHost = "?"

// HostOf returns the host to which a browser follows a Location, by the WHATWG
// URL standard, for a link on this host. It is in lower case, without user info
// and port; "" if the Location is empty, invalid, or not http or https; see
// also [UnreadHost]. It is for the click log, never for deciding on a redirect.
//
// A label that begins with "xn--" is not checked: validating IDNA needs Unicode
// tables too.
func HostOf(location string, tls bool, host string) string {
	u, ok := ReadLocation(location, tls, host)
	if !ok {
		return ""
	}
	return u.Host
}

// Location is the parsed form of a Location field, as far as it is needed to
// say where it leads.
type Location struct {
	TLS  bool
	Host string
	Port uint16
	// Rest is what follows host and port, fragment included, as it is written.
	Rest string
	// Relative: Rest is relative to the base's path. [Location.Resolve]
	// resolves it.
	Relative bool
}

// Resolve returns a Location whose Rest is not relative any more, given the
// target of the request that it answers.
func (u Location) Resolve(target string) Location {
	if !u.Relative {
		return u
	}
	base, _, _ := strings.Cut(target, "#")
	path, _, _ := strings.Cut(base, "?")
	switch {
	case u.Rest == "" || u.Rest[0] == '#':
	case u.Rest[0] == '?':
		base = path
	default:
		base = path[:strings.LastIndexByte(path, '/')+1]
	}
	u.Rest, u.Relative = base+u.Rest, false
	return u
}

// ReadLocation parses a Location relative to a base with this scheme and host.
// ok is false if no browser opens a web page for it. A relative Location gets
// the base's host.
func ReadLocation(text string, tls bool, base string) (Location, bool) {
	host := PlainHost(text)
	if host == "" || text[len(text)-1] <= ' ' { // browsers trim its end
		return readOddLocation(text, tls, base)
	}
	u := Location{TLS: text[len("http")] == 's', Host: host}
	u.Port = usualPort(u.TLS)
	u.Rest = text[len("http://")+len(host):]
	if u.TLS {
		u.Rest = u.Rest[1:]
	}
	return u, true
}

// PlainHost returns the host of a URL of the usual form: "https://" or
// "http://", a host in lower case, and a path. It returns "" for any other URL,
// valid or not. Nothing after the first slash of the path is read.
//
// Plain: +503 instructions a click (proxied).
func PlainHost(url string) string {
	start := len("https://")
	if !word.HasPrefix(url, "https://") {
		if start = len("http://"); !word.HasPrefix(url, "http://") {
			return ""
		}
	}
	end := start
	for ; end+8 <= len(url); end += 8 {
		if odd := hostBytes(word.At(url, end)) ^ word.Highs; odd != 0 {
			end += word.First(odd)
			break
		}
	}
	for end < len(url) && isPlainHostByte(url[end]) { // the last bytes, fewer than eight
		end++
	}
	last := end
	for last > start && url[last-1] != '.' {
		last--
	}
	if end == len(url) || url[end] != '/' || !IsLetter(url[last]) || end-start > MaxHost {
		return ""
	}
	return url[start:end]
}

func isPlainHostByte(c byte) bool {
	kind := byteKinds[c]
	return kind&(labelByte|dotByte) != 0 && kind&upperByte == 0
}

// hostBytes sets the highest bit of each of eight bytes for which
// isPlainHostByte is true, up to the first for which it is not. Bits above that
// one mean nothing.
func hostBytes(w uint64) uint64 {
	letters := (w + (0x80-'a')*word.Ones) &^ (w + (0x7f-'z')*word.Ones)
	digits := (w + (0x80-'0')*word.Ones) &^ (w + (0x7f-'9')*word.Ones)
	others := (w + (0x80-'-')*word.Ones) &^ (w + (0x7f-'.')*word.Ones) // "-" and "."
	return (letters | digits | others) &^ w & word.Highs
}

// readOddLocation is the URL standard's parser, as far as http and https need
// it.
func readOddLocation(text string, tls bool, base string) (Location, bool) {
	text = Tidy(text)
	if text == "" { // browsers do not redirect then
		return Location{}, false
	}
	scheme, rest, found := CutScheme(text)
	u := Location{TLS: tls}
	switch {
	case found && scheme != "http" && scheme != "https":
		return Location{}, false
	case found:
		u.TLS = scheme == "https"
		if u.TLS == tls && !(isSlash(rest, 0) && isSlash(rest, 1)) {
			return relativeTo(u, base, rest), true
		}
	case !(isSlash(rest, 0) && isSlash(rest, 1)):
		return relativeTo(u, base, rest), true
	}
	for isSlash(rest, 0) {
		rest = rest[1:]
	}
	return u.authority(rest)
}

func relativeTo(u Location, base, rest string) Location {
	u.Host, u.Port, u.Rest, u.Relative = base, usualPort(u.TLS), rest, !isSlash(rest, 0)
	return u
}

func usualPort(tls bool) uint16 {
	if tls {
		return 443
	}
	return 80
}

// Tidy removes what browsers remove before they parse a URL: controls and
// spaces at both ends, and tabs and line ends anywhere.
func Tidy(text string) string {
	return strip(strings.TrimFunc(text, func(r rune) bool { return r <= ' ' }))
}

// strip removes tabs and line ends.
func strip(text string) string {
	if strings.ContainsAny(text, "\t\r\n") {
		return strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(text)
	}
	return text
}

// CutScheme cuts "scheme:" off the front of text, and returns the scheme in
// lower case.
func CutScheme(text string) (scheme, rest string, ok bool) {
	for i := range len(text) {
		c := text[i]
		switch {
		case c == ':' && i > 0:
			return strings.ToLower(text[:i]), text[i+1:], true
		case IsLetter(c), i > 0 && (IsLabelByte(c) || c == '+' || c == '.'):
		default:
			return "", text, false
		}
	}
	return "", text, false
}

func isSlash(s string, i int) bool { return i < len(s) && (s[i] == '/' || s[i] == '\\') }

// authority parses user info, which is dropped, host and port.
func (u Location) authority(rest string) (Location, bool) {
	end := strings.IndexAny(rest, `/\?#`)
	if end < 0 {
		end = len(rest)
	}
	text := rest[:end]
	u.Rest = rest[end:]
	text = text[strings.LastIndexByte(text, '@')+1:]
	host, port := text, ""
	if i := portColon(text); i >= 0 {
		host, port = text[:i], text[i+1:]
	}
	u.Port = usualPort(u.TLS)
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return Location{}, false
		}
		u.Port = uint16(n)
	}
	var ok bool
	u.Host, ok = webHost(host)
	return u, ok
}

// portColon is the index of the colon before the port, the first outside of
// brackets; -1 for none.
func portColon(text string) int {
	inside := false
	for i := range len(text) {
		switch text[i] {
		case '[':
			inside = true
		case ']':
			inside = false
		case ':':
			if !inside {
				return i
			}
		}
	}
	return -1
}

// webHost reads a host. ok is false for one that no browser accepts.
func webHost(text string) (string, bool) {
	if strings.HasPrefix(text, "[") {
		return webIPv6(text)
	}
	host := unescapeHost(text)
	if host == "" {
		return "", false
	}
	ascii := true
	for i := range len(host) {
		switch c := host[i]; {
		case c >= utf8.RuneSelf:
			ascii = false
		case c <= ' ', c == 0x7f, strings.IndexByte(`#/:<>?@[\]^|%`, c) >= 0:
			return "", false
		}
	}
	if !ascii {
		return UnreadHost, true
	}
	host = Lower(host)
	if addr, number := webIPv4(host); number {
		return addr, addr != ""
	}
	if len(host) > MaxHost {
		return UnreadHost, true
	}
	return host, true
}

// unescapeHost decodes %XX. A % without two hexadecimal digits stays.
func unescapeHost(text string) string {
	if strings.IndexByte(text, '%') < 0 {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			high, low := HexValue(text[i+1]), HexValue(text[i+2])
			if high < 16 && low < 16 {
				out, i = append(out, high<<4|low), i+2
				continue
			}
		}
		out = append(out, text[i])
	}
	return string(out)
}

// HexValue is the value of a hexadecimal digit, 16 for another byte.
func HexValue(c byte) byte {
	switch {
	case c-'0' <= 9:
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return (c | 0x20) - 'a' + 10
	}
	return 16
}

// webIPv4 reads a host that browsers read as an IPv4 address: one whose last
// label is a number. It has one to four numbers, decimal, octal or hexadecimal;
// the last fills all remaining bytes. number reports whether the last label is
// a number; addr is "" if it is and the host is still no address.
func webIPv4(host string) (addr string, number bool) {
	host = strings.TrimSuffix(host, ".")
	tail := host[strings.LastIndexByte(host, '.')+1:]
	if tail == "" {
		return "", false
	}
	if _, ok := webNumber(tail); !ok && strings.Trim(tail, "0123456789") != "" {
		return "", false
	}
	value, count := uint64(0), 0
	for rest, more := host, true; more; count++ {
		var part string
		part, rest, more = strings.Cut(rest, ".")
		n, ok := webNumber(part)
		if !ok || count == 4 || more && n > 255 {
			return "", true
		}
		if more {
			value |= n << (8 * (3 - count))
			continue
		}
		if count < 4 && n >= 1<<(8*(4-count)) {
			return "", true
		}
		value |= n
	}
	return netip.AddrFrom4([4]byte{byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)}).String(), true
}

// webNumber reads one number of an address. One that is too large for any
// address is capped, but still a number.
func webNumber(s string) (uint64, bool) {
	base := 10
	switch {
	case s == "":
		return 0, false
	case len(s) > 1 && s[0] == '0' && s[1]|0x20 == 'x':
		if s = s[2:]; s == "" {
			return 0, true
		}
		base = 16
	case len(s) > 1 && s[0] == '0':
		base, s = 8, s[1:]
	}
	n := uint64(0)
	for i := range len(s) {
		digit := uint64(HexValue(s[i]))
		if digit >= uint64(base) {
			return 0, false
		}
		if n = n*uint64(base) + digit; n > 1<<32 {
			n = 1 << 32
		}
	}
	return n, true
}

// webIPv6 reads an IPv6 address in brackets and returns it in its shortest
// form.
func webIPv6(text string) (string, bool) {
	if len(text) < 2 || text[len(text)-1] != ']' {
		return "", false
	}
	addr, err := netip.ParseAddr(text[1 : len(text)-1])
	if err != nil || !addr.Is6() || addr.Zone() != "" {
		return "", false
	}
	return "[" + shortIPv6(addr.As16()) + "]", true
}

// shortIPv6 formats eight groups, with the longest run of zeros as "::". Like
// browsers, and unlike package netip, it never writes the last groups as IPv4.
func shortIPv6(octets [16]byte) string {
	zeros := uint(0) // a bit for each group that is 0
	group := func(i int) uint64 { return uint64(octets[2*i])<<8 | uint64(octets[2*i+1]) }
	for i := range 8 {
		if group(i) == 0 {
			zeros |= 1 << i
		}
	}
	from, length := 8, 1
	for i := range 8 {
		if n := bits.TrailingZeros(^(zeros >> i)); n > length {
			from, length = i, n
		}
	}
	out := make([]byte, 0, 39)
	for i := 0; i < 8; i++ {
		if i == from {
			out, i = append(out, "::"...), i+length-1
			continue
		}
		if i > 0 && i != from+length {
			out = append(out, ':')
		}
		out = strconv.AppendUint(out, group(i), 16)
	}
	return string(out)
}
