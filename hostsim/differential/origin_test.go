package differential

import (
	"bufio"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// origin answers every connection once, by the path that it is asked for, and
// keeps what it has got.
type origin struct {
	url  string
	mu   sync.Mutex
	got  []message
	open sync.WaitGroup
}

// answers of an origin, as they go onto the wire. A path that is not listed
// gets the one of "/".
var answers = map[string]string{
	"/":          "HTTP/1.1 200 OK\r\nX-Origin: Yes\r\nx-origin: again\r\nX-Empty:\r\nContent-Length: 7\r\n\r\nanswer\n",
	"/chunked":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n4;ext=1\r\nhalf\r\n0\r\n\r\n",
	"/trailer":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 42\r\n\r\n",
	"/close":     "HTTP/1.1 200 OK\r\n\r\nuntil the end",
	"/204":       "HTTP/1.1 204 No Content\r\nX-Origin: none\r\n\r\n",
	"/304":       "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n",
	"/302":       "HTTP/1.1 302 Found\r\nLocation: https://www.example.com/a?b=c&d=%zz\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\nContent-Length: 0\r\n\r\n",
	"/404":       "HTTP/1.1 404 Nowhere To Be Found\r\nContent-Length: 4\r\n\r\nnone",
	"/599":       "HTTP/1.1 599 Odd\r\nContent-Length: 0\r\n\r\n",
	"/103":       "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
	"/latin":     "HTTP/1.1 200 OK\r\nX-Latin: caf\xe9\r\nContent-Length: 0\r\n\r\n",
	"/short":     "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
	"/cut":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
	"/nothing":   "",
	"/not-http":  "SSH-2.0-nothing\r\n\r\n",
	"/half-head": "HTTP/1.1 200 OK\r\nX-Half: y",
	"/both":      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
	"/old":       "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold",
	"/folded":    "HTTP/1.1 200 OK\r\nX-Folded: a\r\n b\r\nContent-Length: 0\r\n\r\n",
	"/gzip":      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 25\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcbH\xcd\xc9\xc9\x07\x00\x86\xa6\x106\x05\x00\x00\x00",
	"/big":       "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + strings.Repeat("0123456789", 30000),
}

// newOrigin answers until the test is over. early: without waiting for the
// request's body.
func newOrigin(t *testing.T) *origin {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	o := &origin{url: "http://" + ln.Addr().String()}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			o.open.Add(1)
			go o.serve(conn)
		}
	}()
	return o
}

func (o *origin) serve(conn net.Conn) {
	defer o.open.Done()
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	m, err := readMessage(bufio.NewReader(&early{conn: conn}), false)
	if err != nil {
		return
	}
	o.mu.Lock()
	o.got = append(o.got, m)
	o.mu.Unlock()
	_, target, _ := strings.Cut(m.Start, " ")
	target, _, _ = strings.Cut(target, " ")
	path, _, _ := strings.Cut(target, "?")
	answer, ok := answers[path]
	if !ok {
		answer = answers["/"]
	}
	io.WriteString(conn, answer)
}

// early ends a request whose body will not be waited for behind its head.
type early struct {
	conn net.Conn
	head string
	over bool
}

func (e *early) Read(p []byte) (int, error) {
	if e.over {
		return 0, io.EOF
	}
	n, err := e.conn.Read(p)
	if len(e.head) < 4096 {
		e.head += string(p[:n])
	}
	_, target, _ := strings.Cut(e.head, " ")
	e.over = strings.HasPrefix(target, "/streamed") && strings.Contains(e.head, "\r\n\r\n")
	return n, err
}

// await waits until n requests have come since the last take.
func (o *origin) await(n int) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		o.mu.Lock()
		have := len(o.got)
		o.mu.Unlock()
		if have >= n {
			return
		}
	}
}

// take returns what has come since the last take, once the connections are
// closed.
func (o *origin) take() []message {
	o.open.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	got := o.got
	o.got = nil
	return got
}
