package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSplitLink(t *testing.T) {
	for _, c := range []struct {
		url  string
		want link
	}{
		{"https://link.example.com/e/c/abc?x=1", link{true, "link.example.com", "/e/c/abc?x=1", false}},
		{"http://LINK.example.com.:80/a", link{false, "link.example.com", "/a", false}},
		{"HTTPS://link.example.com", link{true, "link.example.com", "/", false}},
		{"https://link.example.com?x", link{true, "link.example.com", "/?x", false}},
		{"https://link.example.com/a#b?c", link{true, "link.example.com", "/a", true}},
		{"link.example.com/a", link{true, "link.example.com", "/a", false}},
		{"link.example.com/CL0/https://shop.example.com/", link{true, "link.example.com", "/CL0/https://shop.example.com/", false}},
		{"https://link.example.com/a%2/../ |b//", link{true, "link.example.com", "/a%2/../ |b//", false}},
	} {
		l, err := splitLink(c.url)
		require.NoError(t, err, c.url)
		require.Equal(t, c.want, l, c.url)
	}
	for _, url := range []string{"", "https://", "https:///a", "ftp://link.example.com/", "mailto:x@example.com",
		"https://user@link.example.com/", "https://link.example.com/a\r\nHost: x", `https://link.example.com\a/`, "link .example.com"} {
		_, err := splitLink(url)
		require.Error(t, err, "%q", url)
	}
}

// FuzzSplitLink checks that a target survives, byte for byte.
func FuzzSplitLink(f *testing.F) {
	for _, target := range []string{"/", "/a?b#c", "/%2", "/CL0/https:%2F%2Fx/ y", "//..//", "/\x00\xff", "/a://b"} {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		if !strings.HasPrefix(target, "/") || strings.ContainsAny(target, "#\r\n") {
			return
		}
		for _, front := range []string{"https://link.example.com", "http://Link.Example.Com:80", "link.example.com"} {
			l, err := splitLink(front + target)
			require.NoError(t, err)
			require.Equal(t, target, l.target)
			require.Equal(t, "link.example.com", l.host)
		}
	})
}
