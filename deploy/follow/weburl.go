package follow

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/clickedge/clickedge/deploy/probe"
)

// webURL is an address as a browser reads it: the WHATWG's URL standard, as far
// as http and https need it. net/url reads other things into odd text, or refuses
// it.
type webURL struct {
	tls      bool
	host     string // lower case, ASCII; IPv6 without brackets
	port     uint16 // never 0
	target   string // path and query as they are sent
	fragment string // with its "#"; "" for none
}

// String is the address bar's text.
func (u *webURL) String() string { return u.withoutFragment() + u.fragment }

func (u *webURL) withoutFragment() string { return u.origin() + u.target }

func (u *webURL) origin() string {
	scheme, host := "http://", u.host
	if u.tls {
		scheme = "https://"
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if u.port != usualPort(u.tls) {
		host += ":" + strconv.Itoa(int(u.port))
	}
	return scheme + host
}

func usualPort(tls bool) uint16 {
	if tls {
		return 443
	}
	return 80
}

// notWeb is an address that a browser hands to another program.
type notWeb struct{ scheme string }

func (e *notWeb) Error() string { return fmt.Sprintf("the scheme %q is not of the web", e.scheme) }

var (
	errNoHost = errors.New("there is no host in it")
	errHost   = errors.New("no browser takes its host")
	errPort   = errors.New("its port is not a number from 1 to 65535")
)

// readURL reads text as a browser does where it stands on base, or in an address
// bar where base is nil. odd says what a browser changes, each in a few words.
func readURL(text string, base *webURL) (u *webURL, odd []string, err error) {
	r := &urlReader{base: base}
	text = r.tidy(text)
	u, err = r.read(text)
	return u, r.odd, err
}

type urlReader struct {
	base *webURL
	odd  []string
}

func (r *urlReader) note(changed bool, what string) {
	if changed {
		r.odd = append(r.odd, what)
	}
}

// tidy drops what browsers drop before they look.
func (r *urlReader) tidy(text string) string {
	trimmed := strings.TrimFunc(text, func(c rune) bool { return c <= ' ' })
	r.note(trimmed != text, "space around it is dropped")
	inner := strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(trimmed)
	r.note(inner != trimmed, "tabs and line ends in it are dropped")
	return inner
}

func (r *urlReader) read(text string) (*webURL, error) {
	text, fragment := cutFragment(text)
	scheme, rest, found := cutScheme(text)
	u := &webURL{}
	switch {
	case found && scheme != "http" && scheme != "https":
		return nil, &notWeb{scheme}
	case found:
		u.tls = scheme == "https"
		if r.base != nil && r.base.tls == u.tls && !isSlash(rest, 0) {
			r.note(true, "without // after its scheme it is read as relative")
			return r.relative(rest, fragment)
		}
		return r.absolute(u, rest, fragment, 2)
	case r.base == nil:
		u.tls = true
		return r.absolute(u, rest, fragment, 0)
	case isSlash(rest, 0) && isSlash(rest, 1):
		u.tls = r.base.tls
		return r.absolute(u, rest, fragment, 2)
	}
	return r.relative(rest, fragment)
}

func cutFragment(text string) (before, fragment string) {
	if i := strings.IndexByte(text, '#'); i >= 0 {
		return text[:i], text[i:]
	}
	return text, ""
}

// cutScheme finds "word:" at the start. "host:8080/x" has none where the port is
// what follows.
func cutScheme(text string) (scheme, rest string, ok bool) {
	i := strings.IndexByte(text, ':')
	if i <= 0 || !isAlpha(text[0]) {
		return "", text, false
	}
	for j := range i {
		if c := text[j]; !isAlpha(c) && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' {
			return "", text, false
		}
	}
	if strings.IndexByte(text[:i], '.') >= 0 {
		return "", text, false
	}
	return strings.ToLower(text[:i]), text[i+1:], true
}

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isSlash(s string, i int) bool { return i < len(s) && (s[i] == '/' || s[i] == '\\') }

