package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// rawFunc is a function that is a RawHandler.
type rawFunc func(w *RawWriter, r *RawRequest) error

func (f rawFunc) ServeRaw(w *RawWriter, r *RawRequest) error { return f(w, r) }

// echoRaw answers with what the request has.
var echoRaw = rawFunc(func(w *RawWriter, r *RawRequest) error {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return err
		}
	}
	host, _ := r.Header.Get("Host")
	text := fmt.Sprintf("%s %s %s %s %d %d %v %s", r.Method, r.Target, r.Proto, host, len(r.Header), r.Length, r.Close, body)
	if err := w.WriteHead(200, NewHeader("Content-Length", fmt.Sprint(len(text)))); err != nil {
		return err
	}
	_, err := io.WriteString(w, text)
	return err
})

func TestRawRequests(t *testing.T) {
	head := "POST /%zz b|c HTTP/1.1\r\nHost: h\r\n"
	for _, c := range []struct{ name, request, want string }{
		{"target", "GET /%zz b|c?#x HTTP/1.1\r\nHost: h\r\na: b\r\nConnection: close\r\n\r\n", "GET /%zz b|c?#x HTTP/1.1 h 3 0 true "},
		{"1.0", "GET /a HTTP/1.0\r\n\r\n", "GET /a HTTP/1.0  0 0 true "},
		{"no body", head + "Content-Length: 0\r\nConnection: close\r\n\r\n", "POST /%zz b|c HTTP/1.1 h 3 0 true "},
		{"length", head + "Content-Length: 2\r\nConnection: close\r\n\r\nab", "POST /%zz b|c HTTP/1.1 h 3 2 true ab"},
		{"chunks", head + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n0\r\nT: r\r\n\r\n", "POST /%zz b|c HTTP/1.1 h 3 -1 true ab"},
		{"two", "GET /a HTTP/1.1\r\nHost: h\r\na: b\r\n\r\nGET /b HTTP/1.1\nHost: i\nConnection: close\n\n", "GET /b HTTP/1.1 i 2 0 true "},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := talk(t, &Server{Raw: echoRaw}, c.request)
			require.True(t, strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n"), got)
			require.True(t, strings.HasSuffix(got, "\r\n\r\n"+c.want), got)
			require.Contains(t, got, "Date: ")
		})
	}
}

// In pieces, a head is read as when it arrives as a whole.
func TestHeadInPieces(t *testing.T) {
	const request = "\r\nGET /a HTTP/1.1\r\nHost: h\r\nA: b\r\nConnection: close\r\n\r\n"
	for cut := range request {
		near, far := net.Pipe()
		go (&Server{Raw: echoRaw}).ServeConn(far)
		go func() {
			io.WriteString(near, request[:cut])
			io.WriteString(near, request[cut:])
		}()
		got, err := io.ReadAll(near)
		require.NoError(t, err)
		require.True(t, strings.HasSuffix(string(got), "\r\n\r\nGET /a HTTP/1.1 h 3 0 true "), "%s", got)
	}
}

