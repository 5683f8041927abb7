package origins

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLanding(t *testing.T) {
	f := start(t, Options{Landing: []string{"shop.example.com", "*.example.net"}})
	secure, plain := f.LandingAddr()
	for _, host := range []string{"shop.example.com", "www.example.net"} {
		raw, err := net.Dial("tcp", secure)
		require.NoError(t, err)
		a, err := try(tls.Client(raw, &tls.Config{RootCAs: f.CA(), ServerName: host}), ask{target: "/a?b=1&c=<i>", host: host})
		require.NoError(t, err)
		require.Equal(t, 200, a.status)
		require.Contains(t, a.body, "You have arrived at "+host+"/a?b=1&amp;c=&lt;i&gt;</p>")
		require.Equal(t, "no-store", a.get("Cache-Control"))
	}
	conn, err := net.Dial("tcp", plain)
	require.NoError(t, err)
	a, err := try(conn, ask{target: "/%", host: "shop.example.com"})
	require.NoError(t, err)
	require.Contains(t, a.body, "You have arrived at shop.example.com/%</p>")

	seen := f.Seen()
	require.Len(t, seen, 3)
	require.Equal(t, LandingBackend, seen[2].Backend)
	require.Equal(t, "www.example.net", seen[1].SNI)
}

func TestNoLanding(t *testing.T) {
	f := start(t, Options{})
	secure, plain := f.LandingAddr()
	require.Empty(t, secure+plain)
}
