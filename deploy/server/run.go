package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sync/errgroup"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Options say what to serve, where to listen, and where to log.
type Options struct {
	Sites     string // the name of the file
	Overrides string // file, "" for none
	Keys      string // file with secrets, "" for the environment alone
	// Credentials is the folder of systemd's credentials, "" for none. One with
	// the name [KeysCredential] has secrets as Keys has.
	Credentials string
	Links       string // file of learned links, "" for none
	Archive     string // file of links that are known beforehand, "" for none
	HTTP        string // address to listen on; "" for none
	HTTPS       string // the same, with Cert and Key, or ACME
	Cert, Key   string // files in PEM
	ACME        ACME   // in place of Cert and Key
	Metrics     string // address of /metrics and /healthz; "" for none
	// Sockets are those of [Systemd], see [Sockets].
	Sockets map[string][]net.Listener

	Log      string // file of the click log, "-" for Out, or an https URL
	Delivery Delivery

	Out, Err io.Writer
	In       *input.Input    // reads these files
	Source   *keyring.Source // reads Keys, and the environment
	// Hangups gets something when the log's file was moved away, and everything
	// is to be read again.
	Hangups <-chan struct{}
	// Linger is called with how long requests are waited for at the end.
	Linger func(time.Duration)
	// Origins replaces the connections to the ESPs; nil for a [Pool].
	Origins Origins
}

// How long a client may take, and how long the end.
const (
	headTimeout  = 30 * time.Second // for a request's head, idle time included
	bodyTimeout  = 15 * time.Second // between two pieces of a request's body
	writeTimeout = 30 * time.Second // for a piece of an answer
	firstRequest = time.Second      // of a connection that was made before the end
	stopGrace    = 30 * time.Second // for requests under way
)

// watchEvery is how often the files are looked at.
const watchEvery = 500 * time.Millisecond

// sweepEvery is how often ended entries leave the cache of learned links.
const sweepEvery = time.Hour

// run is a server with its files and listeners.
type run struct {
	Options
	server  *Server
	pool    *Pool
	log     clickLog
	certs   certificates // nil without HTTPS
	metrics *metrics
	ports   []*port
	inside  []net.Listener // of metrics
	watcher files.Watcher
	memory  bound
}

// port is a listener for readers, and who answers there.
type port struct {
	*limiter
	kind   string
	server *wire.Server
}

// certificates are one's own, or fetched.
type certificates interface {
	// Load reads again what may have changed.
	Load(hosts []string, w io.Writer) error
	config() *tls.Config
	close()
}

// Run serves until ctx ends, which is not an error. Requests under way, and what
// goes on after an answer, are waited for.
func Run(ctx context.Context, o Options) (err error) {
	r := &run{Options: o, pool: &Pool{}, metrics: newMetrics()}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.start(); err != nil {
		return err
	}
	return r.serve(ctx)
}

// start opens and reads everything. Nobody is answered before that has gone
// well.
func (r *run) start() error {
	if err := r.check(); err != nil {
		return err
	}
	r.watcher.Names = r.watched()
	r.watcher.Mark() // before they are read
	content, hosts, err := r.load()
	if err != nil {
		return err
	}
	if r.log, err = r.openLog(); err != nil {
		return err
	}
	r.server = &Server{Origins: r.Origins, Log: &steady{to: r.log, warn: r.Err}, Warn: r.Err}
	if r.server.Origins == nil {
		r.server.Origins = r.pool
	}
	if r.Links != "" {
		if r.server.Links, err = OpenLinks(r.Links); err != nil {
			return err
		}
	}
	r.server.Put(content)
	r.observe()
	r.sweep()
	return r.listen(hosts)
}

// DefaultHTTPS is where https is answered if there is a certificate.
const DefaultHTTPS = ":443"

// DefaultMetrics is where metrics are, and where the server says that it is well.
const DefaultMetrics = "127.0.0.1:9180"

