package origin

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// Bounds of idle connections: how many of a backend are kept, and for how long
// one is used again. Servers close theirs after a minute or so.
const (
	maxIdle = 64
	idleFor = 10 * time.Second
)

// Pool keeps connections to one backend that can carry another request.
type Pool struct {
	mu     sync.Mutex
	idle   []*kept // the latest is last
	closed bool
}

// kept is a connection and since when it is idle.
type kept struct {
	*wire.Conn
	remote netip.AddrPort
	since  time.Time
}

// take returns the connection that was used last, or nil.
func (p *Pool) take() *kept {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		c := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if time.Since(c.since) < idleFor && c.Quiet() {
			return c
		}
		c.Close()
	}
	return nil
}

func (p *Pool) put(c *kept) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= maxIdle {
		c.Close()
		return
	}
	c.since = time.Now()
	p.idle = append(p.idle, c)
}

// Close closes the idle connections, and those that become idle later.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, c := range p.idle {
		c.Close()
	}
	p.idle = nil
}

// connect takes an idle connection when it may and there is one, and else makes
// one.
func (b *Backend) connect(ctx context.Context, mayReuse bool) (c *kept, reused bool, err error) {
	if b.Pool != nil && mayReuse {
		if c = b.Pool.take(); c != nil {
			return c, true, nil
		}
	}
	conn, err := b.dial(ctx)
	if err != nil {
		return nil, false, err
	}
	c = &kept{Conn: wire.NewConn(conn), remote: remote(conn)}
	if b.Pool != nil {
		c.Release = func() { b.Pool.put(c) }
	}
	return c, false, nil
}

// repeatable reports whether a request may be sent a second time when it was
// lost with an idle connection (RFC 9110, section 9.2.2). One with a body goes
// over a new connection instead.
func repeatable(req *wire.Request) bool {
	return req.Body == nil && (req.Method == "GET" || req.Method == "HEAD" || req.Method == "OPTIONS")
}

// stale reports whether err can mean that the other side had closed an idle
// connection before the request came.
func stale(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed)
}

// exchange sends a request, a second time when the first one went over a
// connection that the other side had closed. Where the second time fails as
// well, the first time's error is returned: that request may have been read.
func (b *Backend) exchange(ctx context.Context, req *wire.Request) (*Response, error) {
	resp, reused, err := b.attempt(ctx, req, repeatable(req))
	if err == nil || !reused || !stale(err) || ctx.Err() != nil {
		return resp, err
	}
	if again, _, second := b.attempt(ctx, req, false); second == nil {
		return again, nil
	}
	return nil, err
}

// attempt sends a request over an idle connection, if it may and there is one,
// or over a new one.
func (b *Backend) attempt(ctx context.Context, req *wire.Request, mayReuse bool) (resp *Response, reused bool, err error) {
	conn, reused, err := b.connect(ctx, mayReuse)
	if err != nil {
		req.CloseBody()
		return nil, reused, err
	}
	head, err := b.roundTrip(ctx, conn.Conn, req)
	if err != nil {
		return nil, reused, err
	}
	return &Response{head, conn.remote}, reused, nil
}
