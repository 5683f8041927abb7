package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/deploy/serve/page"
	"github.com/clickedge/clickedge/deploy/serve/switches"
	"github.com/clickedge/clickedge/hostsim"
)

// generation is a module with its sites and backends. It serves until
// sites.json or the module changes, and is then closed after its last request.
type generation struct {
	sites   *core.Sites
	text    []byte       // of sites.json, with the files that it names
	stamp   module.Stamp // of text
	wasm    []byte
	learned []learned.Item // inside wasm
	ring    *keyring.Ring
	plan    *backendPlan
	fleet   *origins.Fleet
	host    *hostsim.Host
	handler http.Handler
	inside  sync.WaitGroup // requests under way
	// overrides are the sites that the page has switched something of.
	overrides atomic.Pointer[map[string]*core.Site]
}

// site returns a site as it is in service; nil where there is none.
func (g *generation) site(host string) *core.Site {
	site := g.sites.Lookup(host)
	if site == nil {
		return nil
	}
	if o := (*g.overrides.Load())[site.Host]; o != nil {
		return o
	}
	return site
}

// has reports whether a Host is that of a link domain, as such or below
// localhost.
func (g *generation) has(host string) bool {
	_, local := withoutLocalhost(g.sites, host)
	return local || g.sites.Lookup(host) != nil
}

// switchable are the sites for the page's switches.
func (g *generation) switchable(name string) *switches.Sites {
	return &switches.Sites{Name: name, Sites: g.sites, Text: g.text, Backends: g.plan.names}
}

// newGeneration starts a module. Generated secrets are kept, so that printed
// links stay valid.
func (s *server) newGeneration(ctx context.Context, old *generation, sites *core.Sites, text []byte, wasm func() ([]byte, error)) (_ *generation, err error) {
	g := &generation{sites: sites, text: text, stamp: module.StampOf(text)}
	g.overrides.Store(&map[string]*core.Site{})
	defer func() {
		if err != nil {
			err = errors.Join(err, g.close())
		}
	}()
	if g.plan, err = s.planBackends(sites); err != nil {
		return nil, err
	}
	if g.ring, err = s.secrets(sites, old); err != nil {
		return nil, err
	}
	if g.wasm, err = wasm(); err != nil {
		return nil, err
	}
	g.learned = module.Learned(g.wasm)
	if g.fleet, err = g.plan.start(sites); err != nil {
		return nil, failure.Bad(fmt.Errorf("cannot start the stand-ins: %w", err), "")
	}
	if g.host, err = newHost(ctx, g.wasm, s.config(g, g.plan.backends(g.fleet))); err != nil {
		return nil, failure.Bad(fmt.Errorf("the module does not run: %w", err), "clickedge build makes one that does")
	}
	g.handler = throughLocalhost(g.sites, g.host)
	return g, nil
}

// newHost compiles the module. The compiler ignores contexts: if ctx ends
// first, newHost returns while it still runs.
func newHost(ctx context.Context, wasm []byte, cfg hostsim.Config) (*hostsim.Host, error) {
	var host *hostsim.Host
	var err error
	done := make(chan struct{})
	go func() {
		host, err = hostsim.New(ctx, wasm, cfg)
		close(done)
	}()
	select {
	case <-done:
		return host, err
	case <-ctx.Done():
		go func() {
			if <-done; err == nil {
				_ = host.Close(context.Background())
			}
		}()
		return nil, context.Cause(ctx)
	}
}

func (g *generation) close() error {
	var err error
	if g.host != nil {
		err = g.host.Close(context.Background())
	}
	if g.fleet != nil {
		err = errors.Join(err, g.fleet.Close())
	}
	return err
}

// service is everything that serve has started.
type service struct {
	files *files.Watcher
	page  *page.Page
	ln    net.Listener
	tls   *tlsFront // nil without --tls

	mu      sync.RWMutex
	now     *generation
	retired sync.WaitGroup
	// unsubscribed are those that stand-ins of earlier generations have taken,
	// by backend.
	unsubscribed map[string]int64
}

// ServeHTTP implements http.Handler: a request is answered by the current
// generation, or by the page, which outlives generations.
func (svc *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if svc.page.Takes(r, func(host string) bool { return svc.current().has(host) }) {
		svc.page.ServeHTTP(w, r)
		return
	}
	svc.mu.RLock()
	g := svc.now
	g.inside.Add(1)
	svc.mu.RUnlock()
	defer g.inside.Done()
	g.handler.ServeHTTP(w, r)
}

func (svc *service) current() *generation {
	svc.mu.RLock()
	defer svc.mu.RUnlock()
	return svc.now
}

// replace makes a generation the current one. The old one finishes its
// requests.
func (svc *service) replace(g *generation) {
	svc.mu.Lock()
	old := svc.now
	svc.now = g
	svc.mu.Unlock()
	if old == nil {
		return
	}
	svc.retired.Go(func() {
		old.inside.Wait()
		svc.countUnsubscribed(old)
		_ = old.close()
	})
}

// countUnsubscribed adds what a generation's stand-ins have taken.
func (svc *service) countUnsubscribed(g *generation) {
	if g == nil || g.fleet == nil {
		return
	}
	svc.mu.Lock()
	defer svc.mu.Unlock()
	for backend, n := range g.fleet.Unsubscribed() {
		if svc.unsubscribed == nil {
			svc.unsubscribed = map[string]int64{}
		}
		svc.unsubscribed[backend] += n
	}
}

// sayUnsubscribed prints how many unsubscribes each stand-in for the sender's
// own server has taken. It is called once, after the last request.
func (svc *service) sayUnsubscribed(w io.Writer) {
	svc.retired.Wait()
	svc.countUnsubscribed(svc.current())
	for _, backend := range slices.Sorted(maps.Keys(svc.unsubscribed)) {
		fmt.Fprintf(w, "one-click unsubscribes taken behind %s: %d\n", backend, svc.unsubscribed[backend])
	}
}

func (svc *service) close() error {
	if svc.ln != nil {
		svc.ln.Close() // again, where it was served from
	}
	if svc.tls != nil {
		svc.tls.close()
	}
	svc.retired.Wait()
	if g := svc.current(); g != nil {
		return g.close()
	}
	return nil
}
