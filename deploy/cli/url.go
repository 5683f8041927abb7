package cli

import (
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
)

// link is a URL as a reader's browser would send it, taken apart without
// decoding anything: net/url would refuse or rewrite some real links.
type link struct {
	tls    bool
	host   string // canonical
	target string // path and query, byte for byte
	frag   bool   // had a fragment, which no browser sends
}

// splitLink takes an absolute URL apart, or "host/path", which is read as https.
func splitLink(url string) (link, error) {
	l := link{tls: true}
	rest := url
	if scheme, after, ok := strings.Cut(url, "://"); ok && !strings.ContainsAny(scheme, "/?#.") {
		switch strings.ToLower(scheme) {
		case "https":
		case "http":
			l.tls = false
		default:
			return l, linkError(url)
		}
		rest = after
	}
	rest, _, l.frag = strings.Cut(rest, "#")
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	l.host, l.target = core.CanonicalHost(rest[:end]), rest[end:]
	if l.host == "" || strings.ContainsAny(l.host, " @\\\t\r\n") || strings.ContainsAny(l.target, "\r\n") {
		return l, linkError(url)
	}
	if !strings.HasPrefix(l.target, "/") {
		l.target = "/" + l.target
	}
	return l, nil
}

func linkError(url string) error {
	return usage(fmt.Errorf("%q is not the URL of a link", cut(url, 120)),
		`give it whole and in quotes, as in 'https://link.example.com/e/c/…'`)
}

// cut shortens a foreign text for an error message.
func cut(s string, n int) string { return clean.Cut(s, n) }
