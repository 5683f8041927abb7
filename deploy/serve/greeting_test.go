package serve

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

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
