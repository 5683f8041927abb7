package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"time"
)

// secure does the handshake, then verifies the certificate, so that the chain
// of an untrusted one is kept. It closes conn if the handshake fails.
func (c *Client) secure(ctx context.Context, conn net.Conn, q *Question, a *Answer) (net.Conn, error) {
	config := &tls.Config{
		ServerName: q.sni(),
		NextProtos: q.ALPN,
		MinVersion: q.MinVersion,
		MaxVersion: q.MaxVersion,
		// Verified below: crypto/tls would end the handshake without giving the
		// chain.
		InsecureSkipVerify: true,
	}
	if config.NextProtos == nil {
		config.NextProtos = []string{"http/1.1"}
	}
	start := time.Now()
	secured := tls.Client(conn, config)
	err := secured.HandshakeContext(ctx)
	a.Times.TLS = time.Since(start)
	if err != nil {
		conn.Close()
		return nil, &Error{StageHandshake, q.Host, err}
	}
	a.TLS = c.judge(secured.ConnectionState(), q)
	return secured, nil
}

func (q *Question) sni() string {
	switch {
	case q.NoSNI:
		return ""
	case q.SNI != "":
		return q.SNI
	}
	return q.Host
}

func (c *Client) judge(state tls.ConnectionState, q *Question) *TLS {
	t := &TLS{
		Version:  state.Version,
		Cipher:   tls.CipherSuiteName(state.CipherSuite),
		Protocol: state.NegotiatedProtocol,
		Chain:    state.PeerCertificates,
		OCSP:     state.OCSPResponse,
		SCTs:     state.SignedCertificateTimestamps,
	}
	between := x509.NewCertPool()
	for _, cert := range t.Chain[1:] {
		between.AddCert(cert)
	}
	name := q.CertName
	if name == "" {
		name = q.Host
	}
	_, t.Err = t.Leaf().Verify(x509.VerifyOptions{DNSName: name, Roots: c.Roots, Intermediates: between, CurrentTime: c.now()})
	return t
}

// Handshake connects and does the handshake, without a request, to test
// versions of TLS, ALPN, or a server without SNI. The answer is never nil. An
// untrusted certificate is no error here; it is in TLS.Err.
func (c *Client) Handshake(ctx context.Context, q Question) (*Answer, error) {
	a := &Answer{}
	q.TLS = true
	if err := q.complete(); err != nil {
		return a, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	start := time.Now()
	conn, err := c.connect(ctx, &q, a)
	if err == nil {
		conn, err = c.secure(ctx, conn, &q, a)
	}
	if err == nil {
		conn.Close()
	}
	a.Times.Total = time.Since(start)
	return a, err
}

var errNoHost = errors.New("the question has no host")