// A request that the raw handler leaves gets the other one's answer, body
// included.
func TestNotRaw(t *testing.T) {
	left := rawFunc(func(*RawWriter, *RawRequest) error { return ErrNotRaw })
	got := talk(t, &Server{Raw: left, Handler: tell}, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nabGET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	require.Contains(t, got, `POST "/a" host="h" url="/a" body="ab" err=<nil>`)
	require.Contains(t, got, `GET "/b"`)
}

// An answer that is not whole is not passed off as one, and ends the connection.
func TestRawFails(t *testing.T) {
	length := NewHeader("Content-Length", "2")
	bad := errors.New("bad")
	for name, c := range map[string]struct {
		serve rawFunc
		want  string
	}{
		"nothing":       {func(*RawWriter, *RawRequest) error { return nil }, "HTTP/1.1 500 "},
		"an error":      {func(*RawWriter, *RawRequest) error { return bad }, ""},
		"left too late": {func(w *RawWriter, _ *RawRequest) error { w.WriteHead(200, length); return ErrNotRaw }, ""},
		"a panic":       {func(*RawWriter, *RawRequest) error { panic("x") }, ""},
		"a bad field":   {func(w *RawWriter, _ *RawRequest) error { return w.WriteHead(200, NewHeader("a", "b\r\nc: d")) }, ""},
		"bad, in silence": {func(w *RawWriter, _ *RawRequest) error {
			w.WriteHead(200, NewHeader("a", "b\r\nc: d"))
			return nil
		}, "HTTP/1.1 500 "},
		"two framings": {func(w *RawWriter, _ *RawRequest) error {
			return w.WriteHead(200, NewHeader("Content-Length", "2", "Content-Length", "3"))
		}, ""},
		"body first": {func(w *RawWriter, _ *RawRequest) error { _, err := w.Write([]byte("a")); return err }, ""},
		"too long": {func(w *RawWriter, _ *RawRequest) error {
			w.WriteHead(200, length)
			_, err := w.Write([]byte("abc"))
			require.ErrorIs(t, err, http.ErrContentLength)
			return err
		}, ""},
		"too short": {func(w *RawWriter, _ *RawRequest) error {
			w.WriteHead(200, length)
			_, err := w.Write([]byte("a"))
			return err
		}, "HTTP/1.1 200 "},
		"twice": {func(w *RawWriter, _ *RawRequest) error {
			w.WriteHead(200, NewHeader("Content-Length", "0"))
			require.Error(t, w.WriteHead(200, length))
			return w.FlushError()
		}, "HTTP/1.1 200 "},
	} {
		t.Run(name, func(t *testing.T) {
			got := talk(t, &Server{Raw: c.serve}, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
			if c.want == "" {
				require.Empty(t, got)
			} else {
				require.True(t, strings.HasPrefix(got, c.want), got)
			}
			require.NotContains(t, got, "c: d")
		})
	}
}

// The fields frame the answer, as for net/http's handlers.
func TestRawFraming(t *testing.T) {
	answer := func(pairs ...string) *Server {
		return &Server{Raw: rawFunc(func(w *RawWriter, _ *RawRequest) error {
			if err := w.WriteHead(200, NewHeader(pairs...)); err != nil {
				return err
			}
			_, err := io.WriteString(w, "ab")
			return err
		})}
	}
	const get, old = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
	for name, c := range map[string]struct {
		server             *Server
		request, has, lack string
	}{
		"length":       {answer("Content-Length", "2"), get, "Content-Length: 2\r\nConnection: close\r\nDate: ", "chunked"},
		"chunked":      {answer("Transfer-Encoding", "chunked"), get, "\r\n\r\n2\r\nab\r\n0\r\n\r\n", "Content-Length"},
		"neither":      {answer("A", "b"), get, "A: b\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n", "Content-Length"},
		"1.0":          {answer("Transfer-Encoding", "chunked"), old, "\r\n\r\nab", "chunked"},
		"1.0 goes on":  {answer("Content-Length", "2"), old + "GET / HTTP/1.0\r\n\r\n", "Connection: keep-alive\r\n", "chunked"},
		"1.0, neither": {answer(), old, "Connection: close\r\n", "chunked"},
		"head":         {answer("Content-Length", "2"), "HEAD" + get[3:], "Content-Length: 2\r\n", "ab"},
		"date":         {answer("Content-Length", "2", "date", "x"), get, "date: x\r\n", "Date"},
	} {
		t.Run(name, func(t *testing.T) {
			got := talk(t, c.server, c.request)
			require.Contains(t, got, c.has)
			require.NotContains(t, got, c.lack)
		})
	}
}

// A raw handler finishes a request whose client has left, and gets the requests
// that came before.
func TestRawClientLeaves(t *testing.T) {
	gone, ended := make(chan struct{}), make(chan error, 1)
	srv := &Server{Raw: rawFunc(func(w *RawWriter, r *RawRequest) error {
		if r.Target == "/left" {
			<-gone
			w.WriteHead(204, nil)
			err := w.FlushError()
			ended <- err
			return err
		}
		return echoRaw(w, r)
	})}
	near, far := net.Pipe()
	served := make(chan struct{})
	go func() { defer close(served); srv.ServeConn(far) }()
	go io.WriteString(near, "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /left HTTP/1.1\r\nHost: h\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(near), nil)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.NoError(t, near.Close())
	close(gone)
	require.Error(t, <-ended)
	<-served
}
