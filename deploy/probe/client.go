package probe

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// The default bounds of a [Client].
const (
	DefaultTimeout = 20 * time.Second // one request, name look-up included
	DefaultBody    = 256 << 10        // bytes
	dialTimeout    = 5 * time.Second  // one address
	maxAddrs       = 4                // addresses that are tried
)

// Resolver looks a name up; [*net.Resolver] does.
type Resolver interface {
	// LookupNetIP returns the addresses of a host; network is "ip".
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

var _ Resolver = (*net.Resolver)(nil)

// Client sends requests. The zero value works, for the public internet only.
// Its methods may be called by several goroutines.
type Client struct {
	// Via says where to connect instead of the addresses of a name. Its keys
	// are hosts in lower case with a port, "www.example.com:80", or without,
	// for every port; "" stands for every host that is not named. Its values
	// are "127.0.0.1", "127.0.0.1:8443", "[::1]:443" or "edge.example.net:443";
	// without a port it is the request's own. Any address is allowed, as the
	// operator chose it.
	Via map[string]string
	// Resolver looks names up; nil stands for the system's. See [ResolverAt].
	Resolver Resolver
	// Private allows addresses that are not [Public].
	Private bool
	// Roots are the certificate authorities that are trusted; nil for the
	// system's.
	Roots *x509.CertPool
	// Timeout bounds a request as a whole; 0 is [DefaultTimeout].
	Timeout time.Duration
	// MaxBody is how many bytes of a body are read; 0 is [DefaultBody], -1
	// none.
	MaxBody int
	// Now is the clock for certificates; nil is time.Now.
	Now func() time.Time
}

// ResolverAt returns a resolver that asks one DNS server, "9.9.9.9:53" or
// "[::1]:53"; without a port it is 53.
func ResolverAt(server string) *net.Resolver {
	server = withPort(server, 53)
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, server)
	}}
}

func (c *Client) maxBody() int {
	if c.MaxBody == 0 {
		return DefaultBody
	}
	return max(c.MaxBody, 0)
}

// via returns the address that the operator set for a host.
func (c *Client) via(host string, port uint16) (addr string, ok bool) {
	for _, key := range [...]string{host + ":" + strconv.Itoa(int(port)), host, ""} {
		if addr, ok = c.Via[key]; ok {
			return addr, true
		}
	}
	return "", false
}
