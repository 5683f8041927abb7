// Package measure runs guests and measures them.
//
// Start with [Open]: a [Session] is a module on an engine, with one click after
// the other.
package measure

import (
	"context"
	"fmt"
	"time"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/engine"
	"github.com/clickedge/clickedge/hostsim"
)

// Subject is a module that is measured.
type Subject struct {
	Name  string // one word, for results.json
	Title string // for people
	Wasm  []byte
	Entry string // "" is _start
	Sites []byte // the service that it runs in; nil: the usual three sites
	// Check says what is wrong with an answer; nil: only the guest's end is
	// checked.
	Check Check
}

// Check says what is wrong with an answer to a click; "" if nothing.
type Check func(*clicks.Kind, *hostsim.Response, *hostsim.Exchange) string

// UsualSites is the default number of sites.
const UsualSites = 3

// Session is a subject on an engine. It is closed after use.
type Session struct {
	subject Subject
	engine  *engine.Engine // nil in timed sessions
	host    *hostsim.Host
	Compile time.Duration
}

// Open compiles a subject to be counted. Its module is instrumented before.
func Open(ctx context.Context, s Subject) (*Session, error) {
	e := engine.New()
	return open(ctx, s, e, func(cfg *hostsim.Config) { cfg.Engine = e })
}

// OpenWazero compiles a subject for the simulator's own engine, as on a laptop.
func OpenWazero(ctx context.Context, s Subject) (*Session, error) {
	return open(ctx, s, nil, func(*hostsim.Config) {})
}

func open(ctx context.Context, s Subject, e *engine.Engine, change func(*hostsim.Config)) (*Session, error) {
	sites := s.Sites
	if sites == nil {
		sites = clicks.Sites(UsualSites)
	}
	cfg, err := clicks.Config(sites)
	if err != nil {
		return nil, err
	}
	cfg.Entry = s.Entry
	change(&cfg)
	start := time.Now()
	host, err := hostsim.New(ctx, s.Wasm, cfg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Title, err)
	}
	return &Session{subject: s, engine: e, host: host, Compile: time.Since(start)}, nil
}

// Close closes the module.
func (s *Session) Close(ctx context.Context) error { return s.host.Close(ctx) }

// Probe sets the probe of the next clicks.
func (s *Session) Probe(p engine.Probe) { s.engine.SetProbe(p) }

// Counts returns what the latest click took.
func (s *Session) Counts() engine.Counts { return s.engine.Last() }

// Click makes one click, and fails if the answer is wrong.
func (s *Session) Click(ctx context.Context, k *clicks.Kind) (*hostsim.Exchange, error) {
	resp, x, err := s.host.Do(ctx, &k.Request)
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", s.subject.Title, k.Title, err)
	}
	wrong := ""
	switch {
	case !x.Ending.OK():
		wrong = fmt.Sprintf("guest %s: %s %s", x.Ending, x.Ending.Message, x.Stderr)
	case s.subject.Check != nil:
		wrong = s.subject.Check(k, resp, x)
	}
	if wrong != "" {
		return nil, fmt.Errorf("%s, %s: %s", s.subject.Title, k.Title, wrong)
	}
	return x, nil
}
