package server

import (
	"bufio"
	"context"
	"io"
	"math"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// browserFields are what a browser sends when a reader follows a link in a mail.
const browserFields = "sec-ch-ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\"\r\nsec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Windows\"\r\n" +
	"upgrade-insecure-requests: 1\r\nuser-agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n" +
	"accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nsec-fetch-site: cross-site\r\nsec-fetch-mode: navigate\r\n" +
	"sec-fetch-user: ?1\r\nsec-fetch-dest: document\r\naccept-encoding: gzip, deflate, br, zstd\r\naccept-language: en-GB,en;q=0.9\r\n"

// calls counts what a connection is asked for.
type calls struct {
	net.Conn
	reads, writes atomic.Int64
}

func (c *calls) Read(p []byte) (int, error)  { c.reads.Add(1); return c.Conn.Read(p) }
func (c *calls) Write(p []byte) (int, error) { c.writes.Add(1); return c.Conn.Write(p) }

// signedRig is a server with a site of signed links, and a request for one.
func signedRig(t *testing.T) (r *rig, request string) {
	t.Helper()
	secret := []byte("9b1c0e6df2a84735a1c5e0d7936b48f2")
	r = newRig(t, `{"sites": {"link.example.com": {"esp": "none", "keys": ["k1"], "destinations": ["shop.example.com"]}}}`)
	c := *r.Content()
	c.Keys = secrets{"k1": secret}
	r.Put(&c)
	link, err := signed.Mint(signed.Link{Host: "link.example.com", KeyID: "k1", ID: "cmVhZGVyNDI", Destination: "https://shop.example.com/spring?utm_source=mail"}, secret)
	require.NoError(t, err)
	r.Log = io.Discard
	r.Observe = newMetrics().line
	return r, "GET " + strings.TrimPrefix(link, "https://link.example.com") + " HTTP/1.1\r\nHost: link.example.com\r\n" + browserFields + "\r\n"
}

// connected returns both ends of a connection on loopback; calls of the far one
// are counted.
func connected(t *testing.T) (near net.Conn, far *calls) {
	t.Helper()
	ln := listener(t)
	near, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { near.Close() })
	conn, err := ln.Accept()
	require.NoError(t, err)
	return near, &calls{Conn: conn}
}

// A signed redirect allocates three texts, which may be kept: the head, the id
// and the destination. It takes one read and one write.
func TestRedirectCosts(t *testing.T) {
	r, request := signedRig(t)
	near, conn := connected(t)
	go (&wire.Server{Raw: r.Server, Handler: r.Server, HeadTimeout: headTimeout, WriteTimeout: writeTimeout}).ServeConn(conn)
	head, answer := []byte(request), make([]byte, 4<<10)
	var whole bool
	click := func() { // allocates nothing itself
		_, err := near.Write(head)
		n, readErr := near.Read(answer)
		whole = err == nil && readErr == nil && string(answer[:13]) == "HTTP/1.1 302 " && string(answer[n-4:n]) == "\r\n\r\n"
	}
	click() // makes what is used again
	require.True(t, whole, "%s", answer)
	least := math.Inf(1) // a collection drops what is to be used again
	for range 20 {
		least = min(least, testing.AllocsPerRun(50, click))
	}
	if !raceDetector { // which drops it at random
		require.LessOrEqual(t, least, 3.0)
	}
	reads, writes := conn.reads.Load(), conn.writes.Load()
	for range 100 {
		click()
		require.True(t, whole, "the answer comes in one piece")
	}
	require.EqualValues(t, 100, conn.writes.Load()-writes, "writes of the answer")
	// one more may wait for the next request, as one did before
	require.InDelta(t, 100, conn.reads.Load()-reads, 1, "reads of the request")
}

// proxyRig is a server that asks an ESP on loopback, whose connection counts its
// calls, and a request for it.
func proxyRig(t *testing.T) (r *rig, esp *calls, request string) {
	t.Helper()
	r = newRig(t, `{"sites": {"link.example.com": {"esp": "ses-us-east-1"}}}`)
	answer := []byte("HTTP/1.1 302 Found\r\nLocation: https://shop.example.com/a?b=1\r\nContent-Length: 0\r\nContent-Type: text/html\r\n\r\n")
	ln := listener(t)
	go func() {
		conn, err := ln.Accept()
		for b := make([]byte, 8<<10); err == nil; {
			if _, err = conn.Read(b); err == nil {
				_, err = conn.Write(answer)
			}
		}
	}()
	esp = &calls{}
	pool := &Pool{Dial: func(ctx context.Context, network, _ string) (conn net.Conn, err error) {
		esp.Conn, err = new(net.Dialer).DialContext(ctx, network, ln.Addr().String())
		return esp, err
	}}
	t.Cleanup(pool.Close)
	r.Origins = plainOrigins{pool}
	r.Log = io.Discard
	r.Observe = newMetrics().line
	return r, esp, "GET " + sesClick + " HTTP/1.1\r\nHost: link.example.com\r\n" + browserFields + "\r\n"
}

// A proxied click takes one read and one write on either side. Beside texts it
// (two heads, id, address, and what core edits) it allocates the fields of the
// answer and one piece for the exchange with the ESP.
func TestProxyCosts(t *testing.T) {
	r, esp, request := proxyRig(t)
	near, conn := connected(t)
	go (&wire.Server{Raw: r.Server, Handler: r.Server, HeadTimeout: headTimeout, WriteTimeout: writeTimeout}).ServeConn(conn)
	head, answer := []byte(request), make([]byte, 4<<10)
	var whole bool
	click := func() { // allocates nothing itself
		_, err := near.Write(head)
		n, readErr := near.Read(answer)
		whole = err == nil && readErr == nil && string(answer[:13]) == "HTTP/1.1 302 " && string(answer[n-4:n]) == "\r\n\r\n"
	}
	click() // connects
	require.True(t, whole, "%s", answer)
	least := math.Inf(1)
	for range 20 {
		least = min(least, testing.AllocsPerRun(50, click))
	}
	if !raceDetector {
		require.LessOrEqual(t, least, 10.0)
	}
	before := []int64{conn.reads.Load(), conn.writes.Load(), esp.reads.Load(), esp.writes.Load()}
	for range 100 {
		click()
		require.True(t, whole)
	}
	for i, now := range []int64{conn.reads.Load(), conn.writes.Load(), esp.reads.Load(), esp.writes.Load()} {
		require.InDelta(t, 100, now-before[i], 1, "reads and writes, of the reader's connection and of the ESP's: %d", i)
	}
}

// Requests that came together are read together.
func TestPipelinedRedirectsCost(t *testing.T) {
	r, request := signedRig(t)
	near, far := net.Pipe()
	conn := &calls{Conn: far}
	go (&wire.Server{Raw: r.Server, Handler: r.Server}).ServeConn(conn)
	defer near.Close()
	go io.WriteString(near, request+request)
	br := bufio.NewReader(near)
	for range 2 {
		line, err := br.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "HTTP/1.1 302 Found\r\n", line)
		for line != "\r\n" {
			line, err = br.ReadString('\n')
			require.NoError(t, err)
		}
	}
	require.LessOrEqual(t, conn.reads.Load(), int64(2)+1, strconv.Itoa(len(request)))
}
