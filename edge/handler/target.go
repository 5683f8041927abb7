package handler

import (
	"net/url"
	"strings"
)

// targetOf returns the raw request target of a URI that the SDK has parsed, as
// it was before: path and query, byte for byte, or "/" where there was neither.
// net/url keeps a path that it would write in another way, and the query.
func targetOf(u *url.URL) string {
	if rest, ok := strings.CutPrefix(u.Opaque, "//"); ok { // see parseURI
		if at := strings.IndexAny(rest, "/?#"); at >= 0 {
			return rest[at:]
		}
		return "/"
	}
	target := u.RawPath
	if target == "" {
		target = u.EscapedPath()
	}
	if u.ForceQuery || u.RawQuery != "" {
		target += "?" + u.RawQuery
	}
	if target == "" {
		return "/"
	}
	return target
}

// authorityOf returns the host that was asked for. A URI with a user has one
// that no site has.
func authorityOf(u *url.URL) string {
	if u.User != nil {
		return u.User.String() + "@" + u.Host
	}
	return u.Host
}

// uriOf makes a URI that the SDK writes with this target, byte for byte.
func uriOf(scheme, authority, target string) *url.URL {
	return &url.URL{Scheme: scheme, Host: authority, Opaque: "//" + authority + target}
}
