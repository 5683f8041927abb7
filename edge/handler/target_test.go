package handler

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// targets are raw targets that net/url parses, with all that it would write in
// another way.
func targets() []string {
	list := []string{
		"/", "/?", "?", "?a=1", "/a?", "/a??", "/a?b?c", "//a", "/a//b/../c/./", "/a%2Fb%2fc", "/%41", "/a b", "/a+b", "/a;b,c:d@e",
		"/#frag", "/a?b#c", "/a?b=%zz", "/ä", "/%C3%A4", "/a?ä", "/*", "/a|b", `/a"b<c>`, "/[a]", "/a\\b", "/https://b.example/?c",
	}
	for c := 0x20; c < 0x100; c++ {
		if c != 0x7F && c != '%' {
			list = append(list, "/a"+string([]byte{byte(c)})+"b", "/a?b"+string([]byte{byte(c)})+"c")
		}
	}
	return list
}

func TestTargetIsKept(t *testing.T) {
	for _, target := range targets() {
		u, err := url.ParseRequestURI("https://link.example.com" + target)
		require.NoError(t, err, "%q", target)
		require.Equal(t, target, targetOf(u), "as it came")
		require.Equal(t, "link.example.com", authorityOf(u))
		out := uriOf("https", authorityOf(u), targetOf(u))
		require.Equal(t, "https://link.example.com"+target, out.String(), "as it goes to the ESP")
	}
}

func TestTargetOfNothing(t *testing.T) {
	u, err := url.ParseRequestURI("https://link.example.com")
	require.NoError(t, err)
	require.Equal(t, "/", targetOf(u))
}

// A URI with a user must not be taken for one of the host alone.
func TestAuthorityWithUser(t *testing.T) {
	for _, user := range []string{"a", "a:b", "link.example.com", ""} {
		u, err := url.ParseRequestURI("https://" + user + "@link.example.com/")
		require.NoError(t, err)
		require.Equal(t, user+"@link.example.com", authorityOf(u))
	}
}
