package probe

import (
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"time"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// Question is a request. Only Host is required: GET / over http.
type Question struct {
	// TLS asks over https. With an untrusted certificate [Client.Do] fails with
	// an [*Error] of [StageTrust], as a browser does.
	TLS bool
	// Host is the name to connect to, that of SNI, the Host field and the
	// certificate. A name in ASCII or an IP address without brackets, no port.
	Host string
	// Port is 443 or 80 if it is 0.
	Port uint16
	// Method is GET if it is "".
	Method string
	// Target is the request target, written byte for byte; "/" if it is "". It
	// cannot have CR, LF or NUL.
	Target string
	// Header follows Host. User-Agent and Accept are added if it has none.
	Header wire.Header
}

// Times says how long each step took; 0 if there was none. DNS, Connect and TLS
// are the durations of these steps, FirstByte is from the request to the first
// byte of the answer, Total from the first step to the last byte.
type Times struct {
	DNS, Connect, TLS, FirstByte, Total time.Duration
}

// Answer is what was found, up to an error.
type Answer struct {
	// Addrs are the addresses of the name, in the resolver's order; nil with
	// Via to an address. Addr is the one that was connected to.
	Addrs []netip.Addr
	Addr  netip.AddrPort
	// TLS is nil for http and before the handshake ended.
	TLS    *TLS
	Status int
	// Header has the fields in order, with unchanged values.
	Header wire.Header
	// Body is the body as far as it was read. Cut: there was more. BodyErr: it
	// broke off.
	Body    []byte
	Cut     bool
	BodyErr error
	Times   Times
}

// TLS is the result of a handshake.
type TLS struct {
	// Version is tls.VersionTLS12 or another.
	Version uint16
	// Chain is what the server sent, the leaf first; never empty.
	Chain []*x509.Certificate
	// Err says why the certificate is not trusted; nil if it is.
	Err error
}

// Leaf is the server's own certificate.
func (t *TLS) Leaf() *x509.Certificate { return t.Chain[0] }

// DaysLeft is how many whole days the leaf has left at a time, negative if it
// has expired.
func (t *TLS) DaysLeft(now time.Time) int {
	left := t.Leaf().NotAfter.Sub(now)
	days := int(left / (24 * time.Hour))
	if left < 0 {
		return days - 1
	}
	return days
}

// VersionName is the name of the TLS version, "TLS 1.3".
func (t *TLS) VersionName() string { return tls.VersionName(t.Version) }
