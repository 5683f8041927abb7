package collect

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/net/netutil"

	"github.com/clickedge/clickedge/deploy/certfile"
	"github.com/clickedge/clickedge/deploy/collect/loader"
	"github.com/clickedge/clickedge/deploy/collect/tree"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/input"
)

// Options say where to listen, whom to hear, and where lines go.
type Options struct {
	Dir     string // folder of the log
	Listen  string // address
	Cert    string // file in PEM, with Key; "" for http
	Key     string
	Plain   bool     // http on an address that others can reach
	Service []string // ids of Fastly's services that may send here; "*" for any

	Field    string // header field with the token; "" is Authorization
	Token    string // file with the token, "" for none
	OldToken string // file with a token that is taken beside it, "" for none
	// Credentials is the folder of systemd's credentials, "" for none. One with
	// the name [spool.TokenCredential] has the token.
	Credentials string
	Open        bool // nobody needs a token

	FileMiB int // size of a file that is ended; 0 is [FileMiB]
	BodyMiB int // most of a batch, unpacked; 0 is [BodyMiB]
	Gzip    bool
	Keep    int // days that files are kept; 0 for ever

	Postgres string // name of the database, "" for none
	DuckDB   string // file of the database, "" for none
	Program  string // that loads into DuckDB; "" is duckdb

	Err       io.Writer
	In        *input.Input
	LookupEnv func(string) (string, bool)
	Hangups   <-chan struct{}
	// Linger is called with how long the end may take.
	Linger func(time.Duration)
}

const (
	// DefaultListen is where senders are heard.
	DefaultListen = "127.0.0.1:9190"
	// FileMiB is the size at which a file is ended.
	FileMiB = 64
	// BodyMiB is the most of a batch: Fastly sends 100 MB at most.
	BodyMiB = 128
	// mostFileMiB is the most of --file-mib: gzip's own count of a file's bytes
	// ends at 4 GiB.
	mostFileMiB = 1024

	mostKeep = 36_500 // days of --keep

	connections = 256
	headTime    = 10 * time.Second
	idleTime    = 2 * time.Minute
	answerTime  = 30 * time.Second
	stopTime    = 20 * time.Second // for requests under way
	drainTime   = 10 * time.Second // for databases, at the end
	tickEvery   = time.Second
)

// The least time between two loads.
const (
	postgresEvery = time.Second
	duckDBEvery   = 5 * time.Second // each is a process
)

// run is a collector with its files and listeners.
type run struct {
	Options
	tree     *tree.Tree
	handler  *handler
	loaders  []*loader.Loader
	listener net.Listener
	cert     *certfile.File // nil for http
	watcher  files.Watcher
	said     string // what goes wrong by the clock, as it was said last
}

// Run takes batches until ctx ends, which is not an error.
func Run(ctx context.Context, o Options) (err error) {
	r := &run{Options: o}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.start(); err != nil {
		return err
	}
	return r.serve(ctx)
}

// warn says something to the operator.
func (r *run) warn(text string) { fmt.Fprintln(r.Err, text) }

func (r *run) start() (err error) {
	if err := r.check(); err != nil {
		return err
	}
	r.handler = &handler{field: r.Field, open: r.Open, challenge: challengeText(r.Service), most: bound(r.BodyMiB),
		turns: make(chan struct{}, atOnce), turnTime: turnTime, taken: r.wake, warn: r.warn}
	r.watcher.Names = r.watched()
	r.watcher.Mark() // before they are read
	if err := r.load(); err != nil {
		return err
	}
	if r.tree, err = tree.Open(tree.Options{Dir: r.Dir, Most: bound(r.FileMiB), Gzip: r.Gzip, Warn: r.warn}); err != nil {
		return err
	}
	r.handler.store = r.tree
	if err := r.databases(); err != nil {
		return err
	}
	return r.listen()
}

// databases makes a loader for each.
func (r *run) databases() error {
	add := func(db loader.Database, every time.Duration) {
		r.loaders = append(r.loaders, loader.New(db, r.tree, every, r.warn))
	}
	if r.Postgres != "" {
		db, err := loader.Postgres(r.Postgres, r.warn)
		if err != nil {
			return err
		}
		add(db, postgresEvery)
	}
	if r.DuckDB != "" {
		db, err := loader.DuckDB(r.DuckDB, cmp.Or(r.Program, "duckdb"), r.Dir)
		if err != nil {
			return err
		}
		add(db, duckDBEvery)
	}
	return nil
}

func (r *run) wake() {
	for _, l := range r.loaders {
		l.Wake()
	}
}

