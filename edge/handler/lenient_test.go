//go:build fastlyinternalsetparseuri

package handler

import (
	"net/url"
	"testing"

	"github.com/fastly/compute-sdk-go/fsthttp"
	"github.com/stretchr/testify/require"
)

func TestParseURI(t *testing.T) {
	for _, target := range append(targets(), "/%zz", "/a%", "/a%2", "/e/c/a|b%2Fc%zz/%2/..//x y", "/%zz?a#b", "/\x01", "/a?\x7f") {
		u, err := parseURI("https://link.example.com" + target)
		require.NoError(t, err, "%q", target)
		require.Equal(t, target, targetOf(u))
		require.Equal(t, "link.example.com", authorityOf(u))
		require.Equal(t, "https", u.Scheme)
	}
	for _, host := range []string{"link.example.com:port", "[::1", "a b", "%FF%FE%00", "a@link.example.com:port"} {
		for _, target := range []string{"/", "/%zz", "/a?b", "?c", ""} {
			u, err := parseURI("http://" + host + target)
			require.NoError(t, err, "%q", host)
			require.Equal(t, host, authorityOf(u))
			require.Equal(t, "http", u.Scheme)
			if target == "" {
				target = "/"
			}
			require.Equal(t, target, targetOf(u))
			require.False(t, (&exchange{h: &Handler{opt: Options{Next: fsthttp.HandlerFunc(nil)}}, in: &fsthttp.Request{URL: u}}).forNext())
		}
	}
	for _, uri := range []string{"/%zz", "", "link.example.com"} {
		_, err := parseURI(uri)
		_, strict := url.ParseRequestURI(uri)
		require.Equal(t, strict == nil, err == nil, "%q: a URI without a scheme is none", uri)
	}
}
