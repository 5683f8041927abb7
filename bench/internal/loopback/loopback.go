// Package loopback compares proxies on this machine: requests per second and
// latency over 127.0.0.1, in front of the same origin.
package loopback

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/measure"
	"github.com/clickedge/clickedge/hostsim"
)

// ErrAbsent says which server is not installed; it is wrapped with the name and
// how to get it.
var ErrAbsent = errors.New("not installed here")

// Result is one proxy under one load.
type Result struct {
	Name        string         `json:"name"`
	Connections int            `json:"connections"` // each makes one request after the other, and is kept open
	PerSecond   float64        `json:"requests_per_second"`
	Latency     measure.Spread `json:"latency_us"`
	Slow        float64        `json:"latency_p99_us"`
	Slowest     float64        `json:"latency_p999_us"`
}

// Origin serves the ESP of the clicks on loopback.
func Origin() (addr string, stop func(), err error) {
	return serve(http.HandlerFunc(clicks.ESP))
}

func serve(h http.Handler) (string, func(), error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{Handler: h}
	go srv.Serve(ln)
	return ln.Addr().String(), func() { srv.Close() }, nil
}

// Simulator serves a module on loopback; its backends are all at origin.
func Simulator(ctx context.Context, wasm, sites []byte, origin string) (addr string, stop func(), err error) {
	cfg, err := clicks.Config(sites)
	if err != nil {
		return "", nil, err
	}
	for name := range cfg.Backends {
		cfg.Backends[name] = hostsim.Backend{URL: "http://" + origin}
	}
	host, err := hostsim.New(ctx, wasm, cfg)
	if err != nil {
		return "", nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, errors.Join(err, host.Close(ctx))
	}
	ctx, cancel := context.WithCancel(ctx)
	go host.Serve(ctx, ln)
	return ln.Addr().String(), func() { cancel(); host.Close(context.WithoutCancel(ctx)) }, nil
}

// Load makes clicks at addr for this time, over this number of connections.
func Load(ctx context.Context, name, addr string, k *clicks.Kind, connections int, d time.Duration) (Result, error) {
	if _, err := worker(ctx, addr, k, 50*time.Millisecond); err != nil { // to warm up
		return Result{}, fmt.Errorf("%s: %w", name, err)
	}
	var (
		wait    sync.WaitGroup
		mu      sync.Mutex
		all     []time.Duration
		problem error
	)
	start := time.Now()
	for range connections {
		wait.Go(func() {
			list, err := worker(ctx, addr, k, d)
			mu.Lock()
			defer mu.Unlock()
			all, problem = append(all, list...), errors.Join(problem, err)
		})
	}
	wait.Wait()
	took := time.Since(start)
	if problem != nil {
		return Result{}, fmt.Errorf("%s: %w", name, problem)
	}
	latency := measure.InMicros(all)
	return Result{
		Name: name, Connections: connections, PerSecond: float64(len(all)) / took.Seconds(),
		Latency: measure.SpreadOf(latency), Slow: measure.Quantile(latency, 0.99), Slowest: measure.Quantile(latency, 0.999),
	}, nil
}

// worker makes one request after the other over one connection.
func worker(ctx context.Context, addr string, k *clicks.Kind, d time.Duration) (list []time.Duration, err error) {
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 1}
	defer transport.CloseIdleConnections()
	for end := time.Now().Add(d); time.Now().Before(end); {
		start := time.Now()
		if err := click(ctx, transport, addr, k); err != nil {
			return nil, err
		}
		list = append(list, time.Since(start))
	}
	return list, nil
}

func click(ctx context.Context, transport *http.Transport, addr string, k *clicks.Kind) error {
	req, err := http.NewRequestWithContext(ctx, k.Request.Method, "http://"+addr+k.Request.Target, nil)
	if err != nil {
		return err
	}
	req.Host = k.Request.Host
	for _, f := range k.Request.Header {
		req.Header.Set(f.Name, f.Value)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if got := resp.Header.Get("Location"); resp.StatusCode != k.Status || got != k.Location {
		return fmt.Errorf("status %d, location %q, want %d, %q", resp.StatusCode, got, k.Status, k.Location)
	}
	return nil
}
