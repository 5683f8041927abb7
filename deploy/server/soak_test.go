package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim/wire"
)

var soakFor = flag.Duration("soak", 0, "how long TestSoak runs; 0: for some thousand clicks")

// The shares of a short run, in clicks.
const (
	soakClients = 8
	soakStep    = 150 // between two disturbances
	soakSteps   = 24
)

const (
	soakSites = `{"sites": {
  "link.example.com": {"esp": "none", "keys": ["k1"], "destinations": ["shop.example.com"], "home": "https://HOME.example.com/"},
  "ask.example.com": {"esp": "ses-us-east-1", "when_esp_fails": "redirect", "destinations": ["shop.example.com"]},
  "told.example.com": {"esp": "ses-us-east-1", "clicks": "redirect", "destinations": ["shop.example.com"]}}}`
	soakSecret = "9b1c0e6df2a84735a1c5e0d7936b48f2"
)

// soak is a server under load whose surroundings change.
type soak struct {
	t  *testing.T
	r  *running
	ca *origins.Authority

	esp    atomic.Pointer[wire.Server]
	addr   atomic.Pointer[string] // of the ESP
	served atomic.Int64           // by the ESP

	signed, asked, told atomic.Int64
	stop                atomic.Bool
	problem             atomic.Pointer[error]
	logs                int
}

func (s *soak) clicks() int64 { return s.signed.Load() + s.asked.Load() + s.told.Load() }

func (s *soak) failed(err error) { s.problem.CompareAndSwap(nil, &err); s.stop.Store(true) }

// revive starts the ESP at a new address.
func (s *soak) revive() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(s.t, err)
	addr := ln.Addr().String()
	esp := &wire.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.served.Add(1)
		w.Header().Set("Location", "https://shop.example.com/a?b=1")
		w.WriteHeader(302)
	})}
	s.esp.Store(esp)
	s.addr.Store(&addr)
	go esp.Serve(ln)
}

// kill ends the ESP in the midst of its requests.
func (s *soak) kill() { require.NoError(s.t, s.esp.Load().Close()) }

// client clicks until the end over one connection, with TLS or without.
func (s *soak) client(i int) {
	conn, err := s.dial(i%2 == 1)
	if err != nil {
		s.failed(err)
		return
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for n := 0; !s.stop.Load(); n++ {
		host, target, count := "ask.example.com", sesClick, &s.asked
		switch n % 3 {
		case 0:
			id := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d-%d", i, n))
			link, err := signed.Mint(signed.Link{Host: "link.example.com", KeyID: "k1", ID: id, Destination: "https://shop.example.com/a?b=1"}, []byte(soakSecret))
			if err != nil {
				s.failed(err)
				return
			}
			host, target, count = "link.example.com", strings.TrimPrefix(link, "https://link.example.com"), &s.signed
		case 1:
			host, count = "told.example.com", &s.told
		}
		if err := soakClick(conn, in, host, target); err != nil {
			s.failed(fmt.Errorf("client %d, click %d on %s: %w", i, n, host, err))
			return
		}
		count.Add(1)
	}
}

func (s *soak) dial(secure bool) (net.Conn, error) {
	if !secure {
		return net.Dial("tcp", s.r.addr("http"))
	}
	return tls.Dial("tcp", s.r.addr("https"), &tls.Config{RootCAs: s.ca.Pool(), ServerName: "link.example.com"})
}

func soakClick(conn net.Conn, in *bufio.Reader, host, target string) error {
	if err := conn.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", target, host, browserFields); err != nil {
		return err
	}
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	if got := resp.Header.Get("Location"); resp.StatusCode != 302 || got != "https://shop.example.com/a?b=1" {
		return fmt.Errorf("status %d, location %q", resp.StatusCode, got)
	}
	return resp.Body.Close()
}

// await waits for more clicks, or the end.
func (s *soak) await(more int64) {
	until := s.clicks() + more
	require.Eventually(s.t, func() bool { return s.stop.Load() || s.clicks() >= until }, 5*time.Minute, time.Millisecond)
}

// disturb changes one thing of the surroundings, and waits until it has.
func (s *soak) disturb(step int) {
	switch step % 6 {
	case 0:
		s.kill()
	case 1, 4:
		home := fmt.Sprintf("www%d", step)
		s.r.write("sites.json", strings.Replace(soakSites, "HOME", home, 1))
		said := strings.Count(s.r.err.String(), "in service now")
		s.r.hangups <- struct{}{}
		require.Eventually(s.t, func() bool { return strings.Count(s.r.err.String(), "in service now") > said }, wait30, time.Millisecond)
	case 2:
		s.revive()
	case 3:
		s.r.certificateFor(s.ca, "*.example.com") // is found by the server itself
	case 5:
		s.logs++
		require.NoError(s.t, os.Rename(s.r.file("clicks"), s.r.file(fmt.Sprintf("clicks.%d", s.logs))))
		s.r.hangups <- struct{}{}
	}
}

