package wire

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// dial serves srv on loopback and connects to it.
func dial(t *testing.T, srv *Server) net.Conn {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	conn, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// peer answers each head that it reads with the next of these bytes, and then
// closes the connection.
func peer(t *testing.T, answers ...string) net.Conn {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for _, answer := range answers {
			for got := ""; !strings.HasSuffix(got, "\r\n\r\n"); {
				b := make([]byte, 1)
				if _, err := conn.Read(b); err != nil {
					return
				}
				got += string(b)
			}
			io.WriteString(conn, answer)
		}
	}()
	conn, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// exchange sends one request and reads the whole answer.
func exchange(t *testing.T, c *Conn, req *Request) string {
	t.Helper()
	req.Target = "/"
	req.Header = append(NewHeader("Host", "h"), req.Header...)
	resp, err := c.RoundTrip(t.Context(), req, Limits{})
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	if sent := resp.Body.(*responseBody).sent; sent.done != nil {
		<-sent.done
	}
	require.NoError(t, resp.Body.Close())
	require.NoError(t, resp.Body.Close(), "twice is once")
	return string(body)
}

func TestConnCarriesSeveral(t *testing.T) {
	large := strings.Repeat("large ", 10_000)
	c := NewConn(dial(t, &Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Client", r.RemoteAddr)
		if r.Method == "PUT" {
			io.WriteString(w, large) // in chunks
		}
		w.Write(body)
	})}))
	released := 0
	c.Release = func() { released++ }
	for i, req := range []*Request{
		{Method: "GET"}, {Method: "HEAD"},
		{Method: "POST", Header: NewHeader("Content-Length", "2"), Body: strings.NewReader("ab")},
		{Method: "PUT", Header: NewHeader("Transfer-Encoding", "chunked"), Body: strings.NewReader("cd")},
		{Method: "GET"},
	} {
		require.True(t, c.Quiet())
		got := exchange(t, c, req)
		require.Equal(t, []string{"", "", "ab", large + "cd", ""}[i], got)
		require.Equal(t, i+1, released)
	}
}

// A connection is released only where the next request cannot take a rest of
// this exchange for its answer.
func TestConnIsClosed(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for name, c := range map[string]struct {
		answer string
		header Header
		read   bool
	}{
		"it says so":            {ok + "Content-Length: 1\r\nConnection: x, Close\r\n\r\na", nil, true},
		"we say so":             {ok + "Content-Length: 1\r\n\r\na", NewHeader("Connection", "close"), true},
		"HTTP/1.0":              {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", nil, true},
		"body until it closes":  {ok + "\r\na", nil, true},
		"body is not read":      {ok + "Content-Length: 1\r\n\r\na", nil, false},
		"bytes behind it":       {ok + "Content-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\n\r\n", nil, true},
		"bytes without a body":  {"HTTP/1.1 204 No Content\r\n\r\nx", nil, true},
		"switching protocols":   {"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", nil, false},
		"chunks without an end": {ok + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			conn := NewConn(peer(t, c.answer))
			conn.Release = func() { t.Error("it was released") }
			resp, err := conn.RoundTrip(t.Context(), &Request{Method: "GET", Target: "/", Header: append(NewHeader("Host", "h"), c.header...)}, Limits{})
			require.NoError(t, err)
			if c.read {
				_, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
			}
			require.NoError(t, resp.Body.Close())
			_, err = conn.conn.Write([]byte("x"))
			require.ErrorIs(t, err, net.ErrClosed)
		})
	}
}

