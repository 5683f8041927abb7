package server

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// The most connections to one port: of all clients together, and of one address.
const (
	maxConnections = 10_000
	maxPerAddress  = 500
)

// limiter is a listener that bounds how many connections are open. Beyond the
// bound of all it accepts none; one more of an address that has its share is
// closed. A proxy on this machine speaks for everybody and has no share.
type limiter struct {
	net.Listener
	slots      chan struct{}
	perAddress int
	refused    func() // called for each that is closed; nil: not
	once       sync.Once
	done       chan struct{}
	now        atomic.Int64

	mu   sync.Mutex
	open map[netip.Prefix]int
}

func newLimiter(ln net.Listener, all, perAddress int) *limiter {
	return &limiter{Listener: ln, slots: make(chan struct{}, all), perAddress: perAddress, done: make(chan struct{}), open: map[netip.Prefix]int{}}
}

// Accept implements net.Listener.
func (l *limiter) Accept() (net.Conn, error) {
	for {
		select {
		case l.slots <- struct{}{}:
		case <-l.done:
			return nil, net.ErrClosed
		}
		conn, err := l.Listener.Accept()
		if err != nil {
			<-l.slots
			return nil, err
		}
		from := clientOf(conn.RemoteAddr())
		if l.enter(from) {
			l.now.Add(1)
			return &limited{Conn: wire.Direct(conn), leave: sync.OnceFunc(func() { l.leave(from) })}, nil
		}
		_ = conn.Close()
		<-l.slots
		if l.refused != nil {
			l.refused()
		}
	}
}

// connections is how many are open. One of the slots waits for the next.
func (l *limiter) connections() int { return int(l.now.Load()) }

// Close implements net.Listener.
func (l *limiter) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

// clientOf is an IPv4 address, or the /64 of an IPv6 address, which one client
// has for itself. It is zero for an address that has no share.
func clientOf(addr net.Addr) netip.Prefix {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	if ip.IsLoopback() {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(ip, bits).Masked()
}

func (l *limiter) enter(from netip.Prefix) bool {
	if !from.IsValid() {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[from] >= l.perAddress {
		return false
	}
	l.open[from]++
	return true
}

func (l *limiter) leave(from netip.Prefix) {
	l.now.Add(-1)
	<-l.slots
	if !from.IsValid() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[from]--; l.open[from] == 0 {
		delete(l.open, from)
	}
}

// limited is a connection that is counted until it is closed.
type limited struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *limited) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// CloseWrite closes the writing side.
func (c *limited) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return net.ErrClosed
}
