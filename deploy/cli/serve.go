package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
	"github.com/spf13/cobra"
)

const (
	// keyStore is the secret store that the module reads.
	keyStore = "clickedge-keys"
	// logEndpoint is where the module writes its click log.
	logEndpoint = "clicks"
	// shutdownGrace bounds the wait for requests under way after Ctrl-C.
	shutdownGrace = 5 * time.Second
)

type serve struct {
	env     *Env
	sites   string
	module  string
	addr    string
	origins []string
	faults  []string
	keys    string
	verbose bool
	json    bool
}

func (env *Env) serveCommand() *cobra.Command {
	s := &serve{env: env}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the module here, with stand-ins for the ESPs",
		Long: `Runs the module on a simulator of Fastly Compute, prints requests to try, and one line
for each request that comes in: when, what, for whom, what it got, and why.

Behind it stand-ins answer as the ESPs would, on this machine and over TLS, each under
its own name: nothing leaves the machine. --origins real proxies to the ESPs themselves;
--origins BACKEND=URL sends one backend somewhere else. --fault BACKEND=500 lets a
stand-in fail (` + faultNames + `).

Without --module the module is built from the sources at hand. Secrets come from --keys;
without it they are made up at the start, and the links that are printed are good until
the end.`,
		Example: `  clickedge serve
  clickedge serve --sites deploy/examples/ses.json --addr 127.0.0.1:0
  clickedge serve --fault customerio-eu=refuse
  clickedge serve --origins customerio-eu=http://127.0.0.1:9000 -v`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd.Context()) },
	}
	sitesFlag(cmd, &s.sites)
	f := cmd.Flags()
	f.StringVar(&s.module, "module", "", "`file` with a built module (default: build it)")
	f.StringVar(&s.addr, "addr", "127.0.0.1:7676", "the `address` to listen on; port 0 lets the system choose")
	f.StringArrayVar(&s.origins, "origins", nil, "stand-in, real, or `BACKEND=URL`; may be given again (default stand-in)")
	f.StringArrayVar(&s.faults, "fault", nil, "let a stand-in fail: `BACKEND=FAULT`; may be given again")
	f.StringVar(&s.keys, "keys", "", "`file` with secrets, as lines of kid=secret or JSON")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "print targets, host calls and what the ESP was sent: these hold personal data")
	f.BoolVar(&s.json, "json", false, "print the click log itself")
	_ = cmd.MarkFlagFilename("module", "wasm")
	return cmd
}

const faultNames = "refuse, reset, slow, drip, 500, 429, wrong-location"

// service is everything that serve has started.
type service struct {
	sites *core.Sites
	ring  *keyring.Ring
	fleet *origins.Fleet
	host  *hostsim.Host
	ln    net.Listener
}

func (s *serve) run(ctx context.Context) (err error) {
	var svc service
	defer func() {
		if e := svc.close(); err == nil {
			err = e
		}
	}()
	if err := s.start(ctx, &svc); err != nil {
		if ctx.Err() != nil {
			fmt.Fprintln(s.env.Err, "stopped before it listened")
			return nil
		}
		return err
	}
	s.greet(&svc)
	return s.serve(ctx, &svc)
}

// start brings everything up, in an order in which a mistake of the operator is
// found before anything takes time. What it has started stands in svc, also when
// it fails.
func (s *serve) start(ctx context.Context, svc *service) error {
	sites, text, err := s.env.loadSites(s.sites)
	if err != nil {
		return err
	}
	svc.sites = sites
	plan, err := s.planOrigins(sites)
	if err != nil {
		return err
	}
	if svc.ring, err = s.secrets(sites); err != nil {
		return err
	}
	if svc.ln, err = net.Listen("tcp", s.addr); err != nil {
		return usage(fmt.Errorf("cannot listen: %w", err), "choose another address with --addr, or --addr 127.0.0.1:0")
	}
	wasm, err := s.wasm(ctx, text)
	if err != nil {
		return err
	}
	if svc.fleet, err = plan.start(sites); err != nil {
		return bad(fmt.Errorf("cannot start the stand-ins: %w", err), "")
	}
	cfg := s.config(svc, plan.backends(svc.fleet))
	if svc.host, err = hostsim.New(ctx, wasm, cfg); err != nil {
		return bad(fmt.Errorf("the module does not run: %w", err), "clickedge build makes one that does")
	}
	return nil
}