// An answer that comes before the request is whole is passed on, and its
// connection is not used again.
func TestConnWithAnEarlyAnswer(t *testing.T) {
	c := NewConn(peer(t, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"))
	c.Release = func() { t.Error("it was released") }
	body, more := io.Pipe()
	defer more.Close()
	resp, err := c.RoundTrip(t.Context(), &Request{Method: "POST", Target: "/", Header: NewHeader("Host", "h", "Transfer-Encoding", "chunked"), Body: body}, Limits{})
	require.NoError(t, err)
	require.Equal(t, 413, resp.Status)
	require.NoError(t, resp.Body.Close())
}

// Quiet finds that the other side has closed, and that it has sent something.
func TestConnIsNotQuiet(t *testing.T) {
	for name, after := range map[string]string{"closed": "", "spoke": "HTTP/1.1 408 Timeout\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer ln.Close()
			near, err := net.Dial("tcp", ln.Addr().String())
			require.NoError(t, err)
			far, err := ln.Accept()
			require.NoError(t, err)
			c := NewConn(near)
			require.True(t, c.Quiet())
			io.WriteString(far, after)
			far.Close()
			require.Eventually(t, func() bool { return !c.Quiet() }, 10*time.Second, time.Millisecond)
		})
	}
	near, _ := net.Pipe()
	require.True(t, NewConn(near).Quiet(), "of a pipe nothing is known")
}

// A server that stops within a body is not waited for longer than BetweenBytes;
// one that is slow to begin is not its business.
func TestBetweenBytes(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	go func() {
		io.ReadAtLeast(far, make([]byte, 100), 10)
		io.WriteString(far, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
	}()
	c := NewConn(near)
	c.BetweenBytes = 20 * time.Millisecond
	resp, err := c.RoundTrip(t.Context(), &Request{Method: "GET", Target: "/", Header: NewHeader("Host", "h")}, Limits{})
	require.NoError(t, err)
	got, err := io.ReadAll(resp.Body)
	require.Equal(t, "a", string(got))
	require.True(t, IsTimeout(err), err)
	resp.Body.Close()
}

// Bodies in chunks that two programs may read in two ways end the request.
func TestHostileChunks(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, c := range map[string]struct {
		body string
		good bool
	}{
		"extensions":             {"1;a=b\r\nx\r\n0;c\r\n\r\n", true},
		"upper case and zeros":   {"0A\r\n0123456789\r\n000\r\n\r\n", true},
		"trailer":                {"0\r\nA: b\r\n\r\n", true},
		"bare LF behind a size":  {"1\nx\r\n0\r\n\r\n", false},
		"bare LF behind data":    {"1\r\nx\n0\r\n\r\n", false},
		"sign":                   {"+1\r\nx\r\n0\r\n\r\n", false},
		"hexadecimal prefix":     {"0x1\r\nx\r\n0\r\n\r\n", false},
		"space before a size":    {" 1\r\nx\r\n0\r\n\r\n", false},
		"no size":                {"\r\nx\r\n0\r\n\r\n", false},
		"size beyond 64 bits":    {"10000000000000001\r\nx\r\n0\r\n\r\n", false},
		"data longer than said":  {"1\r\nxy\r\n0\r\n\r\n", false},
		"trailer in two lines":   {"0\r\nA: b\r\n c\r\n\r\n", false},
		"extension without end":  {"1;" + strings.Repeat("a", 100_000) + "\r\nx\r\n0\r\n\r\n", false},
		"a byte in 4 kB of size": {strings.Repeat("1;"+strings.Repeat("a", 4000)+"\r\nx\r\n", 40) + "0\r\n\r\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			near := start(t, &Server{Handler: tell})
			go io.WriteString(near, head+c.body+"GET /smuggled HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
			got, err := io.ReadAll(near)
			require.NoError(t, err)
			require.Equal(t, c.good, strings.Contains(string(got), "err=<nil>"), "%s", got)
			require.Equal(t, c.good, strings.Contains(string(got), `"/smuggled"`), "what follows is a request only where the body has ended: %s", got)
		})
	}
}

// Bytes beyond a body are the next request, and no part of this one.
func TestPipelined(t *testing.T) {
	got := talk(t, &Server{Handler: tell}, "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nabGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"+
		"GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /4 HTTP/1.1\r\nHost: h\r\n\r\n")
	require.Contains(t, got, `"/1" host="h" url="/1" body="ab"`)
	require.Less(t, strings.Index(got, `"/2"`), strings.Index(got, `"/3"`), "in order")
	require.NotContains(t, got, `"/4"`)
}

// Somebody who writes slowly, or does not read, is not waited for.
func TestSlowClients(t *testing.T) {
	srv := &Server{Handler: tell, HeadTimeout: 30 * time.Millisecond}
	for name, request := range map[string]string{
		"nothing": "", "half a line": "GET /", "half a head": "GET / HTTP/1.1\r\nHost: h\r\n",
	} {
		require.Empty(t, talk(t, srv, request), name)
	}
	srv = &Server{Handler: tell, HeadTimeout: 30 * time.Second, BodyTimeout: 30 * time.Millisecond, WriteTimeout: 30 * time.Millisecond}
	require.Contains(t, talk(t, srv, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab"), "i/o timeout")

	over := make(chan error, 1)
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, err := w.Write(make([]byte, 1<<20))
		over <- err
	})
	conn := start(t, srv)
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	require.True(t, IsTimeout(<-over))
}

// crowded is a listener that has no file descriptors left for a while.
type crowded struct {
	net.Listener
	left int
}

type tooMany struct{ error }

func (tooMany) Temporary() bool { return true }

func (c *crowded) Accept() (net.Conn, error) {
	if c.left > 0 {
		c.left--
		return nil, tooMany{fmt.Errorf("too many open files")}
	}
	return c.Listener.Accept()
}

func TestAcceptGoesOn(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &Server{Handler: tell}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(&crowded{ln, 3}) }()
	resp, err := http.Get("http://" + ln.Addr().String())
	require.NoError(t, err)
	resp.Body.Close()
	srv.Close()
	require.ErrorIs(t, <-served, http.ErrServerClosed)
	ln, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ln.Close()
	require.ErrorIs(t, (&Server{Handler: tell}).Serve(ln), net.ErrClosed, "what does not go away ends it")
}

