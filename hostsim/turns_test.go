package hostsim

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// 400 requests, 200 at once, are answered, each from a backend on loopback: none
// fails because the machine is busy.
func TestHundredsAtOnce(t *testing.T) {
	origin := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RequestURI) }))
	var connections atomic.Int32
	counting, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RequestURI) }),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				connections.Add(1)
			}
		}}
	go srv.Serve(counting)
	defer srv.Close()
	for name, backend := range map[string]Backend{
		"address": {URL: "http://" + origin}, "kept": {URL: "http://" + counting.Addr().String()},
		"handler": {Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RequestURI) })},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, "raw", Config{Backends: map[string]Backend{"origin": backend}})
			addr := servers["Host.Serve"](t, h)
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			var all sync.WaitGroup
			for i := range 200 {
				all.Go(func() {
					for again := range 2 {
						target := fmt.Sprintf("/%d/%d", i, again)
						resp, err := client.Get("http://" + addr + target)
						if err != nil {
							t.Error(err)
							return
						}
						body, _ := io.ReadAll(resp.Body)
						resp.Body.Close()
						if resp.StatusCode != 200 || string(body) != target {
							t.Errorf("%d, %q in place of %q", resp.StatusCode, body, target)
						}
					}
				})
			}
			all.Wait()
		})
	}
	require.Positive(t, connections.Load())
}

// A guest that waits for another one of the same host has no turn meanwhile.
func TestTurnsAreGivenBackInWaits(t *testing.T) {
	var h *Host
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/5" {
			fmt.Fprint(w, "the innermost")
			return
		}
		resp, _, err := h.Do(r.Context(), &Request{Target: fmt.Sprintf("/%d", r.URL.Path[1]-'0'+1)})
		if err != nil {
			panic(err)
		}
		w.Write(resp.Body)
	})
	h = newHost(t, "raw", Config{Limits: Limits{Guests: 1}, Backends: map[string]Backend{"origin": {Handler: inner}}})
	resp, _ := do(t, h, &Request{Target: "/1"})
	require.Equal(t, "the innermost", string(resp.Body))
}

func TestTurns(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	turns := newTurns(1)
	require.True(t, turns.take(ctx))
	got := make(chan bool)
	go func() { got <- turns.take(ctx) }()
	require.Eventually(t, turns.wanted, patience, 1)
	turns.give()
	require.True(t, <-got, "the one that waits has it")
	go func() { got <- turns.take(ctx) }()
	require.Eventually(t, turns.wanted, patience, 1)
	cancel()
	require.False(t, <-got, "whoever goes does not get it")
	require.False(t, turns.wanted())
	turns.give()
	require.True(t, turns.take(ctx))
}

// A guest that computes without end does not keep the others from their turns.
func TestTurnsAreTaken(t *testing.T) {
	h := newHost(t, "raw", Config{Limits: Limits{Guests: 1}})
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan *Exchange, 1)
	go func() {
		_, x, _ := h.Do(ctx, &Request{Target: "/loop"})
		over <- x
	}()
	require.Eventually(t, func() bool { return h.Requests() == 1 }, patience, time.Millisecond)
	for range 3 {
		resp, _ := do(t, h, &Request{Target: "/uri"})
		require.Equal(t, 200, resp.Status)
	}
	require.Empty(t, over, "the first one still computes")
	h.cancel(errClosed)
	require.Equal(t, Cancelled, (<-over).Ending.Kind)
	cancel()
}
