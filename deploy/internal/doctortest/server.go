package doctortest

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// server is a place in this process: TLS where it has a configuration, then
// HTTP/2 where that was agreed on, else HTTP/1.1 that keeps every byte.
type server struct {
	config  *tls.Config // nil: plain http
	handler http.Handler
}

// ServeConn implements Place.
func (s *server) ServeConn(conn net.Conn) {
	if s.config == nil {
		serveHTTP1(conn, s.handler)
		return
	}
	told := &closing{Conn: conn, closed: make(chan struct{})}
	secured := tls.Server(told, s.config)
	if err := secured.Handshake(); err != nil {
		return // the alert has been sent
	}
	if secured.ConnectionState().NegotiatedProtocol == "h2" {
		quiet := log.New(io.Discard, "", 0) // clients that go after the handshake are no news
		_ = (&http.Server{Handler: s.handler, ErrorLog: quiet}).Serve(&single{conn: secured, closed: told.closed})
		return
	}
	serveHTTP1(secured, s.handler)
}

func serveHTTP1(conn net.Conn, handler http.Handler) {
	(&wire.Server{Handler: handler}).ServeConn(conn)
}

// closing reports when a connection has been closed.
type closing struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

func (c *closing) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// single is a listener for one connection, which ends with it.
type single struct {
	conn   net.Conn
	closed <-chan struct{}
}

// Accept implements net.Listener.
func (l *single) Accept() (conn net.Conn, err error) {
	if conn, l.conn = l.conn, nil; conn != nil {
		return conn, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

// Close implements net.Listener.
func (l *single) Close() error { return nil }

// Addr implements net.Listener.
func (l *single) Addr() net.Addr { return &net.TCPAddr{} }

// TLS says how a front shakes hands. The zero value is as CDNs do today: TLS
// 1.2 and 1.3, HTTP/2, and a certificate for clients that name no host too.
type TLS struct {
	Cert Cert
	// Newest and Oldest are tls.VersionTLS10 and so on; 0 for 1.3 and 1.2.
	Newest, Oldest uint16
	// NoHTTP2 offers http/1.1 only.
	NoHTTP2 bool
	// NeedsSNI ends a handshake without a name with the alert
	// unrecognized_name.
	NeedsSNI bool
	// WithoutSNI is the certificate for clients that send no name; nil for
	// Cert.
	WithoutSNI *Cert
}

// oldSuites are all that crypto/tls has, so that TLS 1.0 and 1.1 agree on one.
func oldSuites() (ids []uint16) {
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if slices.Contains(s.SupportedVersions, tls.VersionTLS10) || slices.Contains(s.SupportedVersions, tls.VersionTLS12) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

func (s TLS) config(own tls.Certificate, nameless *tls.Certificate) *tls.Config {
	config := &tls.Config{
		MinVersion: s.Oldest, MaxVersion: s.Newest, NextProtos: []string{"h2", "http/1.1"},
		SessionTicketsDisabled: true, // each handshake is a whole one
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			switch {
			case hello.ServerName != "":
				return &own, nil
			case s.NeedsSNI:
				return nil, nil // crypto/tls then sends the alert unrecognized_name
			}
			return nameless, nil
		},
	}
	if s.NoHTTP2 {
		config.NextProtos = []string{"http/1.1"}
	}
	if config.MinVersion == 0 {
		config.MinVersion = tls.VersionTLS12
	}
	if config.MinVersion < tls.VersionTLS12 {
		config.CipherSuites = oldSuites()
	}
	return config
}