// Shutdown answers a request that has begun to arrive, and with FirstRequest
// also the first one of a connection that was made before.
func TestShutdownLosesNoRequest(t *testing.T) {
	entered, leave := make(chan struct{}, 1), make(chan struct{})
	srv := &Server{FirstRequest: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.RequestURI == "/wait" {
			entered <- struct{}{}
			<-leave
		}
		io.WriteString(w, r.RequestURI)
	})}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go srv.Serve(ln)
	connect := func(text string) net.Conn {
		conn, err := net.Dial("tcp", ln.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { conn.Close() })
		io.WriteString(conn, text)
		return conn
	}
	const rest = " HTTP/1.1\r\nHost: h\r\n\r\n"
	waiting := connect("GET /wait" + rest)
	<-entered
	begun, fresh, idle := connect("GET /beg"), connect(""), connect("GET /idle"+rest)
	require.Eventually(t, func() bool { return srv.count() == [2]int{2, 4} }, 10*time.Second, time.Millisecond)
	answer := make([]byte, 1000)
	_, err = idle.Read(answer)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return srv.count() == [2]int{2, 4} }, 10*time.Second, time.Millisecond)
	down := make(chan error, 1)
	go func() { down <- srv.Shutdown(context.Background()) }()
	require.Eventually(t, srv.closing.Load, 10*time.Second, time.Millisecond)
	io.WriteString(begun, "un"+rest)
	io.WriteString(fresh, "GET /fresh"+rest)
	close(leave)
	for conn, want := range map[net.Conn]string{waiting: "/wait", begun: "/begun", fresh: "/fresh", idle: ""} {
		conn.SetDeadline(time.Now().Add(30 * time.Second))
		got, err := io.ReadAll(conn)
		require.NoError(t, err)
		require.True(t, strings.HasSuffix(string(got), want), "%s: %s", want, got)
		require.Equal(t, want != "", strings.Contains(string(got), "Connection: close"), "%s", got)
	}
	require.NoError(t, <-down)
}

// count is how many connections have a request that has begun, and how many
// there are.
func (s *Server) count() (n [2]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.mu.Lock()
		if n[1]++; c.busy {
			n[0]++
		}
		c.mu.Unlock()
	}
	return n
}

// lateListener gives out its connection when it is closed, as one does that is
// closed between Accept and what follows it.
type lateListener struct {
	net.Listener
	conn   chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *lateListener) Accept() (net.Conn, error) {
	<-l.closed
	select {
	case conn := <-l.conn:
		return conn, nil
	default:
		return nil, net.ErrClosed
	}
}

func (l *lateListener) Close() error { l.once.Do(func() { close(l.closed) }); return nil }

