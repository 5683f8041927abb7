// Package pasted reads a link that was copied from a mail, from a browser, or
// as the curl command that "clickedge serve" prints.
//
// Start with [Parse]. It never decodes a path or a query: what a reader's
// browser would send is kept byte for byte. [Link.Notes] says what it changed
// or left out.
package pasted

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/failure"
)

// LocalSuffix follows a branded host in the links that serve prints for a
// browser: browsers resolve every name below localhost to this machine (RFC
// 6761, section 6.3), so that no hosts file has to be edited.
const LocalSuffix = ".localhost"

// Link is one request.
type Link struct {
	TLS      bool
	Host     string // canonical; the host that the request is for
	Port     string // that of the URL; "" for none
	Target   string // path and query, byte for byte
	Method   string // of a line for curl; "" for a URL
	Fragment bool   // had one, which no browser sends
	Addr     string // "127.0.0.1:7676" where the URL names another server than Host; "" elsewhere
	Given    string // the URL, as it was given
	Notes    []string

	other bool // the target does not stand in the URL
}

// URL is the link with its own host, without port and fragment.
func (l *Link) URL() string {
	if l.TLS {
		return "https://" + l.Host + l.Target
	}
	return "http://" + l.Host + l.Target
}

// Asis reports whether the URL was the link itself, with nothing replaced.
func (l *Link) Asis() bool { return l.Addr == "" && l.Method == "" && !l.other && len(l.Notes) == 0 }

const wholeHint = `give it whole and in quotes, as in 'https://link.example.com/e/c/…'`

func wrong(hint, format string, args ...any) error {
	return failure.Usage(fmt.Errorf(format, args...), hint)
}

// Options are what else is known of a link.
type Options struct {
	// Host is the link domain, if the URL has only a machine's name or a path.
	Host string
	// Known reports whether a canonical host is a link domain.
	Known func(host string) bool
	// AnyHost also accepts a URL of a machine that is not a link domain.
	AnyHost bool
}

// Parse reads the words of a command line: a URL, or a curl command, as one
// word or split by the shell.
func Parse(words []string, opt Options) (*Link, error) {
	request, err := requestOf(words)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(request.url, "/") && !strings.HasPrefix(request.url, "//") && core.CanonicalHost(opt.Host) != "" {
		request.url = "https://" + opt.Host + request.url
	}
	l, err := splitURL(request.url)
	if err != nil {
		return nil, err
	}
	if request.target != "" {
		l.Target, l.Fragment, l.other = request.target, false, true
	}
	l.Method = request.method
	if err := l.findHost(request, opt); err != nil {
		return nil, err
	}
	return l, nil
}

// splitURL splits an absolute URL, or "host/path", which is read as https.
// net/url would refuse or rewrite some real links.
func splitURL(given string) (*Link, error) {
	l := &Link{TLS: true, Given: given}
	url := l.unwrap(given)
	rest := url
	if scheme, after, ok := strings.Cut(url, "://"); ok && !strings.ContainsAny(scheme, "/?#.") {
		switch strings.ToLower(scheme) {
		case "https":
		case "http":
			l.TLS = false
		default:
			return nil, notURL(given)
		}
		rest = after
	}
	rest, _, l.Fragment = strings.Cut(rest, "#")
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	authority := rest[:end]
	if strings.Contains(authority, "@") && rest != url {
		return nil, wrong("the host is after the @: a link domain's links have no user",
			"%s has a user in front of its host", clean.Quote(given, 120))
	}
	l.Host, l.Target = core.CanonicalHost(authority), rest[end:]
	if l.Host == "" || strings.ContainsAny(authority, " @\\\t\r\n") || strings.ContainsAny(l.Target, "\r\n") {
		return nil, notURL(given)
	}
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.HasSuffix(authority, "]") {
		l.Port = authority[i+1:]
	}
	if !strings.HasPrefix(l.Target, "/") {
		l.Target = "/" + l.Target
	}
	return l, l.punycode()
}

func notURL(given string) error {
	return wrong(wholeHint, "%s is not the URL of a link", clean.Quote(given, 120))
}

// unwrap removes characters around a URL that were copied with it.
func (l *Link) unwrap(url string) string {
	text := strings.Trim(url, " \t\r\n")
	for _, pair := range [...][2]string{{"<", ">"}, {`"`, `"`}, {"'", "'"}, {"“", "”"}} {
		if inner, ok := strings.CutPrefix(text, pair[0]); ok && strings.HasSuffix(inner, pair[1]) {
			l.Notes = append(l.Notes, "the characters around the URL were removed")
			return strings.TrimSuffix(inner, pair[1])
		}
	}
	return text
}

// punycode converts an international host to its DNS form.
func (l *Link) punycode() error {
	if !strings.ContainsFunc(l.Host, func(c rune) bool { return c >= utf8.RuneSelf }) {
		return nil
	}
	ascii, err := idna.Lookup.ToASCII(l.Host)
	if err != nil {
		return wrong(`write the host as sites.json has it, "xn--…"`, "%s is not a host name: %v", clean.Quote(l.Host, 120), err)
	}
	l.Notes = append(l.Notes, fmt.Sprintf("the host %s is %s in DNS and in sites.json", clean.Text(l.Host), ascii))
	l.Host = ascii
	return nil
}

// findHost finds the link domain if the URL names the server that answers for
// it.
func (l *Link) findHost(r *request, opt Options) error {
	inCurl := core.CanonicalHost(r.host)
	named := cmp.Or(core.CanonicalHost(opt.Host), inCurl)
	if r.host != "" && inCurl != named {
		return wrong("give one of them", "two hosts are given: %s, and %s in the line for curl", clean.Quote(opt.Host, 120), clean.Quote(r.host, 120))
	}
	branded, local := strings.CutSuffix(l.Host, LocalSuffix)
	switch {
	case named != "" && named != l.Host:
		l.Addr = l.server(l.Host)
		l.Host = named
	case local && !opt.knows(l.Host) && branded != "":
		l.Addr, l.Host = l.server("127.0.0.1"), branded
	case r.connect != "":
		l.Addr = r.connect
	case !opt.AnyHost && isMachine(l.Host) && !opt.knows(l.Host):
		return wrong("paste the whole line that clickedge serve prints, or name the link domain with --host",
			"%s names a machine and not a link domain", clean.Quote(l.Given, 120))
	}
	return nil
}

func (o Options) knows(host string) bool { return o.Known != nil && o.Known(host) }

// server is the URL's host with its port.
func (l *Link) server(host string) string {
	usual := "443"
	if !l.TLS {
		usual = "80"
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), cmp.Or(l.Port, usual))
}

// isMachine reports whether a host is an address or this machine's name, so not
// a link domain.
func isMachine(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil || host == "localhost"
}
