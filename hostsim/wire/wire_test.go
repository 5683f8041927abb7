package wire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// start serves handler over an in-memory connection and returns the client's
// end.
func start(t testing.TB, srv *Server) net.Conn {
	t.Helper()
	near, far := net.Pipe()
	done := make(chan struct{})
	go func() { defer close(done); srv.ServeConn(far) }()
	t.Cleanup(func() { near.Close(); <-done })
	return near
}

// talk writes request bytes and returns everything that comes back until the
// server closes.
func talk(t testing.TB, srv *Server, request string) string {
	t.Helper()
	conn := start(t, srv)
	go io.WriteString(conn, request)
	data, err := io.ReadAll(conn)
	require.NoError(t, err)
	return string(data)
}

var tell = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %q host=%q url=%q body=%q err=%v", r.Method, r.RequestURI, r.Host, r.URL, body, err)
})

func TestRequests(t *testing.T) {
	const end = "Connection: close\r\n\r\n"
	cases := []struct{ name, request, want string }{
		{"plain", "GET /a HTTP/1.1\r\nHost: h\r\n" + end, `GET "/a" host="h" url="/a" body=""`},
		{"odd target", "GET /%zz b|c HTTP/1.1\r\nHost: h\r\n" + end, `GET "/%zz b|c" host="h" url="/%zz b|c"`},
		{"length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n" + end + "ab", `body="ab" err=<nil>`},
		{"chunks", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n" + end + "1\r\na\r\n2;x=y\r\nbc\r\n0\r\nT: r\r\n\r\n", `body="abc" err=<nil>`},
		{"lone LF", "GET /a HTTP/1.1\nHost: h\nConnection: close\n\n", `host="h"`},
		{"first line empty", "\r\nGET /a HTTP/1.1\r\nHost: h\r\n" + end, `"/a"`},
		{"1.0 without host", "GET /a HTTP/1.0\r\n\r\n", `host=""`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := talk(t, &Server{Handler: tell}, c.request)
			require.True(t, strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n"), got)
			require.Contains(t, got, c.want)
			require.Contains(t, got, "Date: ")
		})
	}
}

// What could be read in two ways is refused.
func TestRequestsRefused(t *testing.T) {
	const head = "GET / HTTP/1.1\r\nHost: h\r\n"
	cases := map[string]string{
		"no version":         "GET /\r\n\r\n",
		"version":            "GET / HTTP/2.0\r\n\r\n",
		"method":             "G(T / HTTP/1.1\r\n\r\n",
		"no target":          "GET  HTTP/1.1\r\nHost: h\r\n\r\n",
		"lone CR":            "GET /a\rb HTTP/1.1\r\nHost: h\r\n\r\n",
		"NUL":                "GET /a\x00b HTTP/1.1\r\nHost: h\r\n\r\n",
		"no host":            "GET / HTTP/1.1\r\n\r\n",
		"two hosts":          head + "Host: h\r\n\r\n",
		"space before colon": head + "A : b\r\n\r\n",
		"continued line":     head + "A: b\r\n c\r\n\r\n",
		"no colon":           head + "A\r\n\r\n",
		"control byte":       head + "A: b\x01\r\n\r\n",
		"length and chunked": head + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"two lengths":        head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"signed length":      head + "Content-Length: +1\r\n\r\n",
		"empty length":       head + "Content-Length:\r\n\r\n",
		"long length":        head + "Content-Length: 99999999999999999999\r\n\r\n",
		"gzip, chunked":      head + "Transfer-Encoding: gzip, chunked\r\n\r\n",
		"chunked in 1.0":     "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"length twice":       head + "Content-Length: 1, 1\r\n\r\n",
		"tab before colon":   head + "Content-Length\t: 1\r\n\r\n",
		"coding with a tab":  head + "Transfer-Encoding: \x0bchunked\r\n\r\n",
		"coding in quotes":   head + "Transfer-Encoding: \"chunked\"\r\n\r\n",
		"coding and params":  head + "Transfer-Encoding: chunked;q=1\r\n\r\n",
		"HTTP/2 preface":     "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"TLS":                "\x16\x03\x01\x02\x00\x01\n\n",
		"chunked twice":      head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
	}
	for name, request := range cases {
		t.Run(name, func(t *testing.T) {
			got := talk(t, &Server{Handler: tell}, request)
			require.True(t, strings.HasPrefix(got, "HTTP/1.1 400 Bad Request\r\n"), got)
		})
	}
	limits := Limits{HeadBytes: 100, Fields: 2}
	for _, request := range []string{head + strings.Repeat("A: b\r\n", 2) + "\r\n", head + "A: " + strings.Repeat("x", 100) + "\r\n\r\n"} {
		got := talk(t, &Server{Handler: tell, Limits: limits}, request)
		require.True(t, strings.HasPrefix(got, "HTTP/1.1 431 "), got)
	}
}

func TestKeepAlive(t *testing.T) {
	request := "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nGET /GET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.0\r\n\r\n"
	ignore := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RequestURI) })
	got := talk(t, &Server{Handler: ignore}, request)
	require.Equal(t, 3, strings.Count(got, "HTTP/1.1 200 OK"), "an unread body is not taken for a request: %s", got)
	for _, want := range []string{"/1", "/2", "/3"} {
		require.Contains(t, got, "\r\n\r\n"+want)
	}
	require.Equal(t, 1, strings.Count(got, "Connection: close"))
}