func (r *run) check() error {
	if r.HTTPS == "" && (r.Cert != "" || r.ACME.Dir != "") {
		r.HTTPS = DefaultHTTPS
	}
	switch {
	case r.ACME.Dir == "" && r.ACME != ACME{}:
		return failure.Usage(errors.New("certificates are fetched into a folder, and none is named"), "name one with --certificates")
	case r.ACME.Dir != "" && (r.Cert != "" || r.Key != ""):
		return failure.Usage(errors.New("certificates are either fetched or your own"), "give --certificates, or --cert and --key")
	case r.Key != "" && r.Cert == "", r.Cert != "" && r.Key == "":
		return failure.Usage(errors.New("https needs a certificate and its key"), "give both --cert and --key")
	case r.HTTPS != "" && r.Cert == "" && r.ACME.Dir == "":
		return failure.Usage(errors.New("https needs a certificate and its key"), "give --cert and --key, or --certificates to fetch them")
	case r.HTTP == "" && r.HTTPS == "":
		return failure.Usage(errors.New("there is no address to listen on"), "give --http, or --certificates, or --cert and --key")
	case r.Sites == files.Std || r.Overrides == files.Std || r.Keys == files.Std || r.Archive == files.Std:
		return failure.Usage(errors.New("a server reads its files again when they change, so standard input cannot be one"), "name files")
	}
	return r.unused()
}

// listen opens the listeners.
func (r *run) listen(hosts []string) (err error) {
	for _, of := range [][2]string{{kindHTTP, r.HTTP}, {kindHTTPS, r.HTTPS}} {
		kind, addr := of[0], of[1]
		list, err := r.open(kind, addr)
		if err != nil {
			return err
		}
		for _, ln := range list {
			p := &port{newLimiter(ln, maxConnections, maxPerAddress), kind, &wire.Server{Handler: r.server, Raw: r.server,
				HeadTimeout: headTimeout, BodyTimeout: bodyTimeout, WriteTimeout: writeTimeout, FirstRequest: firstRequest}}
			p.refused = r.metrics.refused.Inc
			r.ports = append(r.ports, p)
		}
	}
	if r.inside, err = r.open(kindMetrics, r.Metrics); err != nil {
		return err
	}
	if err := r.secure(hosts); err != nil {
		return err
	}
	for _, p := range r.ports {
		fmt.Fprintf(r.Err, "listening on %s://%s\n", p.kind, p.Addr())
	}
	for _, ln := range r.inside {
		fmt.Fprintf(r.Err, "metrics on http://%s/metrics\n", ln.Addr())
		if isOpen(ln.Addr()) {
			fmt.Fprintf(r.Err, "warning: everybody who can reach %s can read the metrics\n", ln.Addr())
		}
	}
	return nil
}

// listenersOf returns those of a kind.
func (r *run) listenersOf(kind string) (list []net.Listener) {
	for _, p := range r.ports {
		if p.kind == kind {
			list = append(list, p)
		}
	}
	return list
}

// secure gives the ports for https their certificates, and those for http the
// CA's challenge.
func (r *run) secure(hosts []string) error {
	switch {
	case r.ACME.Dir != "":
		fetched, err := newFetched(&r.ACME, r.server.Content, r.listenersOf, r.Err)
		if err != nil {
			return err
		}
		r.certs = fetched
		for _, p := range r.ports {
			if p.kind == kindHTTP {
				h := &challenged{next: r.server, answer: fetched.issuer.HandleHTTPChallenge}
				p.server.Handler, p.server.Raw = h, h
			}
		}
	case r.HTTPS != "":
		r.certs = newCertificate(r.Cert, r.Key)
	default:
		return nil
	}
	for _, p := range r.ports {
		if p.kind == kindHTTPS {
			p.server.TLSConfig = r.certs.config()
		}
	}
	return r.certs.Load(hosts, r.Err)
}

// observe adds what the metrics show beside the lines of the log.
func (r *run) observe() {
	r.server.Observe = r.metrics.line
	r.metrics.gauge("clickedge_sites", "Sites of sites.json.", func() int { return r.server.Content().Sites.Len() })
	r.metrics.gauge("clickedge_connections", "Open connections of readers.", r.connections)
	r.metrics.gauge("clickedge_origin_connections", "Open connections to ESPs.", r.pool.connections)
}