// A connection that was accepted while Shutdown began has its first request
// answered, and is waited for. Without FirstRequest, and after Close, it is
// closed.
func TestShutdownWithALateConnection(t *testing.T) {
	for name, c := range map[string]struct {
		first time.Duration
		close bool
		want  string
	}{
		"waited for": {10 * time.Second, false, "HTTP/1.1 200 OK"},
		"not":        {0, false, ""},
		"closed":     {10 * time.Second, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			srv := &Server{FirstRequest: c.first, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "done") })}
			near, far := net.Pipe()
			defer near.Close()
			ln := &lateListener{conn: make(chan net.Conn, 1), closed: make(chan struct{})}
			ln.conn <- far
			served := make(chan error, 1)
			go func() { served <- srv.Serve(ln) }()
			require.Eventually(t, func() bool {
				srv.mu.Lock()
				defer srv.mu.Unlock()
				return srv.listeners[ln]
			}, 30*time.Second, time.Millisecond)
			answered := make(chan string, 1)
			go func() {
				_, _ = io.WriteString(near, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
				line, _ := bufio.NewReader(near).ReadString('\n')
				answered <- strings.TrimSpace(line)
			}()
			if c.close {
				require.NoError(t, srv.Close())
			} else {
				require.NoError(t, srv.Shutdown(t.Context()))
			}
			require.Equal(t, c.want, <-answered)
			require.ErrorIs(t, <-served, http.ErrServerClosed)
		})
	}
}

// deadlines is a connection that counts how often one is set.
type deadlines struct {
	net.Conn
	set int
}

func (d *deadlines) SetDeadline(t time.Time) error { d.set++; return d.Conn.SetDeadline(t) }

// A response that does not begin in time ends the connection, be there a body to
// send or not.
func TestLate(t *testing.T) {
	for _, body := range []io.Reader{nil, strings.NewReader("ab"), neverEnding{}} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer ln.Close()
		conn, err := net.Dial("tcp", ln.Addr().String())
		require.NoError(t, err)
		req := &Request{Method: "POST", Target: "/", Header: NewHeader("Host", "h"), Body: body, Until: time.Now().Add(20 * time.Millisecond)}
		if body != nil {
			req.Header.Add("Transfer-Encoding", "chunked")
		}
		_, err = NewConn(conn).RoundTrip(t.Context(), req, Limits{})
		require.ErrorIs(t, err, ErrLate)
		require.True(t, IsTimeout(err))
		require.False(t, time.Now().Before(req.Until))
		_, err = conn.Write([]byte("x"))
		require.ErrorIs(t, err, net.ErrClosed)
	}
}

// neverEnding is a body that goes on.
type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) { return len(p), nil }

// A deadline is set once for requests that follow one another, is moved where
// another time is asked for, and is gone for a request without one and for what
// comes after the head.
func TestDeadlineIsSetSeldom(t *testing.T) {
	d := &deadlines{Conn: dial(t, &Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })})}
	c := NewConn(d)
	c.BetweenBytes = time.Minute
	c.Release = func() {}
	ask := func(wait time.Duration, body string) {
		t.Helper()
		req := &Request{Method: "GET"}
		if body != "" {
			req.Body, req.Header = strings.NewReader(body), NewHeader("Content-Length", strconv.Itoa(len(body)))
		}
		if wait != 0 {
			req.Until = time.Now().Add(wait)
		}
		require.Equal(t, body, exchange(t, c, req))
	}
	for range 50 {
		ask(time.Hour, "")
	}
	require.Equal(t, 1, d.set)
	ask(time.Minute, "")
	require.Equal(t, 2, d.set, "it was too late")
	ask(time.Hour, "")
	require.Equal(t, 3, d.set, "it was too early")
	ask(0, "")
	require.Equal(t, 4, d.set, "there is none")
	ask(0, "")
	require.Equal(t, 4, d.set)
	ask(time.Hour, "a body")
	require.Equal(t, 6, d.set, "it ends with the head")
	c.BetweenBytes = 0
	ask(time.Hour, "")
	require.Equal(t, 8, d.set, "nothing bounds the body")
	require.Zero(t, c.bound)
}
