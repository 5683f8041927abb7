package follow

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	whatwgerrors "github.com/nlnwa/whatwg-url/errors"
	whatwg "github.com/nlnwa/whatwg-url/url"

	"github.com/clickedge/clickedge/deploy/probe"
)

// webURL is an http or https address as a browser reads it, by the WHATWG's URL
// standard. net/url reads unusual text differently, or refuses it.
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
	errHost   = errors.New("no browser accepts its host")
	errPort   = errors.New("its port is not a number from 1 to 65535")
)

// The standard escapes "^" in a path too.
var (
	pathSet = whatwg.PathPercentEncodeSet.Set('^')
	reader  = whatwg.NewParser(whatwg.WithPathPercentEncodeSet(pathSet))
)

// readURL reads text as a browser does: relative to base, or in the address bar
// where base is nil. odd lists what a browser changes, each in a few words.
func readURL(text string, base *webURL) (u *webURL, odd []string, err error) {
	d := dissect(text, base)
	if d.scheme != "" && d.scheme != "http" && d.scheme != "https" {
		return nil, d.odd, &notWeb{d.scheme}
	}
	u, err = d.parse(base)
	if err != nil {
		return nil, d.odd, err
	}
	d.describe(u)
	return u, d.odd, nil
}

// parse reads the text with the standard's parser.
func (d *dissected) parse(base *webURL) (*webURL, error) {
	if d.user != "" && d.authority == "" {
		return nil, errNoHost
	}
	read, err := d.read(base)
	switch kind := whatwgerrors.Type(err); {
	case kind == whatwgerrors.HostMissing:
		return nil, errNoHost
	case kind == whatwgerrors.PortInvalid, kind == whatwgerrors.PortOutOfRange:
		return nil, errPort
	case err != nil:
		return nil, errHost
	case read.Port() == "0": // the Fetch standard blocks it
		return nil, errPort
	}
	u := &webURL{tls: read.Scheme() == "https", port: uint16(read.DecodedPort()), host: strings.Trim(read.Hostname(), "[]")}
	whole, bare := read.Href(false), read.Href(true)
	u.target, u.fragment = bare[len(read.Protocol()+"//"+read.Host()):], whole[len(bare):]
	if u.fragment == "" && base != nil {
		u.fragment = base.fragment // as redirects do
	}
	return u, nil
}

func (d *dissected) read(base *webURL) (*whatwg.Url, error) {
	text := escapeInvalid(d.text)
	switch {
	case base != nil:
		return reader.ParseRef(base.withoutFragment(), text)
	case d.scheme == "": // an address bar
		return reader.Parse("https://" + text)
	}
	return reader.Parse(text)
}

// escapeInvalid writes what is not UTF-8 as browsers send it, byte for byte;
// the parser would make U+FFFD of it.
func escapeInvalid(text string) string {
	var b strings.Builder
	for text != "" {
		c, n := utf8.DecodeRuneInString(text)
		if c == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, "%%%02X", text[0])
		} else {
			b.WriteString(text[:n])
		}
		text = text[n:]
	}
	return b.String()
}

// dissected is a text in its parts, as written, to describe what a browser
// changes in it.
type dissected struct {
	text      string // without what browsers drop before parsing
	scheme    string // in lower case
	user      string // with its "@"
	authority string // host and port
	path      string
	query     string // with its "?"
	odd       []string
}

func (d *dissected) note(changed bool, what string) {
	if changed {
		d.odd = append(d.odd, what)
	}
}

func dissect(text string, base *webURL) *dissected {
	d := &dissected{}
	d.text = strings.TrimFunc(text, func(c rune) bool { return c <= ' ' })
	d.note(d.text != text, "space around it is dropped")
	inner := strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(d.text)
	d.note(inner != d.text, "tabs and line ends in it are dropped")
	d.text = inner
	rest, _, _ := strings.Cut(inner, "#")
	d.scheme, rest = cutScheme(rest, base == nil)
	d.path = rest
	if d.hasAuthority(rest, base) {
		d.cutAuthority(rest, base == nil && d.scheme == "")
	}
	d.path, d.query = splitQuery(d.path)
	return d
}

func splitQuery(s string) (path, query string) {
	if i := strings.IndexByte(s, '?'); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// cutScheme finds "word:" at the start. In an address bar "host.example:8080"
// has no scheme.
func cutScheme(text string, addressBar bool) (scheme, rest string) {
	i := strings.IndexByte(text, ':')
	if i <= 0 || !isAlpha(text[0]) {
		return "", text
	}
	for _, c := range []byte(text[:i]) {
		if !isAlpha(c) && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' || c == '.' && addressBar {
			return "", text
		}
	}
	return strings.ToLower(text[:i]), text[i+1:]
}

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isSlash(s string, i int) bool { return i < len(s) && (s[i] == '/' || s[i] == '\\') }

// hasAuthority reports whether a host follows. With the scheme of its base, or
// none, a text needs two slashes for that.
func (d *dissected) hasAuthority(rest string, base *webURL) bool {
	twoSlashes := isSlash(rest, 0) && isSlash(rest, 1)
	if base == nil || twoSlashes || d.scheme != "" && (d.scheme == "https") != base.tls {
		return true
	}
	d.note(d.scheme != "", "without // after its scheme it is read as relative")
	return false
}

// cutAuthority cuts out user, host and port. Browsers accept any number of
// slashes or backslashes before them. The user is removed from the text as
// well: it is not needed, and the parser's time grows with the square of its
// length.
func (d *dissected) cutAuthority(rest string, bare bool) {
	host := strings.TrimLeft(rest, `/\`)
	slashes := rest[:len(rest)-len(host)]
	d.note(slashes != "//" && !(bare && slashes == ""), "the slashes before its host are corrected")
	end := strings.IndexAny(host, `/\?`)
	if end < 0 {
		end = len(host)
	}
	d.authority, d.path = host[:end], host[end:]
	if i := strings.LastIndexByte(d.authority, '@'); i >= 0 {
		d.user, d.authority = d.authority[:i+1], d.authority[i+1:]
		d.text = strings.Replace(d.text, d.user, "", 1)
	}
}

// describe lists the differences between the text and what a browser reads in
// it.
func (d *dissected) describe(u *webURL) {
	d.note(d.user != "", "the user before @ is not the host")
	host := d.authority
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	decoded := probe.Unescape(host)
	d.note(decoded != host, "its host is written with %")
	switch host = strings.ToLower(decoded); {
	case host == "" || strings.HasPrefix(host, "["):
	case !isASCII(host):
		d.note(true, "its host is not ASCII")
	default:
		d.note(host != u.host, "its host is an address in another notation")
	}
	path := strings.ReplaceAll(d.path, `\`, "/")
	d.note(path != d.path, `its \ are read as /`)
	d.note(hasDotSegment(path), "its dot segments are resolved")
	const escaped = "bytes in it are written with %"
	d.note(reader.PercentEncodeString(path, pathSet) != path, escaped)
	query := strings.TrimPrefix(d.query, "?")
	d.note(reader.PercentEncodeString(query, whatwg.SpecialQueryPercentEncodeSet) != query, escaped)
}

func hasDotSegment(path string) bool {
	segments := strings.Split(strings.ReplaceAll(strings.ToLower(path), "%2e", "."), "/")
	return slices.Contains(segments, ".") || slices.Contains(segments, "..")
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c >= utf8.RuneSelf })
}
