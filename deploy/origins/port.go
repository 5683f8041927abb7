package origins

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// port is one listener on loopback whose connections can be refused, reset and
// waited for.
type port struct {
	addr   string // 127.0.0.1:port, fixed once it has been picked
	server *wire.Server
	drip   atomic.Bool

	mu     sync.Mutex
	ln     net.Listener        // nil while refusing
	free   func()              // gives the port up; nil until it has been picked
	conns  map[string]net.Conn // by remote address
	closed bool
	wg     sync.WaitGroup // the accept loop and the connections
}

// openPort listens; config is nil for plain http.
func openPort(handler http.Handler, config *tls.Config) (*port, error) {
	p := &port{
		addr:   "127.0.0.1:0",
		server: &wire.Server{Handler: handler, TLSConfig: config},
		conns:  map[string]net.Conn{},
	}
	return p, p.listen()
}

// listen starts to accept; it does nothing when the port already does or is
// closed.
func (p *port) listen() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ln != nil || p.closed {
		return nil
	}
	ln, err := listenHeld(p.addr)
	if err != nil {
		return err
	}
	if p.free == nil {
		if p.free, err = hold(ln.Addr().(*net.TCPAddr)); err != nil {
			return errors.Join(err, ln.Close())
		}
	}
	p.ln, p.addr = ln, ln.Addr().String()
	p.wg.Go(func() { p.accept(ln) })
	return nil
}

func (p *port) accept(ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(5 * time.Millisecond) // out of descriptors: try again, as net/http does
			continue
		}
		p.serve(conn)
	}
}

func (p *port) serve(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ln == nil {
		conn.Close() // accepted just before the listener was closed
		return
	}
	from := conn.RemoteAddr().String()
	p.conns[from] = conn
	p.wg.Go(func() {
		p.server.ServeConn(&dripConn{Conn: conn, drip: &p.drip})
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.conns[from] == conn {
			delete(p.conns, from)
		}
	})
}

// refuse stops listening and drops all connections, like a host whose process
// has died.
func (p *port) refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ln != nil {
		p.ln.Close()
		p.ln = nil
	}
	for _, conn := range p.conns {
		conn.Close()
	}
}

// reset ends the connection from a remote address with a TCP reset: no further
// byte, no TLS alert.
func (p *port) reset(from string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	conn, ok := p.conns[from]
	if !ok {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // fails only on a connection that has gone already
	}
	conn.Close()
}

func (p *port) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.refuse()
	p.server.Close()
	p.wg.Wait()
	if p.free != nil {
		p.free()
	}
}

// dripPause is the pause between two bytes under [Drip]: a redirect of 200
// bytes takes half a second over http, and several over TLS.
const dripPause = 3 * time.Millisecond

// dripConn writes byte by byte while drip is set.
type dripConn struct {
	net.Conn
	drip *atomic.Bool
}

func (c *dripConn) Write(b []byte) (n int, err error) {
	for n < len(b) && c.drip.Load() {
		if _, err = c.Conn.Write(b[n : n+1]); err != nil {
			return n, err
		}
		n++
		time.Sleep(dripPause)
	}
	m, err := c.Conn.Write(b[n:])
	return n + m, err
}
