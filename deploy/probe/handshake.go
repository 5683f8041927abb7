package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"time"
)

// secure does the handshake, then verifies the certificate, so that the chain
// of an untrusted one is kept. It closes conn if the handshake fails.
func (c *Client) secure(ctx context.Context, conn net.Conn, q *Question, a *Answer) (net.Conn, error) {
	start := time.Now()
	secured := tls.Client(conn, &tls.Config{
		ServerName: q.Host,
		NextProtos: []string{"http/1.1"},
		// Verified below: crypto/tls would end the handshake without giving the
		// chain.
		InsecureSkipVerify: true,
	})
	err := secured.HandshakeContext(ctx)
	a.Times.TLS = time.Since(start)
	if err != nil {
		conn.Close()
		return nil, &Error{StageHandshake, q.Host, err}
	}
	a.TLS = c.judge(secured.ConnectionState(), q.Host)
	return secured, nil
}

func (c *Client) judge(state tls.ConnectionState, host string) *TLS {
	t := &TLS{Version: state.Version, Chain: state.PeerCertificates}
	between := x509.NewCertPool()
	for _, cert := range t.Chain[1:] {
		between.AddCert(cert)
	}
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	_, t.Err = t.Leaf().Verify(x509.VerifyOptions{DNSName: host, Roots: c.Roots, Intermediates: between, CurrentTime: now()})
	return t
}
