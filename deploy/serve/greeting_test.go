package serve

import (
	"net"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestQuoteShell asks a shell what it makes of a quoted word.
func TestQuoteShell(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell here")
	}
	for _, word := range []string{"", "plain", "a b", "it's", "$HOME `id` \\ \"x\"", "'; echo no; '", "/a|b&c<d>e*?[x]{y}~#!"} {
		out, err := exec.Command(sh, "-c", "printf %s "+quoteShell(word)).Output()
		require.NoError(t, err)
		require.Equal(t, word, string(out))
	}
}

func TestCurlKeeps(t *testing.T) {
	for _, target := range []string{"/", "/e/c/eyJ=/0a?x=%2F", "/f/a/b~~", "/%2", "/a//b"} {
		require.True(t, curlKeeps(target), target)
	}
	for _, target := range []string{"/a b", "/a/../b", "/./a", "/a[1]", "/{a,b}", "/é", "/a\\b", "/a#b", "/\x01"} {
		require.False(t, curlKeeps(target), target)
	}
}

func TestDialable(t *testing.T) {
	require.Equal(t, "127.0.0.1:80", dialable(&net.TCPAddr{IP: net.IPv4zero, Port: 80}))
	require.Equal(t, "127.0.0.1:80", dialable(&net.TCPAddr{IP: net.IPv6zero, Port: 80}))
	require.Equal(t, "[::1]:80", dialable(&net.TCPAddr{IP: net.IPv6loopback, Port: 80}))
}
