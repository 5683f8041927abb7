// Package origin sends requests to backends and classifies the ways in which
// that can fail.
package origin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Backend is one origin, ready for use. The zero timeouts mean none.
type Backend struct {
	Scheme string // http or https
	Addr   string // host:port to connect to
	Name   string // host of the URL, without port
	Prefix string // path of the URL, "/" at least
	Port   uint16

	Host       string // replaces the Host field when not empty
	CertHost   string // name the certificate must have
	SNI        string // name sent in the handshake; empty: none
	SkipVerify bool
	CA         *x509.CertPool // nil: the system's
	ClientCert *tls.Certificate
	GRPC       bool // HTTP/2 only

	ConnectTimeout, FirstByteTimeout, BetweenBytesTimeout time.Duration

	Health  uint32       // as the guest sees it (typenames.witx)
	Handler http.Handler // answers in place of Addr

	// Pool keeps connections; nil: each request has one of its own. Copies of a
	// Backend that connect in the same way share it.
	Pool *Pool
}

// Refuser is a Handler that can make a request fail before it is connected to.
// A nil error means that it answers.
type Refuser interface {
	Refuse(ctx context.Context, req *wire.Request) *senderror.Error
}

// Loopback reports whether the backend is on this machine, by its name.
func (b *Backend) Loopback() bool {
	name := strings.ToLower(strings.TrimSuffix(b.Name, "."))
	if ip, err := netip.ParseAddr(name); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// ParseURL fills Scheme, Addr, Name, Port and Prefix, and CertHost and SNI with
// the URL's host.
func (b *Backend) ParseURL(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return err
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("backend url %q: scheme must be http or https", text)
	}
	if u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("backend url %q: want scheme://host[:port][/prefix]", text)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	n, err := net.LookupPort("tcp", port)
	if err != nil {
		return fmt.Errorf("backend url %q: bad port %q", text, port)
	}
	b.Scheme, b.Name, b.Port, b.Prefix = u.Scheme, u.Hostname(), uint16(n), u.EscapedPath()
	b.Addr = net.JoinHostPort(b.Name, port)
	b.CertHost, b.SNI = b.Name, b.Name
	return nil
}

// target glues the backend's path prefix and a request target, without doubling
// the slash between them.
func (b *Backend) target(target string) string {
	prefix := strings.TrimSuffix(b.Prefix, "/")
	if prefix == "" || !strings.HasPrefix(target, "/") {
		return target
	}
	return prefix + target
}

// dial connects and, for https, shakes hands; ConnectTimeout bounds both
// together.
func (b *Backend) dial(ctx context.Context) (net.Conn, error) {
	if b.Handler != nil {
		return b.pipe(), nil
	}
	if b.ConnectTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, b.ConnectTimeout, senderror.ErrConnectTimeout)
		defer cancel()
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", b.Addr)
	if err != nil {
		return nil, senderror.Dial(ctx, err)
	}
	if b.Scheme != "https" {
		return conn, nil
	}
	secured := tls.Client(conn, b.tlsConfig())
	if err := secured.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, senderror.Handshake(ctx, err)
	}
	return secured, nil
}

// pipe serves the other end of an in-memory connection, so that a Handler sees
// exactly what an address would.
func (b *Backend) pipe() net.Conn {
	near, far := net.Pipe()
	if b.GRPC {
		go serveH2(far, b.Handler)
		return near
	}
	srv := &wire.Server{Handler: b.Handler}
	go srv.ServeConn(far)
	return near
}

// tlsConfig verifies by itself: crypto/tls has one name for both SNI and
// certificate, and a backend may need two.
func (b *Backend) tlsConfig() *tls.Config {
	config := &tls.Config{ServerName: b.SNI, InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}
	if b.GRPC {
		config.NextProtos = []string{"h2"}
	}
	if b.ClientCert != nil {
		config.Certificates = []tls.Certificate{*b.ClientCert}
	}
	if !b.SkipVerify {
		config.VerifyConnection = b.verify
	}
	return config
}

func (b *Backend) verify(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return &senderror.CertError{Err: errors.New("no certificate presented")}
	}
	opts := x509.VerifyOptions{DNSName: b.CertHost, Roots: b.CA, Intermediates: x509.NewCertPool()}
	for _, cert := range state.PeerCertificates[1:] {
		opts.Intermediates.AddCert(cert)
	}
	if _, err := state.PeerCertificates[0].Verify(opts); err != nil {
		return &senderror.CertError{Err: err}
	}
	return nil
}
