package main

import (
	"context"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/clickedge/clickedge/hostsim"
)

// reloader serves a module, and checks its file before each request. When the
// file cannot be used, the old module stays: a build may be under way. What
// guests have put into stores and the cache is lost with the old module.
type reloader struct {
	path string
	cfg  hostsim.Config
	mu   sync.RWMutex
	now  *loaded
	seen stamp
	old  sync.WaitGroup
}

// loaded is a module and the requests that it serves.
type loaded struct {
	*hostsim.Host
	requests sync.WaitGroup
}

// stamp distinguishes versions of a file.
type stamp struct {
	modified time.Time
	size     int64
}

func newReloader(ctx context.Context, path string, cfg hostsim.Config) (*reloader, error) {
	r := &reloader{path: path, cfg: cfg}
	host, seen, err := r.load(ctx)
	r.now, r.seen = &loaded{Host: host}, seen
	return r, err
}

func (r *reloader) stamp() (stamp, error) {
	info, err := os.Stat(r.path)
	if err != nil {
		return stamp{}, err
	}
	return stamp{info.ModTime(), info.Size()}, nil
}

func (r *reloader) load(ctx context.Context) (*hostsim.Host, stamp, error) {
	// before reading: what is written meanwhile is seen next time
	seen, err := r.stamp()
	if err != nil {
		return nil, seen, err
	}
	module, err := os.ReadFile(r.path)
	if err != nil {
		return nil, seen, err
	}
	host, err := hostsim.New(ctx, module, r.cfg)
	return host, seen, err
}

// ServeHTTP serves with the module as the file has it now.
func (r *reloader) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.refresh(req.Context())
	r.mu.RLock()
	now := r.now
	now.requests.Add(1)
	r.mu.RUnlock()
	defer now.requests.Done()
	now.ServeHTTP(w, req)
}

func (r *reloader) refresh(ctx context.Context) {
	now, err := r.stamp()
	r.mu.RLock()
	same := err != nil || now == r.seen
	r.mu.RUnlock()
	if same {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now == r.seen {
		return // another request was first
	}
	host, seen, err := r.load(context.WithoutCancel(ctx))
	r.seen = seen
	if err != nil {
		if r.cfg.Log != nil {
			r.cfg.Log.Warn("module not loaded again", "file", r.path, "error", err)
		}
		return
	}
	r.retire(r.now)
	r.now = &loaded{Host: host}
}

// retire closes a module after it has answered its requests.
func (r *reloader) retire(l *loaded) {
	r.old.Go(func() {
		l.requests.Wait()
		l.Close(context.Background())
	})
}

// Close ends everything. No request may come any more.
func (r *reloader) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.retire(r.now)
	r.old.Wait()
}
