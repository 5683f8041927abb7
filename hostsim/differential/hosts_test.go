package differential

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim"
)

// outcome is what came of one request on one host.
type outcome struct {
	Failed   string // why there is no answer
	Answer   message
	Interim  []string
	Lines    []string // of log endpoints, stdout and stderr
	Ending   string   // "exit N" or "trap"
	Cause    string   // of a trap; not compared
	Received []message
}

// side is one host with a module.
type side interface {
	address() string
	take(guest bool) (lines []string, ending, cause string, ok bool)
}

func (v *viceroy) address() string                                  { return v.addr }
func (v *viceroy) take(guest bool) ([]string, string, string, bool) { return v.out.take(guest) }
func (s *simulator) address() string                                { return s.addr }

// simulator is hostsim on a listener.
type simulator struct {
	addr    string
	host    *hostsim.Host
	mu      sync.Mutex
	out     bytes.Buffer
	ended   []*hostsim.Exchange
	changed chan struct{}
	begun   int
}

func startSimulator(t *testing.T, module, config string) *simulator {
	t.Helper()
	cfg, err := hostsim.LoadConfig(config)
	require.NoError(t, err)
	s := &simulator{changed: make(chan struct{}, 1)}
	cfg.Stdout, cfg.Stderr = s, s
	cfg.OnLog = func(l hostsim.LogLine) {
		fmt.Fprintf(s, "%s :: %s\n", l.Endpoint, strings.ReplaceAll(l.Line, "\n", `\n`))
	}
	cfg.OnExchange = func(x *hostsim.Exchange) {
		s.mu.Lock()
		s.ended = append(s.ended, x)
		s.mu.Unlock()
		select {
		case s.changed <- struct{}{}:
		default:
		}
	}
	if cache, err := os.UserCacheDir(); err == nil {
		cfg.CacheDir = filepath.Join(cache, "hostsim")
	}
	code, err := os.ReadFile(module)
	require.NoError(t, err)
	s.host, err = hostsim.New(context.Background(), code, cfg)
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.addr = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.host.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		s.host.Close(context.Background())
		<-done
	})
	return s
}

func (s *simulator) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(p)
}

// take waits for the exchange; when the host refused the request before a guest
// saw it, there is none.
func (s *simulator) take(bool) (lines []string, ending, cause string, ok bool) {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for s.pending() {
		select {
		case <-s.changed:
		case <-deadline.C:
			return nil, "", "", false
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ending = "exit 0"
	if len(s.ended) > 0 {
		end := s.ended[len(s.ended)-1].Ending
		cause = end.Message
		switch {
		case end.Kind == hostsim.Exited:
			ending = fmt.Sprintf("exit %d", end.Code)
		default:
			ending = end.String()
		}
		if end.Kind == hostsim.Trapped {
			ending = "trap"
		}
	}
	for line := range strings.Lines(s.out.String()) {
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	s.begun += len(s.ended)
	s.ended = nil
	s.out.Reset()
	return lines, ending, cause, true
}

// pending: requests have begun whose exchange is not complete.
func (s *simulator) pending() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return uint64(s.begun+len(s.ended)) < s.host.Requests()
}

// run makes one request of a host.
func run(s side, o *origin, c requestCase) outcome {
	var r outcome
	var err error
	r.Answer, r.Interim, err = ask(s.address(), c.text)
	if err != nil {
		r.Failed = "no answer"
	}
	// a host's own; no guest here answers so
	guest := !strings.HasPrefix(r.Answer.Start, "HTTP/1.1 400 ")
	ok := false
	if r.Lines, r.Ending, r.Cause, ok = s.take(guest); !ok {
		r.Ending = "never ends"
	}
	if o != nil {
		o.await(c.later)
		r.Received = o.take()
	}
	return r
}
