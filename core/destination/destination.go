// Package destination says where a URL leads in every browser. [Parse] checks
// the grammar of a redirect's destination, [Pattern] is an entry of a site's
// list, and [HostOf] reads the host of an ESP's Location.
package destination

import (
	"strings"

	"github.com/clickedge/clickedge/core/word"
)

// MaxLength is the most bytes of a destination.
const MaxLength = 8000

// Destination is the parsed form of a URL that all browsers read in the same
// way.
type Destination struct {
	TLS  bool   // https
	Host string // lower case, without port
}

// Parse parses a redirect's destination. ok is false if browsers may not agree
// on where it leads. The grammar is stricter than RFC 3986:
//
//	destination = ( "https://" / "http://" ) host [ ":443" / ":80" ] [ ( "/" / "?" / "#" ) *( %x21-5B / %x5D-7E ) ]
//	host        = 1*( label "." ) last   ; at most 253 bytes
//	label       = 1 to 63 of a-z A-Z 0-9 "-", no "-" at either end
//	last        = a label that begins with a letter
//
// It has no user info, no backslash (browsers read it as a slash), no control,
// no space (browsers trim or strip them), nothing outside ASCII, and no host
// that a browser would read as an IPv4 address (a last label of digits or 0x…).
// A port must be the scheme's default.
func Parse(url string) (Destination, bool) {
	var d Destination
	rest, port := "", ""
	switch {
	case len(url) > MaxLength:
		return d, false
	case word.HasPrefix(url, "https://"):
		d.TLS, rest, port = true, url[len("https://"):], ":443"
	case word.HasPrefix(url, "http://"):
		rest, port = url[len("http://"):], ":80"
	default:
		return d, false
	}
	end, upper, ok := readHost(rest)
	if !ok {
		return Destination{}, false
	}
	tail := rest[end:]
	if tail != "" && tail[0] == ':' && word.HasPrefix(tail, port) {
		tail = tail[len(port):]
	}
	if !isTail(tail) {
		return Destination{}, false
	}
	if d.Host = rest[:end]; upper {
		d.Host = strings.ToLower(d.Host)
	}
	return d, true
}

// Sendable returns a URL that was read from a link in the form in which a
// Location may have it: the scheme in lower case, and spaces after the host as
// "%20". All browsers do the same. They differ on other bytes, and on a space
// at the end. ok is false if browsers may not agree on where the URL leads.
func Sendable(url string) (string, bool) {
	to, _, ok := ParseRead(LowerScheme(url))
	return to, ok
}

// LowerScheme returns an http or https URL with its scheme in lower case (RFC
// 3986, 3.1). Any other text stays as it is.
func LowerScheme(url string) string {
	for _, scheme := range [...]string{"https://", "http://"} {
		if word.HasPrefix(url, scheme) {
			return url
		}
		if len(url) > len(scheme) && strings.EqualFold(url[:len(scheme)], scheme) {
			return scheme + url[len(scheme):]
		}
	}
	return url
}

// ParseRead is Parse for a URL that was read from a link. It also returns the
// URL as a Location may have it, see [Sendable].
func ParseRead(url string) (to string, d Destination, ok bool) {
	if d, ok = Parse(url); ok {
		return url, d, true
	}
	return ParseSpaced(url)
}

// ParseSpaced is ParseRead for a URL that Parse refuses: it may be accepted
// with its spaces escaped.
func ParseSpaced(url string) (to string, d Destination, ok bool) {
	if word.Index(url, ' ') < 0 || url[len(url)-1] == ' ' {
		return url, d, false
	}
	to = strings.ReplaceAll(url, " ", "%20")
	d, ok = Parse(to)
	return to, d, ok
}

// readHost reads the host name at the start of s, up to the first byte that no
// host has. It returns where the host ends and whether it has upper case. ok is
// false if that is not a host; see [IsHost].
//
// Plain: +472 instructions a click (signed, decoded).
func readHost(s string) (end int, upper, ok bool) {
	start, last, i, kinds := 0, -1, 0, uint8(0)
	for ; i+8 <= len(s); i += 8 { // while all is in lower case
		w := word.At(s, i)
		odd := hostBytes(w) ^ word.Highs
		dots := word.ZeroBytes(w^'.'*word.Ones) & (odd - 1) &^ odd // those before the first odd byte
		for ; dots != 0; dots &= dots - 1 {
			dot := i + word.First(dots)
			if !labelFits(s, start, dot) {
				return dot, false, false
			}
			last, start = dot, dot+1
		}
		if odd != 0 {
			i += word.First(odd)
			break
		}
	}
	for ; i < len(s); i++ {
		kind := byteKinds[s[i]]
		if kinds |= kind; kind&labelByte != 0 {
			continue
		}
		if kind&dotByte == 0 {
			break
		}
		if !labelFits(s, start, i) {
			return i, false, false
		}
		last, start = i, i+1
	}
	return i, kinds&upperByte != 0, i <= MaxHost && last >= 0 && labelFits(s, start, i) && byteKinds[s[start]]&letterByte != 0
}

