package e2e

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/sitetable"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/deploy/server"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// host is what answers: the module on the simulator, or the server.
type host interface {
	http.Handler
	Do(ctx context.Context, req *hostsim.Request) (*hostsim.Response, *hostsim.Exchange, error)
	KV(store, key string) (hostsim.KVEntry, bool)
	Close(ctx context.Context) error
}

var (
	_ host = (*hostsim.Host)(nil)
	_ host = (*nativeHost)(nil)
)

// nativeHost is the server (deploy/server) with what a simulated service is
// configured with, so that the same cases go through it.
type nativeHost struct {
	cfg       hostsim.Config
	sites     *core.Sites
	table     *sitetable.Table
	pool      *server.Pool
	links     *server.Links
	authority *origins.Authority // of origins that are no stand-ins
	roots     *x509.CertPool     // of the stand-ins
	count     atomic.Uint64
}

func newNativeRig(t *testing.T, sitesJSON string, opt origins.Options, change func(*hostsim.Config)) *rig {
	t.Helper()
	return rigWith(t, sitesJSON, opt, change, func(r *rig, cfg hostsim.Config) host {
		n := &nativeHost{cfg: cfg, sites: r.sites, table: server.TableOf(r.sites), links: linksOf(t, cfg)}
		var err error
		n.authority, err = origins.NewAuthority("e2e")
		require.NoError(t, err)
		roots := r.fleet.CA()
		n.roots = r.fleet.CA()
		roots.AppendCertsFromPEM(n.authority.PEM())
		n.pool = &server.Pool{Dial: n.dial, Roots: roots, Connect: time.Minute} // a busy machine is not an ESP that is down
		return n
	})
}

// linksOf makes the file of learned links with what the KV store has.
func linksOf(t *testing.T, cfg hostsim.Config) *server.Links {
	t.Helper()
	file := filepath.Join(t.TempDir(), "links")
	db, err := bbolt.Open(file, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		bucket, err := tx.CreateBucket([]byte("links"))
		for name, e := range cfg.KVStores[contract.LinkStore] {
			err = cmp.Or(err, bucket.Put([]byte(name), e.Value))
		}
		return err
	}))
	require.NoError(t, db.Close())
	links, err := server.OpenLinks(file)
	require.NoError(t, err)
	return links
}

func (n *nativeHost) Close(context.Context) error {
	n.pool.Close()
	return n.links.Close()
}

func (n *nativeHost) KV(store, key string) (hostsim.KVEntry, bool) {
	name, ok := learned.ParseName(key)
	e, err := n.links.Stored(&name)
	return hostsim.KVEntry{Value: e.Append(nil, &name)}, ok && err == nil && e.State != learned.Absent
}

// backendKey is under what a context has the backend that is asked.
type backendKey struct{}

// dial connects to where the configuration says that a backend is. What is no
// stand-in gets TLS in front, with a certificate of its own.
func (n *nativeHost) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	name := ctx.Value(backendKey{}).(string)
	b := n.cfg.Backends[name]
	origin, _, _ := net.SplitHostPort(addr)
	if b.Handler == nil {
		u, err := url.Parse(b.URL)
		if err != nil {
			return nil, err
		}
		conn, err := new(net.Dialer).DialContext(ctx, network, u.Host)
		switch {
		case err != nil:
		case u.Scheme == "https" && (b.CertHost != origin || !b.CA.Equal(n.roots)):
			conn.Close()
			return n.secured("elsewhere.example.net", func(front net.Conn) { _ = front.(*tls.Conn).Handshake(); front.Close() })
		case u.Scheme != "https" && !strings.HasSuffix(addr, ":80"):
			return n.secured(origin, func(front net.Conn) {
				go func() { io.Copy(conn, front); conn.Close() }()
				io.Copy(front, conn)
				front.Close()
			})
		}
		return conn, err
	}
	serve := (&wire.Server{Handler: b.Handler}).ServeConn
	if strings.HasSuffix(addr, ":80") {
		near, far := net.Pipe()
		go serve(far)
		return near, nil
	}
	return n.secured(origin, serve)
}

// secured serves one end of a connection with TLS and returns the other.
func (n *nativeHost) secured(name string, serve func(net.Conn)) (net.Conn, error) {
	cert, err := n.authority.Issue(name)
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0") // a pipe has no buffer for a client that refuses the certificate
	if err != nil {
		return nil, err
	}
	defer ln.Close()
	near, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		return nil, err
	}
	far, err := ln.Accept()
	if err != nil {
		return nil, err
	}
	go serve(tls.Server(far, &tls.Config{Certificates: []tls.Certificate{cert}}))
	return near, nil
}

// run is one request with what is recorded of it.
type nativeRun struct {
	n  *nativeHost
	mu sync.Mutex
	x  *hostsim.Exchange
}

