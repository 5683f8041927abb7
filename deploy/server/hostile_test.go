package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// hidden is a request that an attacker wants to pass for a second one, or for
// the next reader's.
const hidden = "GET /hidden HTTP/1.1\r\nHost: link.example.com\r\n\r\n"

// What two programs may read in two ways is refused on the socket: the ESP gets
// nothing of it, nothing behind it is answered, and it has no line. What is
// accepted is one request, framed anew for the ESP.
func TestSmuggling(t *testing.T) {
	var bodies, heads atomic.Pointer[string]
	var asked atomic.Int64
	r := newRunning(t, proxied)
	o := r.options()
	o.Origins = &esps{to: &order{}, answer: func(req *wire.Request) (*wire.Response, error) {
		asked.Add(1)
		head := fmt.Sprintf("%s %s %v", req.Method, req.Target, req.Header)
		heads.Store(&head)
		body := ""
		if req.Body != nil {
			text, err := io.ReadAll(req.Body)
			if err != nil {
				return nil, &senderror.Error{Tag: senderror.TagConnectionTerminated, Err: fmt.Errorf("%w: %w", wire.ErrRequestBody, err)}
			}
			body = string(text)
		}
		bodies.Store(&body)
		return redirectTo("https://shop.example.com/"), nil
	}}
	r.start(o)
	send := func(request string) string {
		t.Helper()
		conn, err := net.Dial("tcp", r.addr("http"))
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(wait30)))
		_, err = io.WriteString(conn, request)
		require.NoError(t, err)
		require.NoError(t, conn.(*net.TCPConn).CloseWrite())
		answer, _ := io.ReadAll(conn) // a reset ends it too
		return string(answer)
	}
	const post = "POST /u HTTP/1.1\r\nHost: link.example.com\r\n"
	for name, request := range map[string]string{
		"length and chunked":     post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"chunked and length":     post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
		"two lengths":            post + "Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
		"a list of lengths":      post + "Content-Length: 0, 0\r\n\r\n",
		"a signed length":        post + "Content-Length: +0\r\n\r\n",
		"a length in hex":        post + "Content-Length: 0x0\r\n\r\n",
		"coding in two":          post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		"another coding":         post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"a coding before":        post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"coding, space":          post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		"coding, vertical tab":   post + "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
		"coding in 1.0":          "POST /u HTTP/1.0\r\nHost: link.example.com\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"a continued line":       post + "X: a\r\n Content-Length: 9\r\n\r\n",
		"a continued first line": "POST /u HTTP/1.1\r\n Host: link.example.com\r\n\r\n",
		"a lone CR":              post + "X: a\rContent-Length: 9\r\n\r\n",
		"a NUL in a value":       post + "X: a\x00b\r\n\r\n",
		"a NUL in the target":    "GET /a\x00b HTTP/1.1\r\nHost: link.example.com\r\n\r\n",
		"a NUL in a name":        post + "X\x00: a\r\n\r\n",
		"two hosts":              post + "Host: other.example.com\r\n\r\n",
		"no host":                "POST /u HTTP/1.1\r\n\r\n",
		"no name":                post + ": x\r\n\r\n",
		"another version":        "POST /u HTTP/1.2\r\nHost: link.example.com\r\n\r\n",
		"HTTP/2":                 "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	} {
		answer := send(request + hidden)
		require.True(t, strings.HasPrefix(answer, "HTTP/1.1 400 "), "%s: %q", name, answer)
		require.Equal(t, 1, strings.Count(answer, "HTTP/1.1 "), "%s: nothing more is answered: %q", name, answer)
		require.Contains(t, answer, "Connection: close", name)
	}
	require.Zero(t, asked.Load(), "no ESP was asked")
	require.Empty(t, r.out.String(), "they have no line")

	// Chunks that are no chunks end the request; nothing behind them is read.
	for name, chunks := range map[string]string{
		"a size that is none": "zz\r\nab\r\n0\r\n\r\n", "a signed size": "+2\r\nab\r\n0\r\n\r\n", "a size with a space": "2 2\r\nab\r\n0\r\n\r\n", "a size that is too large": "ffffffffffffffff2\r\nab\r\n0\r\n\r\n",
		"more than its size": "2\r\nabc\r\n0\r\n\r\n", "a bad trailer": "0\r\nX\r\n\r\n", "an end in the midst": "5\r\nab",
	} {
		before := strings.Count(r.out.String(), "\n")
		answer := send(post + "Transfer-Encoding: chunked\r\n\r\n" + chunks + hidden)
		require.LessOrEqual(t, strings.Count(answer, "HTTP/1.1 "), 1, "%s: %q", name, answer)
		require.NotContains(t, answer, " 302 ", name)
		require.Equal(t, before+1, strings.Count(r.out.String(), "\n"), name)
	}
	require.NotContains(t, r.out.String(), "hidden")

	// What is odd, but means one thing, is one request, and framed anew.
	for name, c := range map[string]struct{ request, body, framing string }{
		"extensions of chunks": {post + "Transfer-Encoding: chunked\r\n\r\n2;a=\"b\";c\r\nab\r\n0;x\r\nT: r\r\n\r\n", "ab", "{Transfer-Encoding chunked}"},
		"a length twice":       {post + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", "ab", "{Content-Length 2}"},
		"lone LFs":             {strings.ReplaceAll(post, "\r", "") + "Content-Length: 2\n\nab", "ab", "{Content-Length 2}"},
		"absolute form":        {strings.Replace(post, "/u", "http://LINK.example.com/u", 1) + "Content-Length: 2\r\n\r\nab", "ab", "{Content-Length 2}"},
	} {
		before := asked.Load()
		answer := send(c.request + strings.Replace(hidden, "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1))
		require.Equal(t, 2, strings.Count(answer, "HTTP/1.1 302 "), "%s: %q", name, answer)
		require.Equal(t, before+2, asked.Load(), name)
		require.True(t, strings.HasPrefix(*heads.Load(), "GET /hidden "), "%s: %s", name, *heads.Load())
		send(strings.Replace(c.request, "Content-Length: 2\n\n", "Connection: close\nContent-Length: 2\n\n", 1))
		require.True(t, strings.HasPrefix(*heads.Load(), "POST /u "), "%s: %s", name, *heads.Load())
		require.Equal(t, 1, strings.Count(*heads.Load(), c.framing), "%s: %s", name, *heads.Load())
		require.Equal(t, c.body, *bodies.Load(), name)
	}
	before := asked.Load()
	answer := send("GET http://other.example.com/u HTTP/1.1\r\nHost: link.example.com\r\nConnection: close\r\n\r\n")
	require.True(t, strings.HasPrefix(answer, "HTTP/1.1 400 "), answer)
	require.Equal(t, before, asked.Load(), "two hosts are none")
	r.end()
}

// Somebody who is slow with a head, a body or reading is given up, and costs
// nothing afterwards; others are answered meanwhile.
func TestSlowReaders(t *testing.T) {
	before := runtime.NumGoroutine()
	r := newRig(t, proxied)
	endless := make(chan *body, 64)
	r.esps.answer = func(req *wire.Request) (*wire.Response, error) {
		if req.Body != nil {
			if _, err := io.Copy(io.Discard, req.Body); err != nil {
				return nil, &senderror.Error{Tag: senderror.TagConnectionTerminated, Err: fmt.Errorf("%w: %w", wire.ErrRequestBody, err)}
			}
		}
		if strings.HasPrefix(req.Target, "/endless") {
			b := &body{Reader: zeros{}}
			endless <- b
			return &wire.Response{Status: 200, Length: -1, Body: b}, nil
		}
		return redirectTo("https://shop.example.com/"), nil
	}
	ln := listener(t)
	srv := &wire.Server{Raw: r.Server, Handler: r.Server, HeadTimeout: 2 * time.Second, BodyTimeout: 50 * time.Millisecond, WriteTimeout: 50 * time.Millisecond}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	var conns []net.Conn
	open := func(text string) net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", ln.Addr().String())
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(wait30)))
		_, err = io.WriteString(conn, text)
		require.NoError(t, err)
		conns = append(conns, conn)
		return conn
	}
	const n = 20
	var bodies []net.Conn
	for range n {
		open("GET /head HTTP/1.1\r\nHost: link")
		bodies = append(bodies, open("POST /body HTTP/1.1\r\nHost: link.example.com\r\nContent-Length: 9\r\n\r\nab"))
		open("GET /endless HTTP/1.1\r\nHost: link.example.com\r\n\r\n") // and never read
	}
	honest := open("GET /honest HTTP/1.1\r\nHost: link.example.com\r\nConnection: close\r\n\r\n")
	answer, err := io.ReadAll(honest)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(answer), "HTTP/1.1 302 "), "%s", answer)
	for _, conn := range bodies {
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.GreaterOrEqual(t, resp.StatusCode, 400, "half a body is no request")
	}
	for range n { // each is given up, and the ESP's connection with it
		b := <-endless
		require.Eventually(t, b.closed.Load, wait30, tick)
	}
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+2 }, wait30, tick, "the heads were given up too")
	require.NoError(t, srv.Close())
	require.ErrorIs(t, <-served, http.ErrServerClosed)
	for _, conn := range conns {
		conn.Close()
	}
	require.Len(t, r.log.list(), 2*n+1, "each request that was whole, or begun with a body, has its line; half a head has none")
	require.Equal(t, n, strings.Count(strings.Join(r.log.list(), ""), `"code":"incomplete_request"`))
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// manyOpen is how many connections TestTenThousand opens: all that a port takes,
// but a few.
const manyOpen = maxConnections - 100