// inHeap is the memory in use after a collection.
func inHeap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Under load, while the ESP dies and returns, sites.json changes, certificates
// are renewed and the log is moved away, each click is answered right and has
// its line, once; memory stays, and nothing is left running.
func TestSoak(t *testing.T) {
	before := runtime.NumGoroutine()
	s := &soak{t: t, r: newRunning(t, strings.Replace(soakSites, "HOME", "www", 1))}
	var err error
	s.ca, err = origins.NewAuthority("test")
	require.NoError(t, err)
	s.r.certificateFor(s.ca, "*.example.com")
	s.revive()
	o := s.r.options()
	o.HTTPS, o.Cert, o.Key, o.Log = "127.0.0.1:0", s.r.file("cert.pem"), s.r.file("key.pem"), s.r.file("clicks")
	o.Keys = s.r.write("keys", "k1="+soakSecret+"\n")
	pool := &Pool{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, *s.addr.Load())
	}}
	o.Origins = plainOrigins{pool}
	s.r.start(o)
	var clients sync.WaitGroup
	start := time.Now()
	for i := range soakClients {
		clients.Go(func() { s.client(i) })
	}
	heap := s.disturbances(start)
	s.stop.Store(true)
	clients.Wait()
	if p := s.problem.Load(); p != nil {
		require.NoError(t, *p)
	}
	took := time.Since(start)
	s.r.end()
	s.kill()
	pool.Close()
	s.requireLines()
	if !assert.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 }, wait30, tick) { // one asks
		require.FailNow(t, "goroutines are left", stacks())
	}
	t.Logf("%d clicks in %v (%d signed, %d asked, %d told, %d served by the ESP), %d reloads, %d logs; heap after each tenth, in KiB: %v",
		s.clicks(), took.Round(time.Millisecond), s.signed.Load(), s.asked.Load(), s.told.Load(), s.served.Load(),
		strings.Count(s.r.err.String(), "in service now"), s.logs+1, heap)
}

// disturbances goes on for the time that is asked for, or a number of steps. It
// returns the heap from time to time, which must not grow.
func (s *soak) disturbances(start time.Time) (heap []int64) {
	tenth := func(step int) int {
		if *soakFor > 0 {
			return int(10 * time.Since(start) / *soakFor)
		}
		return 10 * step / soakSteps
	}
	for step := 0; tenth(step) < 10 && !s.stop.Load(); step++ {
		s.await(soakStep)
		s.disturb(step)
		if tenth(step) > len(heap) {
			heap = append(heap, inHeap()>>10)
		}
	}
	if len(heap) > 1 {
		require.Less(s.t, heap[len(heap)-1], heap[0]+8<<10, "the heap grows: %v KiB", heap)
	}
	return heap
}

// requireLines requires one line for each click.
func (s *soak) requireLines() {
	names, err := filepath.Glob(s.r.file("clicks*"))
	require.NoError(s.t, err)
	hosts, ids, answered := map[string]int64{}, map[string]bool{}, int64(0)
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(s.t, err)
		for line := range bytes.Lines(text) {
			var l struct {
				Host         string
				Request      string
				OriginStatus int `json:"origin_status"`
				Status       int
			}
			require.NoError(s.t, json.Unmarshal(line, &l), "%s", line)
			require.False(s.t, ids[l.Request], "twice: %s", line)
			ids[l.Request] = true
			require.Equal(s.t, 302, l.Status)
			if hosts[l.Host]++; l.OriginStatus == 302 {
				answered++
			}
		}
	}
	require.Equal(s.t, map[string]int64{"link.example.com": s.signed.Load(), "ask.example.com": s.asked.Load(), "told.example.com": s.told.Load()}, hosts)
	require.Positive(s.t, answered)
	require.LessOrEqual(s.t, answered, s.served.Load())
	require.LessOrEqual(s.t, s.served.Load(), s.asked.Load()+s.told.Load(), "no click was sent twice")
}

func stacks() string {
	text := make([]byte, 1<<20)
	return string(text[:runtime.Stack(text, true)])
}