// connections is how many readers are connected.
func (r *run) connections() (n int) {
	for _, p := range r.ports {
		n += p.connections()
	}
	return n
}

// serve answers until ctx ends.
func (r *run) serve(ctx context.Context) error {
	if d, ok := r.log.(*delivered); ok {
		d.begin()
	}
	stopped := make(chan error, len(r.ports)+len(r.inside))
	inside := r.metrics.server()
	defer inside.Close()
	for _, ln := range r.inside {
		go func() { stopped <- inside.Serve(ln) }()
	}
	for _, p := range r.ports {
		go func() { stopped <- p.server.Serve(p) }()
	}
	fmt.Fprintf(r.Err, "in service with %s, version %s\n", output.Count(r.server.Content().Sites.Len(), "site"), r.server.Content().Version)
	r.notify(daemon.SdNotifyReady)
	err := r.watch(ctx, stopped)
	r.metrics.stopping.Store(true)
	r.notify(daemon.SdNotifyStopping)
	return errors.Join(err, r.shutdown(ctx))
}

// watch reloads what has changed, until ctx ends or a listener fails.
func (r *run) watch(ctx context.Context, stopped <-chan error) error {
	tick, sweep := time.NewTicker(watchEvery), time.NewTicker(sweepEvery)
	defer tick.Stop()
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-stopped:
			if errors.Is(err, http.ErrServerClosed) {
				return nil
			}
			return failure.Bad(fmt.Errorf("a listener failed: %w", err), "")
		case <-r.Hangups:
			r.warnIf(r.log.reopen())
			r.watcher.Mark()
			r.reload()
		case <-sweep.C:
			r.sweep()
		case <-tick.C:
			r.memory.hold(r.forConnections())
			if r.watcher.Poll() != nil {
				r.reload()
			}
		}
	}
}

func (r *run) sweep() {
	if r.server.Links != nil {
		r.warnIf(r.server.Links.Sweep(time.Now().Unix()))
	}
}

func (r *run) warnIf(err error) {
	if err != nil {
		failure.Of(err).Report(r.Err)
	}
}

// reload puts the files as they are now into service. What is invalid changes
// nothing.
func (r *run) reload() {
	r.watcher.Names = r.watched()
	r.watcher.Mark()
	content, hosts, err := r.load()
	if err == nil && r.certs != nil {
		err = r.certs.Load(hosts, r.Err)
	}
	if d, ok := r.log.(*delivered); err == nil && ok {
		err = d.load()
	}
	if err != nil {
		r.metrics.reloads.WithLabelValues("failed").Inc()
		failure.Of(err).Report(r.Err)
		fmt.Fprintln(r.Err, "what was in service before stays")
		return
	}
	r.server.Put(content)
	r.metrics.reloads.WithLabelValues("ok").Inc()
	fmt.Fprintf(r.Err, "in service now: %s, version %s\n", output.Count(content.Sites.Len(), "site"), content.Version)
}

// shutdown lets the requests under way finish, and what goes on after them.
func (r *run) shutdown(ctx context.Context) error {
	if r.Linger != nil {
		r.Linger(stopGrace + time.Minute)
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
	defer cancel()
	// At once, so that none takes connections while another one ends.
	var cut errgroup.Group
	for _, p := range r.ports {
		cut.Go(func() error { return p.server.Shutdown(grace) })
	}
	late := cut.Wait()
	r.server.Wait()
	if late != nil {
		fmt.Fprintln(r.Err, "stopped; requests that took too long were cut off")
	} else {
		fmt.Fprintln(r.Err, "stopped")
	}
	return nil
}

func (r *run) close() (err error) {
	r.memory.lift()
	for _, p := range r.ports {
		_ = p.Close() // again, where it was served from
	}
	for _, ln := range r.inside {
		_ = ln.Close()
	}
	if r.certs != nil {
		r.certs.close()
	}
	r.pool.Close()
	if r.server != nil && r.server.Links != nil {
		err = r.server.Links.Close()
	}
	if r.log != nil {
		err = errors.Join(err, r.log.close())
	}
	return err
}
