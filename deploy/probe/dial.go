package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// place is where to connect: addresses to try in turn, and a port.
type place struct {
	addrs []netip.Addr
	port  uint16
}

// connect finds the addresses and connects to the first that answers.
func (c *Client) connect(ctx context.Context, q *Question, a *Answer) (net.Conn, error) {
	start := time.Now()
	p, err := c.find(ctx, q, a)
	if len(a.Addrs) > 0 {
		a.Times.DNS = time.Since(start)
	}
	if err != nil {
		return nil, err
	}
	start = time.Now()
	defer func() { a.Times.Connect = time.Since(start) }()
	var all []error
	for _, addr := range p.addrs[:min(len(p.addrs), maxAddrs)] {
		a.Addr = netip.AddrPortFrom(addr, p.port)
		conn, err := c.dial(ctx, a.Addr)
		if err == nil {
			return conn, nil
		}
		all = append(all, err)
	}
	return nil, &Error{StageConnect, q.Host, errors.Join(all...)}
}

func (c *Client) dial(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr.String())
}

// find resolves the host, or what Via has for it.
func (c *Client) find(ctx context.Context, q *Question, a *Answer) (place, error) {
	name, port, free := q.Host, q.Port, c.Private
	if via, ok := c.via(strings.ToLower(q.Host), q.Port); ok {
		host, own, err := splitAddr(via)
		if err != nil {
			return place{}, &Error{StageAsk, q.Host, err}
		}
		if name, free = host, true; own != 0 {
			port = own
		}
	}
	if addr, err := netip.ParseAddr(name); err == nil {
		return c.admit(q, []netip.Addr{addr}, port, free)
	}
	addrs, err := c.lookup(ctx, name)
	if err != nil {
		return place{}, &Error{StageDNS, q.Host, err}
	}
	a.Addrs = addrs
	return c.admit(q, addrs, port, free)
}

// admit refuses the whole name if one of its addresses is private: a name with
// a public and a private address could be used to reach the private one.
func (c *Client) admit(q *Question, addrs []netip.Addr, port uint16, free bool) (place, error) {
	for _, addr := range addrs {
		if !free && !Public(addr) {
			return place{}, &Error{StagePrivate, q.Host, fmt.Errorf("%s is not an address of the public internet", addr)}
		}
	}
	return place{addrs, port}, nil
}

func (c *Client) lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	var resolver Resolver = net.DefaultResolver
	if c.Resolver != nil {
		resolver = c.Resolver
	}
	// With the final dot, as otherwise a search list could answer for a name
	// that does not exist.
	addrs, err := resolver.LookupNetIP(ctx, "ip", strings.TrimSuffix(name, ".")+".")
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	if err == nil && len(addrs) == 0 {
		err = errors.New("the name has no address")
	}
	return addrs, err
}

// splitAddr splits "host", "host:port", "[::1]:port" or a bare IPv6 address.
func splitAddr(s string) (host string, port uint16, err error) {
	if addr, err := netip.ParseAddr(unbracket(s)); err == nil {
		return addr.String(), 0, nil
	}
	host, digits, found := strings.Cut(s, ":")
	if strings.HasPrefix(s, "[") {
		if host, digits, err = net.SplitHostPort(s); err != nil {
			return "", 0, fmt.Errorf("%q is not an address: write HOST, HOST:PORT or [IPv6]:PORT", s)
		}
		found = true
	}
	n := uint64(0)
	if found {
		n, err = strconv.ParseUint(digits, 10, 16)
	}
	if err != nil || host == "" || found && n == 0 || strings.ContainsAny(host, "/@ ") {
		return "", 0, fmt.Errorf("%q is not an address: write HOST, HOST:PORT or [IPv6]:PORT", s)
	}
	return host, uint16(n), nil
}

func unbracket(s string) string {
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		return s[1 : len(s)-1]
	}
	return s
}

// CheckAddr returns an error if s is not valid for [Client.Via] or
// [ResolverAt].
func CheckAddr(s string) error {
	_, _, err := splitAddr(s)
	return err
}

// withPort adds a port to an address that has none.
func withPort(s string, port uint16) string {
	host, own, err := splitAddr(s)
	if err != nil {
		return s // dialling it says what is wrong
	}
	if own != 0 {
		port = own
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}
