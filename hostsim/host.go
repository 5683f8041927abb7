package hostsim

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Host runs one module. Each request gets a sandbox of its own. All methods are
// safe for concurrent use.
type Host struct {
	cfg     Config
	svc     *abi.Service
	program Program
	nextID  atomic.Uint64
	queue   queue
	turns   *turns
	faults  *faults

	ctx    context.Context // ends when the Host is closed
	cancel context.CancelCauseFunc
	mu     sync.Mutex
	closed bool
	guests sync.WaitGroup
}

var _ http.Handler = (*Host)(nil)

// errClosed ends guests that still run when the host is closed.
var errClosed = errors.New("host closed")

// New compiles module once. It fails when module is not a core WebAssembly
// module, imports something that Compute does not have or has with another
// type, or lacks an exported memory or the entry; the error names all such
// problems. It fails, too, when cfg has a mistake.
func New(ctx context.Context, module []byte, cfg Config) (*Host, error) {
	if len(module) == 0 {
		return nil, errNoModule
	}
	cfg = cfg.orDefaults()
	svc, err := cfg.service()
	if err != nil {
		return nil, err
	}
	switch cfg.UnknownImports {
	case RefuseUnknownImports, TrapUnknownImports, ZeroUnknownImports:
	default:
		return nil, fmt.Errorf("config: unknown imports %q: want %q or %q", cfg.UnknownImports, TrapUnknownImports, ZeroUnknownImports)
	}
	if _, ours := cfg.Engine.(*wazeroEngine); !ours && cfg.Profile != nil {
		return nil, errors.New("config: a profile is for the default engine only")
	}
	faults, err := newFaults(&cfg)
	if err != nil {
		return nil, err
	}
	program, err := cfg.Engine.Compile(ctx, module)
	if err != nil {
		return nil, err
	}
	if p, ours := program.(*wazeroProgram); ours {
		cfg.Warnings = slices.Concat(cfg.Warnings, p.problems)
	}
	for _, warning := range cfg.Warnings {
		cfg.Log.Warn(warning)
	}
	h := &Host{cfg: cfg, svc: svc, program: program, faults: faults, turns: newTurns(cfg.Limits.Guests)}
	h.ctx, h.cancel = context.WithCancelCause(context.Background())
	return h, nil
}

func (c Config) orDefaults() Config {
	if c.Production {
		c.setProduction()
	}
	c.Limits = c.Limits.orDefaults()
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Rand = &lockedReader{r: cmp.Or(c.Rand, rand.Reader)}
	c.Entry = cmp.Or(c.Entry, "_start")
	c.Scheme = cmp.Or(c.Scheme, "http")
	if c.Engine == nil {
		c.Engine = &wazeroEngine{cacheDir: c.CacheDir, entry: c.Entry, pages: c.Limits.MemoryPages, unknown: c.UnknownImports, profile: c.Profile}
	}
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	return c
}

// lockedReader lets parallel guests share one source of randomness.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}

// Serve serves plain HTTP/1.1 on ln, with exact targets and ordered headers,
// until ctx ends; it then waits for the requests under way and returns nil. For
// TLS or other settings, use a wire.Server with the Host as its Handler.
func (h *Host) Serve(ctx context.Context, ln net.Listener) error {
	srv := &wire.Server{Handler: h, Log: h.cfg.Log}
	stop := context.AfterFunc(ctx, func() { srv.Shutdown(context.WithoutCancel(ctx)) })
	defer stop()
	err := srv.Serve(ln)
	if !errors.Is(err, http.ErrServerClosed) {
		srv.Close()
		return err
	}
	return srv.Shutdown(context.WithoutCancel(ctx))
}

// enter counts one more guest, unless the host is closed.
func (h *Host) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.guests.Add(1)
	return true
}

// Close ends the guests that still run, waits for them, and frees the compiled
// module. Further requests get a 503.
func (h *Host) Close(ctx context.Context) error {
	h.mu.Lock()
	again := h.closed
	h.closed = true
	h.mu.Unlock()
	if again {
		return nil
	}
	h.cancel(errClosed)
	h.guests.Wait()
	for _, backend := range h.svc.Backends {
		if backend.Pool != nil {
			backend.Pool.Close()
		}
	}
	return h.program.Close(ctx)
}

// Seed is Config.Seed, or the one that was chosen.
func (h *Host) Seed() uint64 { return h.cfg.Seed }

// KV returns what a KV store has under a key now. The value must not be
// changed.
func (h *Host) KV(store, key string) (KVEntry, bool) {
	e, ok := h.svc.KV.Get(store, key)
	return KVEntry{Value: e.Value, Metadata: e.Metadata}, ok
}

// SetConfig changes what a config store or dictionary has under a key; a store
// that is not there is made. Guests that have opened the store keep what it had
// then.
func (h *Host) SetConfig(store, key, value string) {
	h.svc.ChangeConfig(store, func(items map[string]string) { items[key] = value })
}

// DeleteConfig removes a key from a config store or dictionary. The store
// stays.
func (h *Host) DeleteConfig(store, key string) {
	h.svc.ChangeConfig(store, func(items map[string]string) { delete(items, key) })
}

// Purge removes what guests and the HTTP cache have stored under a surrogate
// key. With soft it becomes stale instead.
func (h *Host) Purge(surrogateKey string, soft bool) { h.svc.Cache.Purge(surrogateKey, soft) }

// PurgeAll removes everything from the caches.
func (h *Host) PurgeAll() { h.svc.Cache.PurgeAll() }

// Requests is how many requests the Host has taken, those under way included.
func (h *Host) Requests() uint64 { return h.nextID.Load() }