// absolute reads host and port. Browsers take any number of slashes of either
// kind for the two.
func (r *urlReader) absolute(u *webURL, rest, fragment string, slashes int) (*webURL, error) {
	n := 0
	for isSlash(rest, n) {
		n++
	}
	r.note(n != slashes || strings.Contains(rest[:n], `\`), "the slashes before its host are put right")
	rest = rest[n:]
	end := strings.IndexAny(rest, `/\?`)
	if end < 0 {
		end = len(rest)
	}
	authority := rest[:end]
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		r.note(true, "the user before @ is not the host")
		authority = authority[i+1:]
	}
	if err := r.hostPort(u, authority); err != nil {
		return nil, err
	}
	path, query := splitQuery(rest[end:])
	u.target = r.path(path) + r.query(query)
	u.fragment = r.inherit(fragment)
	return u, nil
}

// relative reads what stands on the base's host.
func (r *urlReader) relative(rest, fragment string) (*webURL, error) {
	u := *r.base
	path, query := splitQuery(rest)
	basePath, baseQuery := splitQuery(u.target)
	switch {
	case path == "" && query == "":
		u.target = basePath + baseQuery
	case path == "":
		u.target = basePath + r.query(query)
	case isSlash(path, 0):
		u.target = r.path(path) + r.query(query)
	default:
		u.target = r.path(basePath[:strings.LastIndexByte(basePath, '/')+1]+path) + r.query(query)
	}
	u.fragment = r.inherit(fragment)
	return &u, nil
}

// inherit keeps the fragment of the hop before, as redirects do.
func (r *urlReader) inherit(fragment string) string {
	if fragment == "" && r.base != nil {
		return r.base.fragment
	}
	return fragment
}

func splitQuery(s string) (path, query string) {
	if i := strings.IndexByte(s, '?'); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

func (r *urlReader) hostPort(u *webURL, authority string) error {
	host, port := authority, ""
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.HasSuffix(authority, "]") {
		host, port = authority[:i], authority[i+1:]
	}
	u.port = usualPort(u.tls)
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return errPort
		}
		u.port = uint16(n)
	}
	if host == "" {
		return errNoHost
	}
	var err error
	u.host, err = r.host(host)
	return err
}

func (r *urlReader) host(text string) (string, error) {
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		addr, err := netip.ParseAddr(text[1 : len(text)-1])
		if err != nil || !addr.Is6() || addr.Zone() != "" {
			return "", errHost
		}
		return addr.String(), nil
	}
	decoded := probe.Unescape(text)
	r.note(decoded != text, "its host is written with %")
	host := strings.ToLower(decoded)
	if !isASCII(host) {
		ascii, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return "", errHost
		}
		r.note(true, "its host is not ASCII")
		host = ascii
	}
	if strings.ContainsAny(host, " #%/:<>?@[\\]^|") || !isClean(host) {
		return "", errHost
	}
	if addr, number := ipv4Number(host); number {
		if addr == "" {
			return "", errHost
		}
		r.note(addr != host, "its host is an address in another notation")
		return addr, nil
	}
	return host, nil
}

// ipv4Number reads what browsers take for an IPv4 address: one to four numbers,
// octal and hexadecimal too, the last of which fills what is left.
func ipv4Number(host string) (addr string, isNumber bool) {
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	if _, ok := webNumber(parts[len(parts)-1]); !ok {
		return "", false
	}
	if len(parts) > 4 {
		return "", true
	}
	var value uint64
	for i, part := range parts {
		n, ok := webNumber(part)
		most := uint64(255)
		if i == len(parts)-1 {
			most = 1<<(8*(5-len(parts))) - 1
		}
		if !ok || n > most {
			return "", true
		}
		value |= n << (8 * (3 - i))
		if i == len(parts)-1 {
			value = value&^(n<<(8*(3-i))) | n
		}
	}
	return netip.AddrFrom4([4]byte{byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)}).String(), true
}

func webNumber(s string) (uint64, bool) {
	base, digits := 10, s
	switch {
	case strings.HasPrefix(s, "0x"):
		if base, digits = 16, s[2:]; digits == "" {
			return 0, true
		}
	case len(s) > 1 && s[0] == '0':
		base, digits = 8, s[1:]
	}
	n, err := strconv.ParseUint(digits, base, 64)
	if err != nil && s != "" && strings.Trim(s, "0123456789") == "" {
		return 1 << 40, true // a number all the same, and out of every range
	}
	return n, err == nil
}

// path resolves dots and escapes what browsers escape.
func (r *urlReader) path(path string) string {
	straight := strings.ReplaceAll(path, `\`, "/")
	r.note(straight != path, `its \ are read as /`)
	if straight == "" {
		return "/"
	}
	resolved := resolveDots(straight)
	r.note(resolved != straight, "its dot segments are resolved")
	return r.escape(resolved, " \"<>`{}^")
}

func (r *urlReader) query(query string) string { return r.escape(query, " \"<>'") }

func resolveDots(path string) string {
	var out []string
	segments := strings.Split(path[1:], "/")
	for i, s := range segments {
		last := i == len(segments)-1
		switch strings.ReplaceAll(strings.ToLower(s), "%2e", ".") {
		case ".":
			if last {
				out = append(out, "")
			}
		case "..":
			out = out[:max(0, len(out)-1)]
			if last {
				out = append(out, "")
			}
		default:
			out = append(out, s)
		}
	}
	return "/" + strings.Join(out, "/")
}

func (r *urlReader) escape(s, set string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= 0x1f || c >= 0x7f || strings.IndexByte(set, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	r.note(b.Len() != len(s), "bytes in it are written with %")
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func isClean(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}
