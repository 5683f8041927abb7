package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

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
	Links     string // file of learned links, "" for none
	Archive   string // file of links that are known beforehand, "" for none
	HTTP      string // address to listen on; "" for none
	HTTPS     string // the same, with Cert and Key
	Cert, Key string // files in PEM
	Log       string // file of the click log, "-" for Out

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
	server    *Server
	pool      *Pool
	log       *logFile
	cert      *certificate // nil without HTTPS
	listeners []net.Listener
	servers   []*wire.Server
	watcher   files.Watcher
}

// Run serves until ctx ends, which is not an error. Requests under way, and what
// goes on after an answer, are waited for.
func Run(ctx context.Context, o Options) (err error) {
	r := &run{Options: o, pool: &Pool{}}
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
	content, err := r.load()
	if err != nil {
		return err
	}
	if r.log, err = openLog(r.Log, r.Out); err != nil {
		return err
	}
	r.server = &Server{Origins: r.Origins, Log: r.log, Warn: r.Err}
	if r.server.Origins == nil {
		r.server.Origins = r.pool
	}
	if r.Links != "" {
		if r.server.Links, err = OpenLinks(r.Links); err != nil {
			return err
		}
	}
	r.server.Put(content)
	r.sweep()
	return r.listen()
}

// DefaultHTTPS is where https is answered if there is a certificate.
const DefaultHTTPS = ":443"

func (r *run) check() error {
	if r.HTTPS == "" && r.Cert != "" {
		r.HTTPS = DefaultHTTPS
	}
	switch {
	case r.HTTPS != "" && (r.Cert == "" || r.Key == ""), r.Key != "" && r.Cert == "":
		return failure.Usage(errors.New("https needs a certificate and its key"), "give both --cert and --key")
	case r.HTTP == "" && r.HTTPS == "":
		return failure.Usage(errors.New("there is no address to listen on"), "give --http, or --cert and --key for https")
	case r.Sites == files.Std || r.Overrides == files.Std || r.Keys == files.Std || r.Archive == files.Std:
		return failure.Usage(errors.New("a server reads its files again when they change, so standard input cannot be one"), "name files")
	}
	return nil
}

// listen opens the listeners.
func (r *run) listen() error {
	if r.HTTPS != "" {
		r.cert = &certificate{certFile: r.Cert, keyFile: r.Key}
		if err := r.cert.load(r.server.Content().Sites, r.Err); err != nil {
			return err
		}
	}
	for _, secured := range []bool{false, true} {
		addr, flag := r.HTTP, "--http"
		srv := &wire.Server{Handler: r.server, HeadTimeout: headTimeout, BodyTimeout: bodyTimeout, WriteTimeout: writeTimeout, FirstRequest: firstRequest}
		if secured {
			addr, flag = r.HTTPS, "--https"
			srv.TLSConfig = r.cert.config()
		}
		if addr == "" {
			continue
		}
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			return failure.Usage(fmt.Errorf("cannot listen: %w", err), "choose another address with "+flag+"; ports below 1024 need root, CAP_NET_BIND_SERVICE, or the kernel's ip_unprivileged_port_start")
		}
		r.listeners = append(r.listeners, newLimiter(ln, maxConnections, maxPerAddress))
		r.servers = append(r.servers, srv)
		fmt.Fprintf(r.Err, "listening on %s://%s\n", flag[2:], ln.Addr())
	}
	return nil
}

// serve answers until ctx ends.
func (r *run) serve(ctx context.Context) error {
	stopped := make(chan error, len(r.servers))
	for i, srv := range r.servers {
		go func() { stopped <- srv.Serve(r.listeners[i]) }()
	}
	fmt.Fprintf(r.Err, "in service with %s, version %s\n", output.Count(r.server.Content().Sites.Len(), "site"), r.server.Content().Version)
	err := r.watch(ctx, stopped)
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
	content, err := r.load()
	if err == nil && r.cert != nil {
		err = r.cert.load(content.Sites, r.Err)
	}
	if err != nil {
		failure.Of(err).Report(r.Err)
		fmt.Fprintln(r.Err, "what was in service before stays")
		return
	}
	r.server.Put(content)
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
	for _, srv := range r.servers {
		cut.Go(func() error { return srv.Shutdown(grace) })
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
	for _, ln := range r.listeners {
		_ = ln.Close() // again, where it was served from
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
