package origin

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// counted is a backend whose connections and requests are counted; each
// connection answers as many requests as there are texts.
func counted(t *testing.T, answers ...string) (b *Backend, conns, requests *atomic.Int32) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	conns, requests = new(atomic.Int32), new(atomic.Int32)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conns.Add(1)
			go func() {
				defer conn.Close()
				for _, answer := range answers {
					if head := make([]byte, 4096); !readHead(conn, head) {
						return
					}
					requests.Add(1)
					io.WriteString(conn, answer)
				}
			}()
		}
	}()
	b = &Backend{Pool: &Pool{}}
	require.NoError(t, b.ParseURL("http://"+ln.Addr().String()))
	t.Cleanup(b.Pool.Close)
	return b, conns, requests
}

func readHead(conn net.Conn, buf []byte) bool {
	for n := 0; !strings.HasSuffix(string(buf[:n]), "\r\n\r\n"); {
		m, err := conn.Read(buf[n:])
		if err != nil {
			return false
		}
		n += m
	}
	return true
}

func ask(t *testing.T, b *Backend, method string) (string, error) {
	t.Helper()
	req := b.Prepare(&Request{Method: method, Target: "/", Body: http.NoBody})
	resp, err := b.Send(context.Background(), req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

const whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func TestConnectionsAreKept(t *testing.T) {
	cases := []struct {
		name    string
		method  string
		answers []string
		conns   int32 // for four requests
	}{
		{"kept", "GET", []string{whole, whole, whole, whole}, 1},
		{"with chunks", "GET", []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", whole, whole, whole}, 1},
		{"closed with a word", "GET", []string{"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"}, 4},
		{"closed without one", "GET", []string{whole}, 4},
		{"until the end", "GET", []string{"HTTP/1.1 200 OK\r\n\r\nok"}, 4},
		{"more than was asked for", "GET", []string{whole + whole}, 4},
		{"with a length of its own", "POST", []string{whole, whole, whole, whole}, 4},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b, conns, requests := counted(t, c.answers...)
			for range 4 {
				body, err := ask(t, b, c.method)
				require.NoError(t, err)
				require.Equal(t, "ok", body)
			}
			require.Equal(t, c.conns, conns.Load())
			require.EqualValues(t, 4, requests.Load(), "each request comes once")
		})
	}
}

// A body that was not read leaves nothing behind that the next request could
// take for its answer.
func TestUnreadBodiesAreNotKept(t *testing.T) {
	b, conns, _ := counted(t, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nleft", whole)
	for range 2 {
		resp, err := b.Send(context.Background(), b.Prepare(&Request{Method: "GET", Target: "/"}))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}
	require.EqualValues(t, 2, conns.Load())
}

// An origin that answers nothing is asked again only where an idle connection
// may have been the reason.
func TestNoAnswerIsNotRepeated(t *testing.T) {
	b, conns, _ := counted(t, "")
	_, err := ask(t, b, "GET")
	require.ErrorIs(t, err, io.EOF)
	require.EqualValues(t, 1, conns.Load())
}

// A request that was read and lost stays a request that may have been read,
// though the one that is sent in its place cannot even be sent.
func TestLostRequestStaysLost(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan struct{})
	go func() {
		defer close(served)
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		buf := make([]byte, 4096)
		if readHead(conn, buf) {
			io.WriteString(conn, whole)
		}
		readHead(conn, buf)
		ln.Close()
	}()
	b := &Backend{Pool: &Pool{}}
	require.NoError(t, b.ParseURL("http://"+ln.Addr().String()))
	t.Cleanup(b.Pool.Close)
	_, err = ask(t, b, "GET")
	require.NoError(t, err)
	_, err = ask(t, b, "GET")
	require.ErrorIs(t, err, io.EOF)
	<-served
}

func TestLoopback(t *testing.T) {
	for url, want := range map[string]bool{"http://localhost": true, "http://LOCALHOST.:1": true, "https://app.localhost": true, "http://127.9.9.9": true,
		"http://[::1]:80": true, "http://[::ffff:127.0.0.1]": true, "http://10.0.0.1": false, "http://localhost.example.com": false, "http://notlocalhost": false} {
		b := &Backend{}
		require.NoError(t, b.ParseURL(url))
		require.Equal(t, want, b.Loopback(), url)
	}
}
