package hostsim_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
	"github.com/stretchr/testify/require"
)

// serve puts h on a listener until the test is over.
func serve(t *testing.T, h http.Handler) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &wire.Server{Handler: h}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	return ln.Addr().String()
}

// upgrading switches to a protocol that sends each line back, after a greeting
// with the Host it was asked for.
func upgrading(w http.ResponseWriter, r *http.Request) {
	if err := w.(wire.HeadWriter).WriteHead(101, wire.NewHeader("Connection", "Upgrade", "Upgrade", "lines")); err != nil {
		return
	}
	_, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	fmt.Fprintf(rw, "hello %s%s\n", r.Host, r.RequestURI)
	for rw.Flush() == nil {
		line, err := rw.ReadString('\n')
		if err != nil {
			return
		}
		rw.WriteString(line)
	}
}

// A request that is handed off and answered with a 101 joins the two
// connections; the guest is gone by then.
func TestHandOffJoinsConnections(t *testing.T) {
	origin := serve(t, http.HandlerFunc(upgrading))
	over := make(chan *hostsim.Exchange, 1)
	h := hand(t, hostsim.Config{Backends: map[string]hostsim.Backend{"origin": {URL: "http://" + origin}}, OnExchange: func(x *hostsim.Exchange) { over <- x }},
		func(h handGuest) {
			at, n := h.text(256, "origin")
			require.Equal(t, hostsim.StatusOK, h.call("http_req.redirect_to_websocket_proxy", at, n))
		})
	conn, err := net.Dial("tcp", serve(t, h))
	require.NoError(t, err)
	defer conn.Close()
	fmt.Fprintf(conn, "GET /ws?a HTTP/1.1\r\nHost: edge.example\r\nConnection: Upgrade\r\nUpgrade: lines\r\n\r\nearly\n")
	br := bufio.NewReader(conn)
	resp, err := http.ReadResponse(br, nil)
	require.NoError(t, err)
	require.Equal(t, 101, resp.StatusCode)
	require.Equal(t, "lines", resp.Header.Get("Upgrade"))
	require.Equal(t, 101, (<-over).Response, "the exchange is over while the connections live")
	for _, want := range []string{"hello " + origin + "/ws?a\n", "early\n"} {
		line, err := br.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, want, line)
	}
	fmt.Fprint(conn, "later\n")
	line, err := br.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "later\n", line)
	require.NoError(t, h.Close(context.Background()))
	_, err = br.ReadByte()
	require.ErrorIs(t, err, io.EOF, "closing the host ends them")
}

// Without a listener there is nothing to join.
func TestHandOffInMemory(t *testing.T) {
	h := hand(t, hostsim.Config{Backends: map[string]hostsim.Backend{"origin": {Handler: http.HandlerFunc(upgrading)}, "plain": {Handler: http.NotFoundHandler()},
		"gone": {URL: "http://127.0.0.1:1"}}},
		func(h handGuest) {
			h.call("http_req.uri_get", 0, 1024, 1000, 0)
			_, name, _ := cutLast(string(h.m[1024 : 1024+h.word(0)]))
			at, n := h.text(256, name)
			h.call("http_req.redirect_to_websocket_proxy", at, n)
		})
	for name, status := range map[string]int{"origin": 101, "plain": 404, "gone": 500, "nowhere": 500} {
		resp, _, err := h.Do(context.Background(), &hostsim.Request{Target: "/" + name})
		require.NoError(t, err)
		require.Equal(t, status, resp.Status, name)
	}
}

// A service without WebSocket passthrough says so to its guest, which then
// answers by itself.
func TestHandOffWithoutWebSockets(t *testing.T) {
	for name, want := range map[string]hostsim.Status{"origin": hostsim.StatusUnsupported, "nowhere": hostsim.StatusUnsupported} {
		var st hostsim.Status
		h := hand(t, hostsim.Config{NoWebSockets: true, Backends: map[string]hostsim.Backend{"origin": {Handler: http.HandlerFunc(upgrading)}}},
			func(h handGuest) {
				at, n := h.text(256, name)
				st = h.call("http_req.redirect_to_websocket_proxy", at, n)
			})
		resp, x, err := h.Do(context.Background(), &hostsim.Request{})
		require.NoError(t, err)
		require.Equal(t, want, st)
		require.Equal(t, 200, resp.Status)
		require.False(t, x.Responded)
	}
}

func cutLast(uri string) (before, after string, ok bool) {
	for i := len(uri) - 1; i >= 0; i-- {
		if uri[i] == '/' {
			return uri[:i], uri[i+1:], true
		}
	}
	return uri, "", false
}

// A grpc backend is asked over HTTP/2: with ALPN under https, with prior
// knowledge under http and in memory.
func TestGRPCBackends(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Grpc-Status")
		w.Header().Set("X-Seen", fmt.Sprintf("%d %s %s %s", r.ProtoMajor, r.Method, r.Host, r.RequestURI))
		w.Header().Set("Grpc-Status", "0")
	})
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	two := new(http.Protocols)
	two.SetUnencryptedHTTP2(true)
	two.SetHTTP2(true)
	srv := &http.Server{Handler: handler, Protocols: two, TLSConfig: &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}}}
	go srv.Serve(plain)
	defer srv.Close()
	secure, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go srv.ServeTLS(secure, "", "")
	for name, b := range map[string]hostsim.Backend{
		"prior knowledge": {URL: "http://" + plain.Addr().String(), GRPC: true},
		"alpn":            {URL: "https://" + secure.Addr().String(), GRPC: true, SkipVerify: true},
		"in memory":       {Handler: handler, GRPC: true},
	} {
		t.Run(name, func(t *testing.T) {
			var st hostsim.Status
			var version uint64
			var seen string
			h := hand(t, hostsim.Config{Backends: map[string]hostsim.Backend{"origin": b}}, func(h handGuest) {
				st, _ = h.send()
				h.call("http_resp.version_get", h.word(48), 64)
				version = h.word(64)
				name, n := h.text(256, "x-seen")
				h.call("http_resp.header_value_get", h.word(48), name, n, 1024, 100, 0)
				seen = string(h.m[1024 : 1024+h.word(0)])
			})
			_, x, err := h.Do(context.Background(), &hostsim.Request{})
			require.NoError(t, err)
			require.Equal(t, hostsim.StatusOK, st, "%v", x.Sent)
			require.EqualValues(t, 3, version, "HTTP/2 by the ABI's numbers")
			require.Equal(t, "2 GET host.example.com /x", seen)
		})
	}
	t.Run("no HTTP/2 there", func(t *testing.T) {
		var st hostsim.Status
		h := hand(t, hostsim.Config{Backends: map[string]hostsim.Backend{"origin": {URL: "http://" + serve(t, handler), GRPC: true}}},
			func(h handGuest) { st, _ = h.send() })
		_, x, err := h.Do(context.Background(), &hostsim.Request{})
		require.NoError(t, err)
		require.NotEqual(t, hostsim.StatusOK, st)
		require.Error(t, x.Sent[0].Err)
	})
}