func TestExpectContinue(t *testing.T) {
	conn := start(t, &Server{Handler: tell})
	br := bufio.NewReader(conn)
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
	line, err := br.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 100 Continue\r\n", line)
	br.ReadString('\n')
	io.WriteString(conn, "ab")
	resp, err := http.ReadResponse(br, nil)
	require.NoError(t, err)
	body, _ := io.ReadAll(resp.Body)
	require.Contains(t, string(body), `body="ab"`)
}

func TestRawHeadAndTrailer(t *testing.T) {
	srv := &Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw := w.(HeadWriter)
		require.NoError(t, raw.WriteHead(299, NewHeader("x-B", "1", "A", "2", "X-b", "3", "Transfer-Encoding", "chunked", "Date", "never", "Connection", "close")))
		require.Error(t, raw.WriteHead(200, nil), "twice")
		io.WriteString(w, "ab")
		http.NewResponseController(w).Flush()
		raw.WriteTrailer(NewHeader("T", "r"))
	})}
	require.Equal(t, "HTTP/1.1 299 \r\nx-B: 1\r\nA: 2\r\nX-b: 3\r\nTransfer-Encoding: chunked\r\nDate: never\r\nConnection: close\r\n\r\n2\r\nab\r\n0\r\nT: r\r\n\r\n",
		talk(t, srv, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"))
}

func TestResponseFraming(t *testing.T) {
	long := strings.Repeat("x", smallBody+1)
	cases := []struct {
		name, request string
		handler       func(http.ResponseWriter)
		want, not     string
	}{
		{"small", "GET / HTTP/1.1", func(w http.ResponseWriter) { io.WriteString(w, "ab") }, "Content-Length: 2", "chunked"},
		{"nothing", "GET / HTTP/1.1", func(http.ResponseWriter) {}, "Content-Length: 0", "chunked"},
		{"long", "GET / HTTP/1.1", func(w http.ResponseWriter) { io.WriteString(w, long) }, "Transfer-Encoding: chunked", "Content-Length"},
		{"long to 1.0", "GET / HTTP/1.0", func(w http.ResponseWriter) { io.WriteString(w, long) }, "Connection: close", "chunked"},
		{"head", "HEAD / HTTP/1.1", func(w http.ResponseWriter) { io.WriteString(w, "ab") }, "HTTP/1.1 200 OK", "ab"},
		{"204", "GET / HTTP/1.1", func(w http.ResponseWriter) { w.WriteHeader(204) }, "HTTP/1.1 204 No Content", "Content-Length"},
		{"bad field", "GET / HTTP/1.1", func(w http.ResponseWriter) { w.Header().Set("A", "b\r\nC: d") }, "HTTP/1.1 500", "C: d"},
		{"too long", "GET / HTTP/1.1", func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "1")
			_, err := io.WriteString(w, long)
			if !errors.Is(err, http.ErrContentLength) {
				panic(err)
			}
		}, "Content-Length: 1", "x"},
		{"panic", "GET / HTTP/1.1", func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, "", "HTTP"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			srv := &Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { c.handler(w) })}
			got := talk(t, srv, c.request+"\r\nHost: h\r\nConnection: close\r\n\r\n")
			require.Contains(t, got, c.want)
			require.NotContains(t, strings.TrimPrefix(got, "HTTP/1.1 200 OK"), c.not)
		})
	}
}

func TestDisconnectCancels(t *testing.T) {
	gone := make(chan struct{})
	conn := start(t, &Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(gone)
	})})
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	conn.Close()
	<-gone
}

func TestShutdownWaits(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-leave
		io.WriteString(w, "done")
	})}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	idle, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	defer idle.Close()
	body := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + ln.Addr().String())
		if err != nil {
			body <- err.Error()
			return
		}
		data, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		body <- string(data)
	}()
	<-entered
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	shut := make(chan error, 1)
	go func() { shut <- srv.Shutdown(ctx) }()
	require.ErrorIs(t, <-served, http.ErrServerClosed)
	close(leave)
	require.Equal(t, "done", <-body)
	require.NoError(t, <-shut)
	require.ErrorIs(t, srv.Serve(ln), http.ErrServerClosed)
}

