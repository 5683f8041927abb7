package core

import (
	"strings"

	"github.com/clickedge/clickedge/core/word"
)

// maxDestination bounds a destination in bytes.
const maxDestination = 8000

// Destination is a URL that every browser reads the same way, taken apart.
type Destination struct {
	TLS  bool   // https
	Host string // lower case, without port
}

// ParseDestination takes a redirect's destination apart, or says that browsers
// may not agree on where it leads. The grammar is stricter than RFC 3986:
//
//	destination = ( "https://" / "http://" ) host [ ":443" / ":80" ] [ ( "/" / "?" / "#" ) *( %x21-5B / %x5D-7E ) ]
//	host        = 1*( label "." ) last   ; at most 253 bytes
//	label       = 1 to 63 of a-z A-Z 0-9 "-", no "-" at either end
//	last        = a label that begins with a letter
//
// No user info, no backslash (browsers read it as a slash), no control, no
// space (browsers trim or strip them), nothing outside ASCII, and no host that a
// browser would read as an IPv4 address (a last label of digits or 0x…).
// The port, if any, is the scheme's own.
func ParseDestination(url string) (Destination, bool) {
	var d Destination
	rest, port := "", ""
	switch {
	case len(url) > maxDestination:
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

// Sendable returns a URL that was read from a link as a Location may carry it:
// its scheme in lower case, a space behind the host as "%20". That is what every
// browser makes of them; what browsers make of other bytes differs. A space at
// the end is one that some would drop. Not ok: browsers may not agree on where it
// leads.
func Sendable(url string) (string, bool) {
	to, _, ok := parseRead(lowerScheme(url))
	return to, ok
}

// parseRead is ParseDestination for a URL that was read from a link, which it
// returns as it may be sent.
func parseRead(url string) (to string, d Destination, ok bool) {
	if d, ok = ParseDestination(url); ok {
		return url, d, true
	}
	return parseSpaced(url)
}

// parseSpaced is parseRead for a URL that is no destination as it stands.
func parseSpaced(url string) (to string, d Destination, ok bool) {
	if word.Index(url, ' ') < 0 || url[len(url)-1] == ' ' {
		return url, d, false
	}
	to = strings.ReplaceAll(url, " ", "%20")
	d, ok = ParseDestination(to)
	return to, d, ok
}

// readHost reads the host name that s begins with, and returns where it ends, and
// whether it has upper case. It is not ok where what comes before the first byte
// that no host has is none; see isHost.
func readHost(s string) (end int, upper, ok bool) {
	start, last, i, kinds := 0, -1, 0, uint8(0)
	for ; i+8 <= len(s); i += 8 { // as long as all is in lower case
		w := word.At(s, i)
		odd := hostBytes(w) ^ word.Highs
		dots := word.ZeroBytes(w^'.'*word.Ones) & (odd - 1) &^ odd // those before the first that is odd
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
	return i, kinds&upperByte != 0, i <= maxHost && last >= 0 && labelFits(s, start, i) && byteKinds[s[start]]&letterByte != 0
}

// maxHost bounds a host name in bytes (RFC 1035, 2.3.4).
const maxHost = 253

// hostEnd returns where the bytes that a host may have end.
func hostEnd(s string) int {
	i := 0
	for i < len(s) && byteKinds[s[i]]&(labelByte|dotByte) != 0 {
		i++
	}
	return i
}

// lower is strings.ToLower for ASCII. As a rule there is nothing to do, and then
// it costs a look at each byte.
func lower(s string) string {
	kinds := uint8(0)
	for i := 0; i < len(s); i++ {
		kinds |= byteKinds[s[i]]
	}
	if kinds&upperByte != 0 {
		return strings.ToLower(s)
	}
	return s
}

// What a byte may be, for tables that are quicker than comparisons.
const (
	upperByte  = 1 << iota // A-Z
	letterByte             // A-Z a-z
	labelByte              // A-Z a-z 0-9 -
	tailByte               // what may follow the host: 0x21 to 0x7E without \
	plainByte              // stands for itself in a JSON string
	dotByte                // .
)

var byteKinds = func() (table [256]uint8) {
	for i := range table {
		c := byte(i)
		digit := c >= '0' && c <= '9'
		if c >= 'A' && c <= 'Z' {
			table[i] |= upperByte
		}
		if c|0x20 >= 'a' && c|0x20 <= 'z' {
			table[i] |= letterByte | labelByte
		}
		if digit || c == '-' {
			table[i] |= labelByte
		}
		if c == '.' {
			table[i] |= dotByte
		}
		if c >= 0x21 && c <= 0x7e && c != '\\' {
			table[i] |= tailByte
		}
		if c >= 0x20 && c <= 0x7e && c != '"' && c != '\\' {
			table[i] |= plainByte
		}
	}
	return table
}()

// isTail tells whether s may follow the host: nothing, or a delimiter and then
// only bytes that need no interpretation.
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

// tailBytes has the highest bit of each of eight bytes that may follow the host, as
// long as all are below 0x80; else not all bits.
func tailBytes(w uint64) uint64 { return printable(w, '!') &^ w }

// printable has the highest bit of each byte from the least to ~ that is no
// backslash, for bytes below 0x80.
func printable(w uint64, least uint64) uint64 {
	from := (w | word.Highs) - least*word.Ones
	to := ^(w + word.Ones)
	not := (w ^ '\\'*word.Ones) + 0x7f*word.Ones
	return from & to & not
}

// IsHostName reports whether s is the host of a destination, in any letter case:
// at least two labels, of which the last begins with a letter.
func IsHostName(s string) bool { return isHost(s) }

// isHost tells whether s is a host name of at least two labels whose last begins
// with a letter.
func isHost(s string) bool {
	end, _, ok := readHost(s)
	return ok && end == len(s)
}

// labelFits tells whether s[from:to], label bytes all, may be a label.
func labelFits(s string, from, to int) bool {
	return to > from && to-from <= 63 && s[from] != '-' && s[to-1] != '-'
}

// isLabel tells whether s is one label of a host name.
func isLabel(s string) bool {
	return hostEnd(s) == len(s) && !strings.Contains(s, ".") && labelFits(s, 0, len(s))
}

func isLetter(c byte) bool { return byteKinds[c]&letterByte != 0 }

func isLabelByte(c byte) bool { return byteKinds[c]&labelByte != 0 }

// Pattern is one entry of a site's list: a host, or with Sub any host below it.
// "*.example.com" does not match example.com itself.
type Pattern struct {
	Host string // lower case
	Sub  bool   // "*." before it
}

// ParsePattern reads "example.com" or "*.example.com".
func ParsePattern(s string) (Pattern, bool) {
	host, sub := strings.CutPrefix(s, "*.")
	if !isHost(host) || host != strings.ToLower(host) {
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

// Match tells whether a host in lower case is listed by this entry.
func (p Pattern) Match(host string) bool {
	if !p.Sub {
		return word.Equal(host, p.Host)
	}
	cut := len(host) - len(p.Host) - 1
	return cut > 0 && host[cut] == '.' && word.Equal(host[cut+1:], p.Host)
}

// Allows says whether a redirect of this site may lead to url, as [Sendable] has
// it: OK, or the code that says why not. It holds for every redirect that is not
// signed.
func (s *Site) Allows(url string) Code {
	_, d, ok := parseRead(lowerScheme(url))
	if !ok {
		return BadDestination
	}
	return s.allows(d)
}

// AllowsSigned is Allows for a signed link: the site may have chosen that these
// need not be listed. The grammar holds for them all the same.
func (s *Site) AllowsSigned(url string) Code {
	d, ok := ParseDestination(url)
	if !ok {
		return BadDestination
	}
	return s.allowsSigned(d)
}

func (s *Site) allows(d Destination) Code {
	code := s.mayLead(d)
	if code == OK && !s.lists(d.Host) {
		return UnlistedDestination
	}
	return code
}

func (s *Site) allowsSigned(d Destination) Code {
	if s.SignedAnywhere {
		return s.mayLead(d)
	}
	return s.allows(d)
}

// mayLead says what holds whatever the list says.
func (s *Site) mayLead(d Destination) Code {
	switch {
	case d.Host == "" || !d.TLS && !s.AllowHTTP:
		return BadDestination
	case word.Equal(d.Host, s.Host):
		return SelfDestination
	}
	return OK
}

func (s *Site) lists(host string) bool {
	for _, p := range s.Destinations {
		if p.Match(host) {
			return true
		}
	}
	return listMatches(s.listed, host)
}
