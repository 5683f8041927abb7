package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/archive"
	"github.com/clickedge/clickedge/deploy/build"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/serve/page"
	"github.com/clickedge/clickedge/deploy/serve/seen"
	"github.com/clickedge/clickedge/deploy/sitesfile"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// shutdownGrace bounds the wait for requests under way after Ctrl-C.
const shutdownGrace = 5 * time.Second

// DefaultTLSAddr is where https is answered with [Options.TLS].
const DefaultTLSAddr = "127.0.0.1:7677"

// FaultNames lists the faults of stand-ins.
const FaultNames = "refuse, reset, slow, drip, 500, 429, wrong-location"

// Options say what to run, where to listen, and where to print.
type Options struct {
	Sites   string   // the name of the file
	Module  string   // file, "" to build it
	Archive string   // file with learned links, "" for those of Module, or none
	Addr    string   // to listen on
	Origins []string // stand-in, real or BACKEND=URL
	Faults  []string // BACKEND=FAULT
	Keys    string   // file with secrets, "" to generate them
	Verbose bool
	JSON    bool // print the click log itself
	TLS     bool
	TLSAddr string
	TLSCA   string // file for the certificate authority, "" for a temporary one

	Out, Err io.Writer
	Now      func() time.Time
	In       *input.Input    // reads these files
	Source   *keyring.Source // reads those of Keys
	// Linger is called with how long requests are awaited after Ctrl-C.
	Linger func(time.Duration)
}

// server is one run.
type server struct {
	Options
	generated map[string]keyring.Key // generated secrets
	learned   []learned.Item         // of Archive
	page      *page.Page
	bench     *bench
}

// Run serves until ctx ends, which is not an error.
func Run(ctx context.Context, o Options) (err error) {
	s := &server{Options: o, generated: map[string]keyring.Key{}}
	var svc service
	s.bench = newBench(s, &svc)
	s.page = page.New(s.bench, func(text string) { fmt.Fprintf(s.Err, "page: %s\n", text) })
	svc.page = s.page
	defer func() {
		if e := svc.close(); err == nil {
			err = e
		}
	}()
	if err := s.start(ctx, &svc); err != nil {
		if ctx.Err() != nil {
			fmt.Fprintln(s.Err, "stopped before it listened")
			return nil
		}
		return err
	}
	s.greet(&svc)
	return s.serve(ctx, &svc)
}

// start starts everything. Mistakes of the operator are found before anything
// that takes time. What was started is in svc, also after an error.
func (s *server) start(ctx context.Context, svc *service) error {
	svc.files = &files.Watcher{Names: s.watched(ctx)}
	svc.files.Mark() // before they are read
	sites, text, err := sitesfile.Load(s.In, s.Sites)
	if err != nil {
		return err
	}
	if _, err := s.planBackends(sites); err != nil {
		return err
	}
	if err := s.readArchive(); err != nil {
		return err
	}
	if svc.ln, err = net.Listen("tcp", s.Addr); err != nil {
		return cannotListen(err, "--addr")
	}
	if s.TLS || s.TLSAddr != DefaultTLSAddr || s.TLSCA != "" {
		if svc.tls, err = s.startTLS(ctx); err != nil {
			return err
		}
	}
	g, err := s.newGeneration(ctx, nil, sites, text, func() ([]byte, error) { return s.wasm(ctx, text) })
	if err != nil {
		return err
	}
	svc.replace(g)
	return nil
}

// wasm reads the module, or builds it.
func (s *server) wasm(ctx context.Context, sites []byte) ([]byte, error) {
	if s.Module != "" {
		_, err := os.Stat(s.Module)
		if s.Module == files.Std || !errors.Is(err, fs.ErrNotExist) {
			wasm, err := s.readModule()
			if err != nil {
				return nil, err
			}
			if s.Archive != "" {
				return s.withArchive(wasm, sites)
			}
			s.warnStale(wasm, sites)
			return wasm, nil
		}
		fmt.Fprintf(s.Err, "%s is not there yet\n", s.Module)
	}
	fmt.Fprintf(s.Err, "building the module with %s\n", s.Sites)
	wasm, err := build.Module(ctx, sites, s.Sites, s.Err)
	if err != nil || s.Archive == "" {
		return wasm, err
	}
	return s.withArchive(wasm, sites)
}

// readArchive reads the learned links that go into the module.
func (s *server) readArchive() (err error) {
	if s.Archive == "" {
		return nil
	}
	if s.learned, err = archive.Load(s.In, s.Archive); err == nil {
		fmt.Fprintf(s.Err, "%s: %s\n", files.Label(s.Archive), archive.Summary(s.learned))
	}
	return err
}

// withArchive puts the learned links into a module, with these sites: both are
// in one room.
func (s *server) withArchive(wasm, sites []byte) ([]byte, error) {
	wasm, _, err := module.SwapLearned(wasm, sites, s.Sites, s.learned)
	if err != nil {
		return nil, build.Failure(err)
	}
	return wasm, nil
}

func (s *server) readModule() ([]byte, error) {
	return s.In.Read("the module", s.Module, input.MostModule, "clickedge build makes one")
}