var residentMemory = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// Ten thousand connections with half a head each are held within bounds of
// memory, in a process of its own, and others are answered. Beyond the bound a
// connection waits, and those that are open go on.
func TestTenThousand(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory is read from /proc")
	}
	if testing.Short() {
		t.Skip("it opens ten thousand connections")
	}
	ln := listener(t)
	file, err := ln.(*net.TCPListener).File()
	require.NoError(t, err)
	defer file.Close()
	dir := t.TempDir()
	cmd := child(t, dir, dir+"/clicks", file)
	var errs said
	cmd.Stdout, cmd.Stderr = &errs, &errs
	stop, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer func() { _ = stop.Close(); _ = cmd.Wait() }()
	click := func(conn net.Conn) {
		t.Helper()
		require.NoError(t, conn.SetDeadline(time.Now().Add(wait30)))
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: link.example.com\r\n\r\n", sesClick)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err, "%s", &errs)
		require.Equal(t, 302, resp.StatusCode)
	}
	dial := func() net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", ln.Addr().String())
		require.NoError(t, err, "are there file descriptors for ten thousand connections (ulimit -n)?")
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	kept := dial()
	click(kept)
	memory := func() int {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		require.NoError(t, err)
		kib, err := strconv.Atoi(residentMemory.FindStringSubmatch(string(text))[1])
		require.NoError(t, err)
		return kib
	}
	alone := memory()
	var half []net.Conn
	for range manyOpen {
		conn := dial()
		half = append(half, conn)
		_, err := io.WriteString(conn, "GET /half HTTP/1.1\r\nHo")
		require.NoError(t, err)
	}
	fresh := dial()
	click(fresh)
	click(kept)
	each := (memory() - alone) / manyOpen
	if !raceDetector { // it needs memory of its own
		require.Less(t, each, 32, "KiB for each connection; %d KiB before", alone)
	}
	t.Logf("%d connections: %d KiB each, %d KiB before", manyOpen, each, alone)
	for range 200 { // beyond the bound
		half = append(half, dial())
	}
	click(kept)
	late := dial()
	for _, conn := range half {
		require.NoError(t, conn.Close())
	}
	click(late)
	require.NoError(t, stop.Close())
	require.NoError(t, cmd.Wait(), "%s", &errs)
	text, err := os.ReadFile(dir + "/clicks")
	require.NoError(t, err)
	require.Equal(t, 5, strings.Count(string(text), "\n"))
}
