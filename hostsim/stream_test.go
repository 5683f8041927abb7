package hostsim

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// echoBackend answers with the request body as it comes.
var echoBackend = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s te=%v cl=%d %s", r.Method, r.TransferEncoding, r.ContentLength, body)
})

func TestStreamingUpload(t *testing.T) {
	h := newHost(t, "raw", Config{Backends: map[string]Backend{"origin": {Handler: echoBackend}}})
	resp, _ := do(t, h, &Request{Method: "POST", Target: "/upload", Body: strings.NewReader("third")})
	require.Equal(t, "POST te=[chunked] cl=-1 first,second,third", string(resp.Body))
	resp, _ = do(t, h, &Request{Method: "POST", Target: "/", Body: strings.NewReader("known")})
	require.Equal(t, "POST te=[] cl=5 known", string(resp.Body))
	resp, _ = do(t, h, &Request{Method: "POST", Target: "/", Body: io.MultiReader(strings.NewReader("unknown"))})
	require.Equal(t, "POST te=[chunked] cl=-1 unknown", string(resp.Body))
}

// A backend that fails while the guest still streams must not leave the guest
// waiting: it would finish its body later.
func TestBackendFailsDuringUpload(t *testing.T) {
	h := newHost(t, "raw", Config{Backends: map[string]Backend{"origin": {URL: misbehave(t, "", true), FirstByteTimeout: 50 * time.Millisecond}}})
	resp, x := do(t, h, &Request{Method: "POST", Target: "/upwait"})
	require.Equal(t, "status 1 tag 16", string(resp.Body), "%s", x.Stderr)
	require.True(t, x.Ending.OK(), x.Ending)
}

func TestEchoAndTrailers(t *testing.T) {
	h := newHost(t, "raw", Config{Backends: map[string]Backend{"origin": {Handler: echoBackend}}})
	big := strings.Repeat("0123456789", 100_000)
	resp, _ := do(t, h, &Request{Method: "POST", Target: "/echo", Body: strings.NewReader(big)})
	require.Equal(t, big, string(resp.Body))
	resp, _ = do(t, h, &Request{Target: "/trailer"})
	require.Equal(t, wire.NewHeader("X-Sum", "42"), resp.Trailer)
	addr := listen(t, h)
	_, body, raw := exchange(t, addr, "GET /trailer HTTP/1.1\r\nHost: a\r\n\r\n")
	require.Equal(t, "body", body)
	require.Equal(t, "42", raw.Trailer.Get("X-Sum"))
	req, err := http.NewRequest("POST", "http://"+addr+"/", strings.NewReader(big))
	require.NoError(t, err)
	req.Header.Set("Expect", "100-continue")
	got, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	data, err := io.ReadAll(got.Body)
	got.Body.Close()
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("POST te=[] cl=%d %s", len(big), big), string(data))
}

// When the client goes in mid-response, the guest's writes fail, and it can
// still log.
func TestDisconnectInMidResponse(t *testing.T) {
	exchanges := make(chan *Exchange, 1)
	h := newHost(t, "raw", Config{OnExchange: func(x *Exchange) { exchanges <- x }})
	addr := listen(t, h)
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(4096))
	fmt.Fprintf(conn, "GET /stream/%s HTTP/1.1\r\nHost: a\r\n\r\n", strings.Repeat("x", 100))
	_, err = bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	conn.Close()
	x := <-exchanges
	require.Equal(t, []LogLine{{"stream", "write failed with 1"}}, x.Logs)
	require.True(t, x.Ending.OK(), x.Ending)
}

func TestDisconnectEndsGuest(t *testing.T) {
	exchanges := make(chan *Exchange, 1)
	h := newHost(t, "raw", Config{OnExchange: func(x *Exchange) { exchanges <- x }})
	for _, serve := range []func(testing.TB, http.Handler) string{listen, listenNetHTTP} {
		conn, err := net.Dial("tcp", serve(t, h))
		require.NoError(t, err)
		fmt.Fprintf(conn, "GET /loop HTTP/1.1\r\nHost: a\r\n\r\n")
		require.Eventually(t, func() bool { return h.nextID.Load() > 0 }, 10*time.Second, time.Millisecond)
		conn.Close()
		x := <-exchanges
		require.Equal(t, Cancelled, x.Ending.Kind)
		require.Zero(t, x.Response)
	}
}

// listenNetHTTP serves h behind net/http's own server.
func listenNetHTTP(t testing.TB, h http.Handler) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &http.Server{Handler: h}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	return ln.Addr().String()
}

// A guest that is still reading when the time is up must not hold net/http's
// server.
func TestSlowUploadBehindNetHTTP(t *testing.T) {
	h := newHost(t, "raw", Config{Limits: Limits{Time: 300 * time.Millisecond}})
	for _, serve := range []func(testing.TB, http.Handler) string{listen, listenNetHTTP} {
		conn, err := net.Dial("tcp", serve(t, h))
		require.NoError(t, err)
		defer conn.Close()
		fmt.Fprintf(conn, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
		data, _ := io.ReadAll(conn)
		require.True(t, strings.HasPrefix(string(data), "HTTP/1.1 200 OK\r\n"), "%s", data)
		require.Contains(t, string(data), "half")
		require.NotContains(t, string(data), "\r\n0\r\n", "the body must not look whole")
	}
}

func TestParallel(t *testing.T) {
	h := newHost(t, "raw", Config{Backends: map[string]Backend{"origin": {Handler: echoBackend}}})
	addr := listen(t, h)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	defer client.CloseIdleConnections()
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 10 {
				want := strconv.Itoa(worker*100 + i)
				resp, err := client.Post("http://"+addr+"/upload", "text/plain", strings.NewReader(want))
				if err != nil {
					t.Error(err)
					return
				}
				body, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if string(body) != "POST te=[chunked] cl=-1 first,second,"+want {
					t.Errorf("%s: %s", want, body)
				}
			}
		})
	}
	wg.Wait()
}

// Nothing is left behind: not by answers, traps, time limits, half-read bodies
// or clients that go.
func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	h := newHost(t, "raw", Config{Limits: Limits{Time: 200 * time.Millisecond},
		Backends: map[string]Backend{"origin": {URL: misbehave(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", true)}}})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	for _, target := range []string{"/", "/uri", "/trap", "/loop", "/echo", "/unfinished", "/forget/x", "/pending", "/upload", "/stream/x"} {
		h.Do(context.Background(), &Request{Method: "POST", Target: target, Body: strings.NewReader(strings.Repeat("x", 100_000))})
		h.Do(ctx, &Request{Method: "POST", Target: target, Body: strings.NewReader(strings.Repeat("x", 100_000))})
	}
	require.NoError(t, h.Close(context.Background()))
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+2 }, 5*time.Second, 10*time.Millisecond, "goroutines: %s", stacks())
}

func stacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}