// server is a server for one request, which shares connections and links.
func (r *nativeRun) server() *server.Server {
	n := r.n
	s := &server.Server{Origins: r, Links: n.links, Log: clickLog{r}, Warn: warnings{r}, Now: n.cfg.Now,
		NewID: func() string { return fmt.Sprintf("%032x", r.x.ID) }}
	overrides := server.Overrides{}
	for host, entry := range n.cfg.ConfigStores[contract.ConfigStore] {
		overrides[host] = server.ReadOverride(host, []byte(entry), n.sites)
		if why := overrides[host].Why; why != "" {
			s.Warn.Write([]byte("warning: the entry " + host + " of config store " + contract.ConfigStore + " is ignored: " + why + "\n"))
		}
	}
	s.Put(&server.Content{Sites: n.table, Overrides: overrides, Keys: secrets(n.cfg.SecretStores[contract.SecretStore]), Version: n.cfg.Env["FASTLY_SERVICE_VERSION"]})
	return s
}

// secrets is a secret store.
type secrets map[string][]byte

// Secret implements signed.Keyring.
func (s secrets) Secret(kid string) ([]byte, error) {
	if secret, ok := s[kid]; ok {
		return secret, nil
	}
	return nil, errors.New("no such secret")
}

// Send implements server.Origins.
func (r *nativeRun) Send(ctx context.Context, o *core.Origin, req *wire.Request) (*wire.Response, error) {
	r.mu.Lock()
	at := len(r.x.Sent)
	r.x.Sent = append(r.x.Sent, hostsim.BackendRequest{Backend: o.Backend, Method: req.Method, Target: req.Target, Header: req.Header.Clone()})
	r.mu.Unlock()
	if _, ok := r.n.cfg.Backends[o.Backend]; !ok { // the server has no backends, and so this only stands for one
		err := &senderror.Error{Tag: senderror.TagDestinationNotFound, Err: errors.New("no backend " + o.Backend)}
		r.x.Sent[at].Err = err
		return nil, err
	}
	if limit := r.n.cfg.Backends[o.Backend].FirstByteTimeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, senderror.ErrFirstByteTimeout)
		defer cancel()
	}
	resp, err := r.n.pool.Send(context.WithValue(ctx, backendKey{}, o.Backend), o, req)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.x.Sent[at].Err = err; err == nil {
		r.x.Sent[at].Status = resp.Status
	}
	return resp, err
}

type clickLog struct{ r *nativeRun }

func (l clickLog) Write(line []byte) (int, error) {
	if fault := l.r.n.cfg.LogFault; fault != nil && (fault(contract.LogEndpoint, nil) != hostsim.StatusOK || fault(contract.LogEndpoint, line) != hostsim.StatusOK) {
		return 0, errors.New("fault on purpose")
	}
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	l.r.x.Logs = append(l.r.x.Logs, hostsim.LogLine{Endpoint: contract.LogEndpoint, Line: strings.TrimSuffix(string(line), "\n")})
	return len(line), nil
}

type warnings struct{ r *nativeRun }

func (w warnings) Write(text []byte) (int, error) {
	w.r.mu.Lock()
	defer w.r.mu.Unlock()
	w.r.x.Stderr = append(w.r.x.Stderr, text...)
	return len(text), nil
}

// answer is an answer in memory.
type memory struct {
	hostsim.Response
	body bytes.Buffer
}

func (m *memory) WriteHead(status int, h wire.Header) error {
	m.Status, m.Response.Header = status, h.Clone()
	return nil
}

func (m *memory) Write(p []byte) (int, error) { return m.body.Write(p) }
func (m *memory) FlushError() error           { return nil }

// Do implements host.
func (n *nativeHost) Do(ctx context.Context, req *hostsim.Request) (*hostsim.Response, *hostsim.Exchange, error) {
	h := req.Header.Clone()
	if !h.Has("Host") {
		h = append(wire.NewHeader("Host", cmp.Or(req.Host, "example.com")), h...)
	}
	in := &server.Incoming{Method: cmp.Or(req.Method, "GET"), Target: cmp.Or(req.Target, "/"), Header: h, Secure: n.cfg.Scheme == "https",
		Address: cmp.Or(req.ClientIP, n.cfg.ClientIP, netip.AddrFrom4([4]byte{127, 0, 0, 1})), Body: req.Body}
	if req.Body != nil {
		in.Length = -1
		if known, ok := req.Body.(interface{ Len() int }); ok {
			in.Length = int64(known.Len())
		}
	}
	m := &memory{}
	x, err := n.answer(ctx, in, m)
	m.Body = m.body.Bytes()
	return &m.Response, x, err
}

// ServeHTTP implements http.Handler.
func (n *nativeHost) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	out, ok := w.(server.Outgoing)
	if !ok {
		panic("the server needs a wire.Server in front")
	}
	if _, err := n.answer(q.Context(), server.IncomingOf(q), out); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func (n *nativeHost) answer(ctx context.Context, in *server.Incoming, out server.Outgoing) (*hostsim.Exchange, error) {
	r := &nativeRun{n: n, x: &hostsim.Exchange{ID: n.count.Add(1) - 1, Responded: true}}
	s := r.server()
	err := s.Answer(ctx, in, out)
	s.Wait()
	if n.cfg.OnExchange != nil {
		n.cfg.OnExchange(r.x)
	}
	return r.x, err
}
