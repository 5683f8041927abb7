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

// parseURI is url.ParseRequestURI, but takes what that does not: any path and
// query, which are in Opaque as they came, with the host; and any host, as it
// came. One that net/url refuses is no link domain, and gets a page: see forNext.
func parseURI(uri string) (*url.URL, error) {
	u, err := url.ParseRequestURI(uri)
	if err == nil {
		return u, nil
	}
	scheme, rest, found := strings.Cut(uri, "://")
	if !found {
		return nil, err
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	odd := &url.URL{Scheme: scheme, Host: rest[:end], Opaque: "//" + rest}
	if u, err := url.ParseRequestURI(scheme + "://" + odd.Host + "/"); err == nil {
		odd.Scheme, odd.User, odd.Host = u.Scheme, u.User, u.Host
	}
	return odd, nil
}
