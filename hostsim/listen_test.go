package hostsim

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// listen serves h on a port of its own and returns its address.
func listen(t testing.TB, h http.Handler) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &wire.Server{Handler: h}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	t.Cleanup(func() {
		require.NoError(t, srv.Shutdown(context.Background()))
		require.ErrorIs(t, <-served, http.ErrServerClosed)
	})
	return ln.Addr().String()
}

// exchange sends raw request bytes over one connection and reads one response.
func exchange(t testing.TB, addr, request string) (status int, body string, resp *http.Response) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, request)
	require.NoError(t, err)
	resp, err = http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(data), resp
}

var oddTargets = []string{
	"/%", "/%zz?%", "//a//b", "/../../etc", "/a/./b/..", "/a b  c", "/|{}\"^\\<>`", "/?q=1?2#frag", "/\xff\xfe", "/;a=b,c", "/%2F%2f%41",
	"/a?x=[1]&y={2}|3", "/?", "/#", "/%E2%9C%93/✓",
}

// Every byte of the target must go from the client's request line through the
// guest to the backend's request line.
func TestRawTargets(t *testing.T) {
	origin := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RequestURI) }))
	h := newHost(t, "raw", Config{Backends: map[string]Backend{"origin": {URL: "http://" + origin, Host: "track.example.net"}}})
	addr := listen(t, h)
	for _, target := range oddTargets {
		t.Run(target, func(t *testing.T) {
			status, body, _ := exchange(t, addr, "GET "+target+" HTTP/1.1\r\nHost: host.example.com\r\n\r\n")
			require.Equal(t, 200, status)
			require.Equal(t, target, body)
			status, body, _ = exchange(t, addr, "GET /uri"+target+" HTTP/1.1\r\nHost: host.example.com\r\n\r\n")
			require.Equal(t, 200, status)
			require.Equal(t, "http://host.example.com/uri"+target, body)
		})
	}
}

// Order, case and repetition of header fields survive in both directions.
func TestRawHeaders(t *testing.T) {
	var got wire.Header
	origin := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = wire.RawHeader(r)
		w.(wire.HeadWriter).WriteHead(200, wire.NewHeader("Set-Cookie", "a=1", "x-ODD", "1", "set-cookie", "b=2", "Content-Length", "2"))
		io.WriteString(w, "ok")
	}))
	h := newHost(t, "raw", Config{Backends: map[string]Backend{"origin": {URL: "http://" + origin}}})
	addr := listen(t, h)
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer conn.Close()
	fields := "hOsT: host.example.com\r\nX-b: 1\r\nACCEPT: */*\r\nx-B: 2\r\nX-b: 1\r\n"
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\n%s\r\n", fields)
	br := bufio.NewReader(conn)
	var lines []string
	for {
		line, err := br.ReadString('\n')
		require.NoError(t, err)
		if line == "\r\n" {
			break
		}
		lines = append(lines, line[:len(line)-2])
	}
	require.Equal(t, []string{"HTTP/1.1 200 OK", "Set-Cookie: a=1", "x-ODD: 1", "set-cookie: b=2"}, lines[:4])
	require.Contains(t, lines, "Content-Length: 2")
	require.Equal(t, wire.NewHeader("hOsT", "host.example.com", "X-b", "1", "ACCEPT", "*/*", "x-B", "2", "X-b", "1"), got)
}