// MaxHost is the most bytes of a host name (RFC 1035, 2.3.4).
const MaxHost = 253

// HostEnd returns the index of the first byte that a host cannot have.
func HostEnd(s string) int {
	i := 0
	for i < len(s) && byteKinds[s[i]]&(labelByte|dotByte) != 0 {
		i++
	}
	return i
}

// Lower is strings.ToLower for ASCII, fast for text that is in lower case
// already.
func Lower(s string) string {
	kinds := uint8(0)
	for i := 0; i < len(s); i++ {
		kinds |= byteKinds[s[i]]
	}
	if kinds&upperByte != 0 {
		return strings.ToLower(s)
	}
	return s
}

// Classes of bytes. A table of them is faster than comparisons.
const (
	upperByte  = 1 << iota // A-Z
	letterByte             // A-Z a-z
	labelByte              // A-Z a-z 0-9 -
	tailByte               // what may follow the host: 0x21 to 0x7E without \
	dotByte                // .
)

// byteKinds is written out, since what is computed at initialisation lies in
// another part of a module's memory than constants.
var byteKinds = [256]uint8{
	0x20: 0, t, t, t, t, t, t, t, t, t, t, t, t, d, p, t,
	0x30: d, d, d, d, d, d, d, d, d, d, t, t, t, t, t, t,
	0x40: t, u, u, u, u, u, u, u, u, u, u, u, u, u, u, u,
	0x50: u, u, u, u, u, u, u, u, u, u, u, t, 0, t, t, t,
	0x60: t, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l,
	0x70: l, l, l, l, l, l, l, l, l, l, l, t, t, t, t, 0,
}

// The kinds of byteKinds by short names.
const (
	t = tailByte
	p = tailByte | dotByte
	d = tailByte | labelByte
	l = tailByte | labelByte | letterByte
	u = tailByte | labelByte | letterByte | upperByte
)

// isTail reports whether s may follow the host: "", or a delimiter followed by
// bytes that all browsers read in the same way.
//
// Plain: +855 instructions a click (signed, decoded).
func isTail(s string) bool {
	if s == "" {
		return true
	}
	if s[0] != '/' && s[0] != '?' && s[0] != '#' {
		return false
	}
	good, i := uint64(word.Highs), 0
	for ; i+8 <= len(s); i += 8 {
		good &= tailBytes(word.At(s, i))
	}
	switch {
	case i == len(s):
	case i > 0:
		good &= tailBytes(word.At(s, len(s)-8))
	default:
		for ; i < len(s); i++ {
			if byteKinds[s[i]]&tailByte == 0 {
				return false
			}
		}
	}
	return good == word.Highs
}

// tailBytes sets the highest bit of each of eight bytes that may follow the
// host. If a byte is 0x80 or above, at least one bit is not set.
func tailBytes(w uint64) uint64 { return word.Printable(w, '!') &^ w }

// IsHost reports whether s may be the host of a destination, in any letter
// case: at least two labels, the last of which begins with a letter.
func IsHost(s string) bool {
	end, _, ok := readHost(s)
	return ok && end == len(s)
}

// labelFits reports whether s[from:to], which has only label bytes, may be a
// label.
func labelFits(s string, from, to int) bool {
	return to > from && to-from <= 63 && s[from] != '-' && s[to-1] != '-'
}

// IsLabel reports whether s is one label of a host name.
func IsLabel(s string) bool {
	return HostEnd(s) == len(s) && !strings.Contains(s, ".") && labelFits(s, 0, len(s))
}

// IsLetter reports whether c is an ASCII letter.
func IsLetter(c byte) bool { return byteKinds[c]&letterByte != 0 }

// IsLabelByte reports whether a label of a host name may have c.
func IsLabelByte(c byte) bool { return byteKinds[c]&labelByte != 0 }

// Pattern is one entry of a site's list: a host, or with Sub every host below
// it. "*.example.com" does not match example.com itself.
type Pattern struct {
	Host string // lower case
	Sub  bool   // "*." before it
}

// ParsePattern reads "example.com" or "*.example.com".
func ParsePattern(s string) (Pattern, bool) {
	host, sub := strings.CutPrefix(s, "*.")
	if !IsHost(host) || host != strings.ToLower(host) {
		return Pattern{}, false
	}
	return Pattern{Host: host, Sub: sub}, true
}

// String returns the pattern as sites.json writes it.
func (p Pattern) String() string {
	if p.Sub {
		return "*." + p.Host
	}
	return p.Host
}

// Match reports whether a host in lower case is listed by this entry.
func (p Pattern) Match(host string) bool {
	if !p.Sub {
		return word.Equal(host, p.Host)
	}
	cut := len(host) - len(p.Host) - 1
	return cut > 0 && host[cut] == '.' && word.Equal(host[cut+1:], p.Host)
}
