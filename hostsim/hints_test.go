package hostsim_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// hinting is a guest that sends two 103 responses, and then 204.
func hinting(t *testing.T) *hostsim.Host {
	respond := func(h handGuest, status uint64, link string) hostsim.Status {
		h.call("http_resp.new", 40)
		h.call("http_body.new", 44)
		h.call("http_resp.status_set", h.word(40), status)
		name, n := h.text(256, "Link")
		value, m := h.text(300, link)
		h.call("http_resp.header_insert", h.word(40), name, n, value, m)
		return h.call("http_resp.send_downstream", h.word(40), h.word(44), 0)
	}
	return hand(t, hostsim.Config{}, func(h handGuest) {
		require.Equal(t, hostsim.StatusOK, respond(h, 103, "</a.css>; rel=preload"))
		require.Equal(t, hostsim.StatusOK, respond(h, 103, "</b.css>; rel=preload"))
		require.Equal(t, hostsim.StatusInval, respond(h, 102, "</c.css>"), "no other informational status")
		require.Equal(t, hostsim.StatusOK, respond(h, 204, "</d.css>"))
		require.Equal(t, hostsim.StatusError, respond(h, 103, "</e.css>"), "too late")
	})
}

func TestEarlyHints(t *testing.T) {
	h := hinting(t)
	resp, x, err := h.Do(context.Background(), &hostsim.Request{})
	require.NoError(t, err)
	require.Equal(t, 204, resp.Status)
	require.Equal(t, []wire.Header{wire.NewHeader("Link", "</a.css>; rel=preload"), wire.NewHeader("Link", "</b.css>; rel=preload")}, x.EarlyHints)
}

// On the wire, HTTP/1.1 gets them and HTTP/1.0 does not.
func TestEarlyHintsOnTheWire(t *testing.T) {
	h := hinting(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- h.Serve(ctx, ln) }()
	first := func(version string, lines int) (got []string) {
		conn, err := net.Dial("tcp", ln.Addr().String())
		require.NoError(t, err)
		defer conn.Close()
		fmt.Fprintf(conn, "GET / %s\r\nHost: a.example\r\nConnection: close\r\n\r\n", version)
		r := bufio.NewReader(conn)
		for range lines {
			line, err := r.ReadString('\n')
			require.NoError(t, err)
			got = append(got, line)
		}
		return got
	}
	require.Equal(t, []string{"HTTP/1.1 103 Early Hints\r\n", "Link: </a.css>; rel=preload\r\n", "\r\n",
		"HTTP/1.1 103 Early Hints\r\n", "Link: </b.css>; rel=preload\r\n", "\r\n", "HTTP/1.1 204 No Content\r\n"}, first("HTTP/1.1", 7))
	require.Contains(t, first("HTTP/1.0", 1)[0], " 204 ")
	cancel()
	require.NoError(t, <-served)
}

// Behind net/http, over HTTP/2.
func TestEarlyHintsOverHTTP2(t *testing.T) {
	srv := httptest.NewUnstartedServer(hinting(t))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	var links []string
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
		links = append(links, fmt.Sprint(code, header["Link"]))
		return nil
	}}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(context.Background(), trace), http.MethodGet, srv.URL, nil)
	require.NoError(t, err)
	resp, err := srv.Client().Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, 2, resp.ProtoMajor)
	require.Equal(t, []string{"103 [</a.css>; rel=preload]", "103 [</b.css>; rel=preload]"}, links)
	require.Equal(t, []string{"</d.css>"}, resp.Header["Link"])
}
