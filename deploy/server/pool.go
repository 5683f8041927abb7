package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Pool keeps connections to origins for further requests. The zero value works.
//
// A connection is used for a minute at most, so that a name that leads elsewhere
// is looked up again, and is left idle for a few seconds only: an origin that
// closes it at the moment in which a request is sent may have the request or
// not, and nothing is sent twice that an ESP may have counted. What is no GET or
// HEAD gets a connection of its own.
type Pool struct {
	// Dial connects to host:port; nil is a [net.Dialer].
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Roots are the certificate authorities that are trusted; nil for the
	// system's.
	Roots *x509.CertPool
	// Most is the most connections to one origin; 0 is [MostConnections].
	Most int
	// Connect is how long a connection may take to be made, TLS included; 0 is
	// contract.ConnectTimeout.
	Connect time.Duration

	mu       sync.Mutex
	origins  map[place]*connections
	sweeping bool
	closed   bool
	sessions tls.ClientSessionCache
}

// MostConnections is the most connections to one origin, unless a [Pool] says
// otherwise.
const MostConnections = 1000

const (
	idleTime = 4 * time.Second // servers wait for five or more, as a rule
	wholeAge = time.Minute
)

var _ Origins = (*Pool)(nil)

// place is where a connection leads. Origins of several sites share it.
type place struct {
	host string
	port uint16
	tls  bool
}

// connections are those to one place.
type connections struct {
	open int       // idle ones included
	idle []*pooled // the one used last at the end
}

// pooled is a connection of the pool.
type pooled struct {
	*wire.Conn
	to          place
	made, since time.Time // since is when it became idle
}

// Send implements Origins.
func (p *Pool) Send(ctx context.Context, o *core.Origin, req *wire.Request) (*wire.Response, error) {
	to := place{o.Address, o.Port, o.TLS}
	c := p.take(to, req)
	if c == nil {
		var err error
		if c, err = p.connect(ctx, to, req.Until); err != nil {
			req.CloseBody()
			return nil, err
		}
	}
	resp, err := c.RoundTrip(ctx, req, wire.Limits{})
	if err != nil {
		return nil, senderror.Exchange(ctx, err)
	}
	return resp, nil
}

// take returns an idle connection for a request; nil for none.
func (p *Pool) take(to place, req *wire.Request) *pooled {
	if req.Method != "GET" && req.Method != "HEAD" || req.Body != nil {
		return nil
	}
	for now := time.Now(); ; {
		c := p.last(to)
		if c == nil || !c.old(now) && c.Quiet() {
			return c
		}
		_ = c.Close()
	}
}

// last takes the idle connection that was used last.
func (p *Pool) last(to place) *pooled {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.origins[to]
	if list == nil || len(list.idle) == 0 {
		return nil
	}
	n := len(list.idle) - 1
	c := list.idle[n]
	list.idle[n] = nil
	list.idle = list.idle[:n]
	return c
}

func (c *pooled) old(now time.Time) bool {
	return now.Sub(c.since) >= idleTime || now.Sub(c.made) >= wholeAge
}

// connect makes a connection, TLS included, in time. until is the request's.
func (p *Pool) connect(ctx context.Context, to place, until time.Time) (*pooled, error) {
	if !p.enter(to) {
		return nil, &senderror.Error{Tag: senderror.TagConnectionLimit, Err: errors.New("too many connections to " + to.host)}
	}
	if !until.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, until, wire.ErrLate)
		defer cancel()
	}
	ctx, cancel := context.WithTimeoutCause(ctx, cmp.Or(p.Connect, contract.ConnectTimeout*time.Millisecond), senderror.ErrConnectTimeout)
	defer cancel()
	conn, err := p.dial(ctx, to)
	if err != nil {
		p.leave(to)
		return nil, err
	}
	c := &pooled{Conn: wire.NewConn(&counted{Conn: conn, leave: sync.OnceFunc(func() { p.leave(to) })}), to: to, made: time.Now()}
	c.BetweenBytes = contract.BetweenBytesTimeout * time.Millisecond
	c.Release = func() { p.release(c) }
	return c, nil
}

func (p *Pool) dial(ctx context.Context, to place) (net.Conn, error) {
	dial := p.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, "tcp", net.JoinHostPort(to.host, strconv.Itoa(int(to.port))))
	if err != nil {
		return nil, senderror.Dial(ctx, err)
	}
	conn = wire.Direct(conn)
	if !to.tls {
		return conn, nil
	}
	secured := tls.Client(conn, p.config(to))
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, senderror.Handshake(ctx, err)
	}
	return secured, nil
}

// config has the ESP's name for SNI and certificate.
func (p *Pool) config(to place) *tls.Config {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sessions == nil {
		p.sessions = tls.NewLRUClientSessionCache(0)
	}
	return &tls.Config{ServerName: to.host, RootCAs: p.Roots, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, ClientSessionCache: p.sessions}
}

// enter counts a connection, if there may be one more. Where there may not, an
// idle one makes room.
func (p *Pool) enter(to place) bool {
	p.mu.Lock()
	if p.origins == nil {
		p.origins = map[place]*connections{}
	}
	list := p.origins[to]
	if list == nil {
		list = &connections{}
		p.origins[to] = list
	}
	full := list.open >= cmp.Or(p.Most, MostConnections)
	if !full {
		list.open++
	}
	p.mu.Unlock()
	if !full {
		return true
	}
	if c := p.last(to); c != nil {
		_ = c.Close()
		return p.enter(to)
	}
	return false
}

func (p *Pool) leave(to place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.origins[to]
	if list.open--; list.open == 0 {
		delete(p.origins, to) // overrides may name any number of origins
	}
}

// release keeps a connection for the next request.
func (p *Pool) release(c *pooled) {
	if c.since = time.Now(); c.old(c.since) || !p.keep(c) {
		_ = c.Close()
	}
}

func (p *Pool) keep(c *pooled) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	list := p.origins[c.to]
	list.idle = append(list.idle, c)
	if !p.sweeping {
		p.sweeping = true
		time.AfterFunc(idleTime, p.sweep)
	}
	return true
}

// connections is how many are open, idle ones included.
func (p *Pool) connections() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, list := range p.origins {
		n += list.open
	}
	return n
}

// sweep closes what has been idle for too long, and comes again while there is
// something idle.
func (p *Pool) sweep() {
	old := p.tooOld(time.Now())
	for _, c := range old {
		_ = c.Close()
	}
}

func (p *Pool) tooOld(now time.Time) (old []*pooled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweeping = false
	for _, list := range p.origins {
		kept := list.idle[:0]
		for _, c := range list.idle {
			if c.old(now) {
				old = append(old, c)
			} else {
				kept = append(kept, c)
			}
		}
		clear(list.idle[len(kept):])
		if list.idle = kept; len(kept) > 0 && !p.sweeping && !p.closed {
			p.sweeping = true
			time.AfterFunc(idleTime, p.sweep)
		}
	}
	return old
}

// Close closes the idle connections. Those in use are closed after their
// request.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	var idle []*pooled
	for _, list := range p.origins {
		idle = append(idle, list.idle...)
		list.idle = nil
	}
	p.mu.Unlock()
	for _, c := range idle {
		_ = c.Close()
	}
}

// counted is a connection that is counted until it is closed.
type counted struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *counted) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// NetConn is the connection below, for those who look at the socket.
func (c *counted) NetConn() net.Conn {
	if secured, ok := c.Conn.(*tls.Conn); ok {
		return secured.NetConn()
	}
	return c.Conn
}
