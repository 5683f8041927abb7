//go:build fastlyinternalsetparseuri

package handler

import (
	"net/url"
	"strings"

	"github.com/fastly/compute-sdk-go/fsthttp"
)

// The SDK ends a request whose URI net/url does not parse, such as one with
// /%zz, with a panic before any handler is called. Old mails have such links,
// and ESPs answer them. With this build tag, which is the SDK's, they are
// answered as all others are.
func init() { fsthttp.SetParseRequestURI(parseURI) }

// parseURI is url.ParseRequestURI, but takes any path and query of a host that
// it takes: what it cannot parse is in Opaque, as it came, with the host.
func parseURI(uri string) (*url.URL, error) {
	u, err := url.ParseRequestURI(uri)
	if err == nil {
		return u, nil
	}
	scheme, rest, found := strings.Cut(uri, "://")
	end := strings.IndexAny(rest, "/?#")
	if !found || end < 0 {
		return nil, err
	}
	u, other := url.ParseRequestURI(scheme + "://" + rest[:end] + "/")
	if other != nil {
		return nil, err
	}
	return &url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host, Opaque: "//" + rest}, nil
}