func (svc *service) close() error {
	var errs []error
	if svc.ln != nil {
		svc.ln.Close() // again, where it was served from
	}
	if svc.host != nil {
		errs = append(errs, svc.host.Close(context.Background()))
	}
	if svc.fleet != nil {
		errs = append(errs, svc.fleet.Close())
	}
	return errors.Join(errs...)
}

// wasm reads the module, or builds it.
func (s *serve) wasm(ctx context.Context, sites []byte) ([]byte, error) {
	if s.module != "" {
		_, err := os.Stat(s.module)
		if s.module == files.Std || !errors.Is(err, fs.ErrNotExist) {
			wasm, err := s.env.read("the module", s.module, mostModule, "clickedge build makes one")
			if err == nil {
				s.warnStale(wasm, sites)
			}
			return wasm, err
		}
		fmt.Fprintf(s.env.Err, "%s is not there yet\n", s.module)
	}
	fmt.Fprintf(s.env.Err, "building the module with %s\n", s.sites)
	wasm, _, err := module.Build(ctx, module.Options{Sites: sites, SitesName: s.sites})
	if err != nil {
		return nil, buildFailure(err)
	}
	return wasm, nil
}

func (s *serve) warnStale(wasm, sites []byte) {
	stamp, ok := module.ReadStamp(wasm)
	switch {
	case !ok:
		fmt.Fprintf(s.env.Err, "warning: %s does not say which sites are in it\n", s.module)
	case stamp != module.StampOf(sites):
		fmt.Fprintf(s.env.Err, "warning: %s was built with other sites than %s\nhint: clickedge build --sites %s -o %s\n", s.module, s.sites, s.sites, s.module)
	}
}

// secrets reads those that were given, or makes them up. What is made up is told
// to nobody and gone at the end.
func (s *serve) secrets(sites *core.Sites) (*keyring.Ring, error) {
	kids := allKids(sites)
	if s.keys == "" {
		var made []keyring.Key
		for _, kid := range kids {
			made = append(made, keyring.NewKey(kid))
		}
		return keyring.NewRing(made...), nil
	}
	ring, err := s.env.secrets(keyring.Want{Files: []string{s.keys}, IDs: kids, Who: s.sites})
	if err != nil {
		return nil, err
	}
	for _, kid := range kids {
		if ring.Has(kid) {
			fmt.Fprintf(s.env.Err, "key %s, fingerprint %s\n", kid, ring.Fingerprint(kid))
		} else {
			fmt.Fprintf(s.env.Err, "warning: no secret of key %q: its links are refused (%s)\n", kid, core.KeyUnavailable)
		}
	}
	return ring, nil
}

func (s *serve) config(svc *service, backends map[string]hostsim.Backend) hostsim.Config {
	store := map[string][]byte{}
	for _, kid := range svc.ring.IDs() {
		store[kid], _ = svc.ring.Secret(kid)
	}
	return hostsim.Config{
		Backends:     backends,
		SecretStores: map[string]map[string][]byte{keyStore: store},
		Scheme:       "https", // what the module sees on Fastly
		Now:          s.env.Now,
		OnExchange:   s.lineWriter(svc).exchange,
		Log:          s.logger(),
		CacheDir:     compileCache(),
	}
}

// logger carries what the simulator has to say: guests that trap, time limits.
func (s *serve) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(s.env.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// compileCache is where wazero keeps the compiled module between two starts;
// without a cache folder it compiles anew.
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
func (s *serve) serve(ctx context.Context, svc *service) error {
	srv := &wire.Server{Handler: throughLocalhost(svc.sites, svc.host), Log: s.logger()}
	stopped := make(chan error, 1)
	go func() { stopped <- srv.Serve(svc.ln) }()
	select {
	case err := <-stopped:
		srv.Close()
		return bad(fmt.Errorf("the listener failed: %w", err), "")
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if s.env.linger != nil {
		s.env.linger.Store(int64(shutdownGrace))
	}
	err := srv.Shutdown(grace)
	if served := <-stopped; !errors.Is(served, http.ErrServerClosed) {
		return bad(fmt.Errorf("the listener failed: %w", served), "")
	}
	if err != nil {
		fmt.Fprintln(s.env.Err, "stopped; requests that took too long were cut off")
		return nil
	}
	fmt.Fprintln(s.env.Err, "stopped")
	return nil
}
