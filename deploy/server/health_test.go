package server

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A server is well if it says so, in its own words: not if it is stopping, if
// another program has the address, or if nobody has.
func TestHealth(t *testing.T) {
	m := newMetrics()
	srv := httptest.NewServer(m.server().Handler)
	defer srv.Close()
	addr := strings.TrimPrefix(srv.URL, "http://")
	require.NoError(t, Health(t.Context(), addr))
	t.Setenv("http_proxy", "http://127.0.0.1:1") // is not asked
	require.NoError(t, Health(t.Context(), addr))
	m.stopping.Store(true)
	require.ErrorContains(t, Health(t.Context(), addr), `says 503 Service Unavailable, "stopping"`)

	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }))
	defer other.Close()
	require.ErrorContains(t, Health(t.Context(), strings.TrimPrefix(other.URL, "http://")), `says 200 OK, "hello"`)

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, ln.Close())
	require.ErrorContains(t, Health(t.Context(), ln.Addr().String()), "no server answers there")
	for _, bad := range []string{"9180", "", "a b:1"} {
		require.Error(t, Health(t.Context(), bad), bad)
	}
}
