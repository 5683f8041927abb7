package hostsimtest

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Service is a Compute program under test. It ends with its test.
type Service struct {
	Host  *hostsim.Host
	t     testing.TB
	masks masks
}

// Run builds the package in a folder, "." for the one that the test is in, or
// with an import path, and runs it. What it builds is kept for the next time,
// until no test has asked for it in five days.
func Run(t testing.TB, pkg string, options ...Option) *Service {
	t.Helper()
	s := apply(t, options)
	if strings.Contains(pkg, "...") {
		t.Fatalf("hostsimtest: %q is not one package", pkg)
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("hostsimtest: %v", err)
	}
	made, err := s.builder(dir, pkg).once()
	if err != nil {
		t.Fatalf("hostsimtest: %v", err)
	}
	return start(t, s, made)
}

// RunModule runs a module that has been built otherwise, in any language.
func RunModule(t testing.TB, path string, options ...Option) *Service {
	t.Helper()
	s := apply(t, options)
	module, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("hostsimtest: %v", err)
	}
	return start(t, s, built{module, filepath.Join(s.cache, "modules")})
}

func apply(t testing.TB, options []Option) *settings {
	t.Helper()
	s := &settings{masks: newMasks()}
	for _, option := range options {
		option(s)
	}
	if s.cache != "" {
		return s
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = t.TempDir() // there is no home: nothing is kept
	}
	s.cache = filepath.Join(dir, "hostsimtest")
	return s
}

func start(t testing.TB, s *settings, made built) *Service {
	t.Helper()
	cfg := s.config(t)
	if cfg.CacheDir == "" {
		cfg.CacheDir = compiled(made.folder)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(testOutput{t}, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: withoutTime}))
	}
	h, err := hostsim.New(t.Context(), made.module, cfg)
	if err != nil {
		t.Fatalf("hostsimtest: %v", err)
	}
	t.Cleanup(func() { h.Close(context.WithoutCancel(t.Context())) })
	return &Service{Host: h, t: t, masks: s.masks}
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// testOutput has the host's messages among those of the test.
type testOutput struct{ t testing.TB }

func (o testOutput) Write(p []byte) (int, error) {
	o.t.Logf("%s", strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// In returns the service for a subtest, which then has the failures.
func (s *Service) In(t testing.TB) *Service { return &Service{s.Host, t, s.masks} }

// Get sends GET, with the Host example.com; fields are names and values in
// turn.
func (s *Service) Get(target string, fields ...string) *Exchange {
	s.t.Helper()
	return s.Do(&hostsim.Request{Target: target, Header: wire.NewHeader(fields...)})
}

// Post sends POST with a body.
func (s *Service) Post(target, body string, fields ...string) *Exchange {
	s.t.Helper()
	return s.Do(&hostsim.Request{Method: "POST", Target: target, Body: strings.NewReader(body), Header: wire.NewHeader(fields...)})
}

// Do sends a request. It ends the test when there is no whole answer, and the
// test fails when the program asks a backend that nobody answers for.
func (s *Service) Do(r *hostsim.Request) *Exchange {
	s.t.Helper()
	answer, x, err := s.Host.Do(s.t.Context(), r)
	if err != nil {
		s.t.Fatalf("hostsimtest: no whole answer: %v", err)
	}
	e := &Exchange{Exchange: x, Answer: answer, t: s.t, masks: s.masks}
	for _, sent := range x.Sent {
		if errors.Is(sent.Err, hostsim.ErrNotMocked) {
			s.t.Errorf("%s: request to backend %q: %v\nhint: hostsimtest.Backend or hostsimtest.Dynamic answers for it", e.title(), sent.Backend, sent.Err)
		}
	}
	return e
}

// Exchange is a request and everything that came of it. Its methods that begin
// with Want fail the test, and return the Exchange for the next one.
type Exchange struct {
	*hostsim.Exchange
	Answer *hostsim.Response
	t      testing.TB
	masks  masks
}

// SentTo returns the one request that the program has sent to a backend. With
// none or several the test ends.
func (x *Exchange) SentTo(backend string) *Sent {
	x.t.Helper()
	sent := slices.DeleteFunc(slices.Clone(x.Sent), func(b hostsim.BackendRequest) bool { return b.Backend != backend })
	if len(sent) != 1 {
		x.t.Fatalf("%s: %d requests to backend %q, want one%s", x.title(), len(sent), backend, x.sentText())
	}
	return &Sent{BackendRequest: sent[0], x: x}
}

// Sent is a request that a backend got.
type Sent struct {
	hostsim.BackendRequest
	x *Exchange
}