func (s *server) warnStale(wasm, sites []byte) {
	stamp, ok := module.ReadStamp(wasm)
	switch {
	case !ok:
		fmt.Fprintf(s.Err, "warning: %s does not say which sites are in it\n", s.Module)
	case stamp != module.StampOf(sites):
		fmt.Fprintf(s.Err, "warning: %s was built with other sites than %s\nhint: clickedge build --sites %s -o %s\n", s.Module, s.Sites, s.Sites, s.Module)
	}
}

// secrets reads the given secrets, or generates them. Generated ones are not
// printed and are lost at the end.
func (s *server) secrets(sites *core.Sites, old *generation) (*keyring.Ring, error) {
	kids := sitesfile.KeyIDs(sites)
	if s.Keys == "" {
		var keys []keyring.Key
		for _, kid := range kids {
			if _, ok := s.generated[kid]; !ok {
				s.generated[kid] = keyring.NewKey(kid)
			}
			keys = append(keys, s.generated[kid])
		}
		return keyring.NewRing(keys...), nil
	}
	if old != nil && s.Keys == files.Std {
		return old.ring, nil
	}
	ring, err := keyring.Gather(s.Source, keyring.Want{Files: []string{s.Keys}, IDs: kids, Who: s.Sites})
	if err != nil {
		return nil, err
	}
	for _, kid := range kids {
		if ring.Has(kid) {
			fmt.Fprintf(s.Err, "key %s, fingerprint %s\n", kid, ring.Fingerprint(kid))
		} else {
			fmt.Fprintf(s.Err, "warning: no secret of key %q: %s\n", kid, sitesfile.WithoutSecret(kid, sitesfile.All(sites)))
		}
	}
	return ring, nil
}

func (s *server) config(g *generation, backends map[string]hostsim.Backend) hostsim.Config {
	store := map[string][]byte{}
	for _, kid := range g.ring.IDs() {
		store[kid], _ = g.ring.Secret(kid)
	}
	return hostsim.Config{
		Backends:     backends,
		SecretStores: map[string]map[string][]byte{contract.SecretStore: store},
		Scheme:       "https", // what the module sees on Fastly
		Now:          s.Now,
		OnExchange:   s.exchange(g),
		TraceIf:      s.page.Watched,
		Limits:       hostsim.Limits{Calls: mostCalls, SentBody: mostSentBody},
		Log:          s.logger(),
		CacheDir:     compileCache(),
	}
}

// What is kept of each request, for the page: a click makes some forty host
// calls, and the bodies of unsubscribes are short.
const (
	mostCalls    = 500
	mostSentBody = 4 << 10
)

// exchange is called by the simulator when a request is over: it is printed, and
// kept for the page.
func (s *server) exchange(g *generation) func(*hostsim.Exchange) {
	lines := s.lineWriter(g)
	return func(x *hostsim.Exchange) {
		r := seen.Of(x)
		r.Site, r.Keys = g.site(x.Request.Host), g.ring
		lines.write(r)
		s.page.Record(r)
	}
}

// logger prints the simulator's messages: guests that trap, time limits.
func (s *server) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(s.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// compileCache is where wazero keeps the compiled module between two starts;
// without a cache folder it compiles each time.
func compileCache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	dir = filepath.Join(dir, "clickedge", "wazero")
	if os.MkdirAll(dir, 0o700) != nil {
		return ""
	}
	return dir
}

// serve answers until ctx ends, then lets the requests under way finish.
func (s *server) serve(ctx context.Context, svc *service) error {
	servers := []*wire.Server{{Handler: svc, Log: s.logger()}}
	listeners := []net.Listener{svc.ln}
	if svc.tls != nil {
		servers = append(servers, &wire.Server{Handler: svc, Log: s.logger(), TLSConfig: svc.tls.config(svc)})
		listeners = append(listeners, svc.tls.ln)
	}
	stopped := make(chan error, len(servers))
	for i, srv := range servers {
		go func() { stopped <- srv.Serve(listeners[i]) }()
	}
	watched := make(chan struct{})
	watching, stopWatching := context.WithCancel(ctx)
	defer func() { stopWatching(); <-watched }()
	go func() { s.watch(watching, svc); close(watched) }()
	select {
	case err := <-stopped:
		for _, srv := range servers {
			srv.Close()
		}
		return failure.Bad(fmt.Errorf("the listener failed: %w", err), "")
	case <-ctx.Done():
	}
	s.page.Close()
	return s.shutdown(ctx, svc, servers, stopped)
}

func (s *server) shutdown(ctx context.Context, svc *service, servers []*wire.Server, stopped <-chan error) error {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	s.Linger(shutdownGrace)
	var cutOff error
	for _, srv := range servers {
		cutOff = errors.Join(cutOff, srv.Shutdown(grace))
	}
	for range servers {
		if served := <-stopped; !errors.Is(served, http.ErrServerClosed) {
			return failure.Bad(fmt.Errorf("the listener failed: %w", served), "")
		}
	}
	svc.sayUnsubscribed(s.Err)
	if cutOff != nil {
		fmt.Fprintln(s.Err, "stopped; requests that took too long were cut off")
		return nil
	}
	fmt.Fprintln(s.Err, "stopped")
	return nil
}