// roundTrip sends one request to a server over TCP: net.Pipe has no half-read
// answers.
func roundTrip(t testing.TB, h http.Handler, req *Request) (*Response, string, error) {
	t.Helper()
	resp, err := RoundTrip(context.Background(), start(t, &Server{Handler: h}), req, Limits{})
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp, string(data), err
}

func TestRoundTrip(t *testing.T) {
	req := &Request{Method: "POST", Target: "/%zz b", Header: NewHeader("host", "h", "Transfer-Encoding", "chunked"), Body: strings.NewReader("abc")}
	resp, body, err := roundTrip(t, tell, req)
	require.NoError(t, err)
	require.Equal(t, 200, resp.Status)
	require.Contains(t, body, `POST "/%zz b" host="h"`)
	require.Contains(t, body, `body="abc"`)
	_, body, err = roundTrip(t, tell, &Request{Method: "HEAD", Target: "/", Header: NewHeader("Host", "h")})
	require.NoError(t, err)
	require.Empty(t, body)
	for _, bad := range []*Request{{Method: "G T", Target: "/"}, {Method: "GET"}, {Method: "GET", Target: "/\r\nX: y"},
		{Method: "GET", Target: "/", Header: NewHeader("A", "b\nc")}, {Method: "GET", Target: "/", Header: NewHeader("A:", "b")}} {
		_, _, err = roundTrip(t, tell, bad)
		require.ErrorIs(t, err, ErrMalformed)
	}
	_, _, err = roundTrip(t, tell, &Request{Method: "PUT", Target: "/", Header: NewHeader("Host", "h", "Content-Length", "9"), Body: strings.NewReader("short")})
	require.ErrorContains(t, err, "Content-Length says 9")
}

func TestRoundTripEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	near, far := net.Pipe()
	defer far.Close()
	go io.Copy(io.Discard, far)
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err := RoundTrip(ctx, near, &Request{Method: "GET", Target: "/", Header: NewHeader("Host", "h")}, Limits{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestHeader(t *testing.T) {
	h := NewHeader("A", "1", "b", "2", "a", "3")
	h.Set("B", "x", "y")
	require.Equal(t, NewHeader("A", "1", "B", "x", "B", "y", "a", "3"), h)
	h.Set("a", "z")
	require.Equal(t, NewHeader("a", "z", "B", "x", "B", "y"), h)
	require.True(t, h.Del("b"))
	require.False(t, h.Del("b"))
	h.Set("c", "1")
	require.Equal(t, []string{"a", "c"}, h.Names())
	require.Nil(t, h.Values("b"))
	require.Equal(t, Header{{"X", ""}}, NewHeader("X"))
}

// Whatever is accepted goes out again as the same fields and the same target.
func FuzzRequestHead(f *testing.F) {
	f.Add([]byte("GET /%zz HTTP/1.1\r\nHost: h\r\nX-a: 1\r\nx-A: 2\r\n\r\n"))
	f.Add([]byte("OPTIONS * HTTP/1.0\nA:\t b \n\n"))
	f.Add([]byte("GET / a  b HTTP/1.1\r\nHost:h\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		read := func(data []byte) (string, Header, error) {
			h := &head{r: bufio.NewReader(bytes.NewReader(data)), limit: Limits{}.orDefaults()}
			line, err := h.line()
			if err != nil {
				return "", nil, err
			}
			method, target, proto, err := parseRequestLine(line)
			if err != nil {
				return "", nil, err
			}
			fields, err := h.fields(nil)
			return method + " " + target + " " + proto, fields, err
		}
		line, fields, err := read(data)
		if err != nil {
			return
		}
		again, same, err := read(appendFieldLines([]byte(line+"\r\n"), fields))
		require.NoError(t, err)
		require.Equal(t, line, again)
		require.Equal(t, fields, same)
	})
}

// A client gets its refusal although it has not been read to its end: closing
// a connection with bytes unread would reset it.
func TestRefusalOutlivesWhatIsUnread(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(413) })}
	go srv.Serve(ln)
	defer srv.Close()
	for want, request := range map[string]string{
		"HTTP/1.1 413 ": "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\n\r\n" + strings.Repeat("x", 4<<20),
		"HTTP/1.1 400 ": "no request\r\n\r\n" + strings.Repeat("x", 1<<20),
		"HTTP/1.1 431 ": "GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("x", 4<<20) + "\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", ln.Addr().String())
		require.NoError(t, err)
		defer conn.Close()
		_, err = io.WriteString(conn, request)
		require.NoError(t, err)
		answer, err := io.ReadAll(conn)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(answer), want), "%.40q", answer)
	}
}
