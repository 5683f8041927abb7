package hostsim

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/wire"
)

func TestProxy(t *testing.T) {
	var got wire.Header
	origin := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = wire.RawHeader(r)
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s", r.Method, r.RequestURI, body)
	})
	h := newHost(t, "raw", Config{Backends: map[string]Backend{"origin": {Handler: origin, Host: "track.example.net"}}})
	target := "/c/%zz//../a|b?x={\"y\"}&z=%2"
	resp, x := do(t, h, &Request{Target: target, Header: wire.NewHeader("X-b", "1", "x-A", "2", "X-B", "3")})
	require.Equal(t, 200, resp.Status)
	require.Equal(t, "GET "+target+" ", string(resp.Body))
	require.Equal(t, wire.NewHeader("Host", "track.example.net", "X-b", "1", "x-A", "2", "X-B", "3"), got)
	require.True(t, x.Ending.OK(), x.Ending)
	require.Equal(t, target, x.Sent[0].Target)
}
