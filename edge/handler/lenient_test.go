//go:build fastlyinternalsetparseuri

package handler

import (
	"net/url"
	"testing"

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
	for _, uri := range []string{"https://link.example.com:port/", "https://[::1/", "https://a b/", "/%zz", "", "https://"} {
		_, strict := url.ParseRequestURI(uri)
		_, err := parseURI(uri)
		require.Equal(t, strict == nil, err == nil, "%q: a host that net/url refuses stays refused", uri)
	}
}
