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
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/sitesfile"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
	"github.com/spf13/cobra"
)

const (
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
	tls     bool
	tlsAddr string
	tlsCA   string
	made    map[string]*keyring.Key // secrets that were made up
}

// defaultTLSAddr is where https is answered with --tls.
const defaultTLSAddr = "127.0.0.1:7677"

func (env *Env) serveCommand() *cobra.Command {
	s := &serve{env: env, made: map[string]*keyring.Key{}}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the module here, with stand-ins for the ESPs",
		Long: `Runs the module on a simulator of Fastly Compute, prints requests to try, and one line
for each request that comes in: when, what, for whom, what it got, and why.

Behind it stand-ins answer as the ESPs would, on this machine and over TLS, each under
its own name: nothing leaves the machine. --origins real proxies to the ESPs themselves;
--origins BACKEND=URL sends one backend somewhere else. --fault BACKEND=500 lets a
stand-in fail (` + faultNames + `).

Without --module the module is built, as "clickedge build" does it. Secrets come from --keys;
without it they are made up at the start, and the links that are printed are good until
the end.

A sites.json that has changed is put into service at once, and so are a file that it
names and a module that was built anew; no request is lost. A broken sites.json is
reported, and the old one stays.

With --tls the link domains are answered over https too (HTTP/1.1), with certificates
of an authority that is made for this run: its certificate is in the file that is
printed, for curl --cacert and for "clickedge doctor --ca".`,
		Example: `  clickedge serve
  clickedge serve --sites deploy/examples/ses.json --addr 127.0.0.1:0
  clickedge serve --tls
  clickedge serve --fault customerio-eu=refuse
  clickedge serve --origins customerio-eu=http://127.0.0.1:9000 -v`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd.Context()) },
	}
	sitesFlag(cmd, &s.sites)
	f := cmd.Flags()
	f.StringVar(&s.module, "module", "", "`file` with a built module (default: build it)")
	f.StringVar(&s.addr, "addr", "127.0.0.1:7676", "the `address` to listen on; port 0 lets the system choose")
	f.BoolVar(&s.tls, "tls", false, "answer https as well, with certificates made for this run")
	f.StringVar(&s.tlsAddr, "tls-addr", defaultTLSAddr, "the `address` to listen on for https; implies --tls")
	f.StringVar(&s.tlsCA, "tls-ca", "", "write the certificate authority to this `file` and leave it there; implies --tls")
	f.StringArrayVar(&s.origins, "origins", nil, "stand-in, real, or `BACKEND=URL`; may be given again (default stand-in)")
	f.StringArrayVar(&s.faults, "fault", nil, "let a stand-in fail: `BACKEND=FAULT`; may be given again")
	f.StringVar(&s.keys, "keys", "", "`file` with secrets, as lines of kid=secret or JSON")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "print targets, host calls and what the ESP was sent: these hold personal data")
	f.BoolVar(&s.json, "json", false, "print the click log itself")
	_ = cmd.MarkFlagFilename("module", "wasm")
	return cmd
}

const faultNames = "refuse, reset, slow, drip, 500, 429, wrong-location"

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
	svc.files = s.watcher(ctx)
	sites, text, err := s.env.loadSites(s.sites)
	if err != nil {
		return err
	}
	if _, err := s.planOrigins(sites); err != nil {
		return err
	}
	if svc.ln, err = net.Listen("tcp", s.addr); err != nil {
		return cannotListen(err, "--addr")
	}
	if s.tls || s.tlsAddr != defaultTLSAddr || s.tlsCA != "" {
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
	wasm, rep, err := module.Build(ctx, module.Options{Sites: sites, SitesName: s.sites})
	if err != nil {
		return nil, buildFailure(err)
	}
	if rep.Prebuilt {
		s.env.notePrebuilt()
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
func (s *serve) secrets(sites *core.Sites, old *generation) (*keyring.Ring, error) {
	kids := sitesfile.KeyIDs(sites)
	if s.keys == "" {
		for _, kid := range kids {
			if s.made[kid] == nil {
				key := keyring.NewKey(kid)
				s.made[kid] = &key
			}
		}
		return keyring.NewRing(madeKeys(s.made, kids)...), nil
	}
	if old != nil && s.keys == files.Std {
		return old.ring, nil
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

func madeKeys(made map[string]*keyring.Key, kids []string) (list []keyring.Key) {
	for _, kid := range kids {
		list = append(list, *made[kid])
	}
	return list
}

func (s *serve) config(g *generation, backends map[string]hostsim.Backend) hostsim.Config {
	store := map[string][]byte{}
	for _, kid := range g.ring.IDs() {
		store[kid], _ = g.ring.Secret(kid)
	}
	return hostsim.Config{
		Backends:     backends,
		SecretStores: map[string]map[string][]byte{contract.SecretStore: store},
		Scheme:       "https", // what the module sees on Fastly
		Now:          s.env.Now,
		OnExchange:   s.lineWriter(g).exchange,
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
	return s.shutdown(ctx, servers, stopped)
}

func (s *serve) shutdown(ctx context.Context, servers []*wire.Server, stopped <-chan error) error {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if s.env.linger != nil {
		s.env.linger.Store(int64(shutdownGrace))
	}
	var cutOff error
	for _, srv := range servers {
		cutOff = errors.Join(cutOff, srv.Shutdown(grace))
	}
	for range servers {
		if served := <-stopped; !errors.Is(served, http.ErrServerClosed) {
			return failure.Bad(fmt.Errorf("the listener failed: %w", served), "")
		}
	}
	if cutOff != nil {
		fmt.Fprintln(s.env.Err, "stopped; requests that took too long were cut off")
		return nil
	}
	fmt.Fprintln(s.env.Err, "stopped")
	return nil
}