// listen opens the listener. Plain http is for this machine, unless the operator
// says otherwise.
func (r *run) listen() error {
	ln, err := net.Listen("tcp", r.Listen)
	if err != nil {
		return failure.Usage(fmt.Errorf("cannot listen: %w", err), "choose another address with --listen")
	}
	r.listener = netutil.LimitListener(ln, connections)
	scheme := "http"
	switch tcp, ok := ln.Addr().(*net.TCPAddr); {
	case r.cert != nil:
		scheme = "https"
	case ok && tcp.IP.IsLoopback():
	case !r.Plain:
		return failure.Usage(fmt.Errorf("%s can be reached by others, and lines and the token would come there in clear", ln.Addr()),
			"give --cert and --key; or listen on 127.0.0.1 behind a program that answers https; or say --plain-http where only such a program can reach the address")
	default:
		r.warn(fmt.Sprintf("warning: lines and the token come to %s in clear; let nobody reach it but a program that answers https", ln.Addr()))
	}
	r.warn(fmt.Sprintf("listening on %s://%s", scheme, ln.Addr()))
	return nil
}

func (r *run) serve(ctx context.Context) error {
	server := &http.Server{Handler: r.handler, ReadHeaderTimeout: headTime, IdleTimeout: idleTime, WriteTimeout: bodyTime + turnTime + answerTime,
		MaxHeaderBytes: 64 << 10, ErrorLog: log.New(io.Discard, "", 0)}
	stopped := make(chan error, 1)
	go func() { stopped <- r.answer(server) }()
	loading, stop := context.WithCancel(context.Background())
	defer stop()
	var loads sync.WaitGroup
	for _, l := range r.loaders {
		loads.Go(func() { l.Run(loading) })
	}
	r.notify(daemon.SdNotifyReady)
	err := r.watch(ctx, stopped)
	r.handler.stopping.Store(true)
	r.notify(daemon.SdNotifyStopping)
	if r.Linger != nil {
		r.Linger(stopTime + drainTime + time.Minute)
	}
	r.shutdown(server)
	stop()
	loads.Wait()
	r.drain()
	r.warn(r.handler.counts.String())
	return err
}

func (r *run) answer(server *http.Server) error {
	if r.cert == nil {
		return server.Serve(r.listener)
	}
	server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: r.cert.Get}
	return server.ServeTLS(r.listener, "", "")
}

// watch does what is due, until ctx ends or the listener fails.
func (r *run) watch(ctx context.Context, stopped <-chan error) error {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-stopped:
			return failure.Bad(fmt.Errorf("the listener failed: %w", err), "")
		case <-r.Hangups:
			r.tree.Turn()
			r.watcher.Mark()
			r.reload()
		case <-tick.C:
			if r.watcher.Poll() != nil {
				r.reload()
			}
			r.tick()
		}
	}
}

// reload reads again what may have changed. What is invalid changes nothing.
func (r *run) reload() {
	r.watcher.Mark()
	if err := r.load(); err != nil {
		failure.Of(err).Report(r.Err)
		r.warn("what was in service before stays")
		return
	}
	r.warn("token and certificate were read again")
	r.wake()
}

// tick does what is due by the clock.
func (r *run) tick() {
	err := r.tree.Tick()
	if r.Keep > 0 {
		err = errors.Join(err, r.expire())
	}
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != r.said && text != "" {
		r.warn("warning: " + text)
	}
	r.said = text
}

// expire removes files whose time is over. One that is not in every database
// stays.
func (r *run) expire() error {
	for _, f := range r.tree.Expired(r.Keep) {
		if l := r.lacks(f); l != nil {
			return fmt.Errorf("%s is older than %d days, and stays, since it is not in a database yet", f.Path(), r.Keep)
		}
		if err := r.tree.Remove(f); err != nil {
			return err
		}
		r.warn(fmt.Sprintf("removed %s, which is older than %d days", f.Path(), r.Keep))
	}
	removed, err := r.tree.ExpireRejected(r.Keep)
	for _, name := range removed {
		r.warn(fmt.Sprintf("removed %s, which is older than %d days", name, r.Keep))
	}
	return err
}

// lacks returns a loader that has not loaded all of a file.
func (r *run) lacks(f tree.File) *loader.Loader {
	for _, l := range r.loaders {
		if !l.Has(f) {
			return l
		}
	}
	return nil
}

// shutdown lets batches under way come to their end.
func (r *run) shutdown(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close()
		r.warn("batches that came too slowly were cut off; their senders send them again")
	}
}

// drain loads what there is, for as long as the end may take.
func (r *run) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	var all sync.WaitGroup
	for _, l := range r.loaders {
		all.Go(func() {
			if err := l.Load(ctx); err != nil && ctx.Err() == nil {
				r.warn("warning: " + err.Error())
			}
			l.End()
		})
	}
	all.Wait()
	r.loaders = nil
}

func (r *run) close() (err error) {
	if r.listener != nil {
		_ = r.listener.Close()
	}
	for _, l := range r.loaders { // of a start that failed
		l.End()
	}
	if r.tree != nil {
		err = r.tree.Close()
	}
	return err
}

// notify tells systemd of a state, if it waits for one.
func (r *run) notify(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		r.warn(fmt.Sprintf("warning: systemd was not told %q: %v", state, err))
	}
}
