package server

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/output"
)

// certificate is one's own, from files.
type certificate struct {
	certFile, keyFile string
	now               atomic.Pointer[tls.Certificate]
}

// soon is how long before its end a certificate is warned of.
const soon = 14 * 24 * time.Hour

// load reads the files, and warns of what readers would be refused for.
func (c *certificate) load(hosts []string, w io.Writer) error {
	cert, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return failure.Usage(fmt.Errorf("the certificate cannot be used: %w", err), "--cert takes the certificate with its chain, --key its private key, both in PEM")
	}
	switch left := time.Until(cert.Leaf.NotAfter); {
	case left <= 0:
		fmt.Fprintf(w, "warning: the certificate %s ended on %s: browsers refuse it\n", c.certFile, cert.Leaf.NotAfter.UTC().Format(time.DateOnly))
	case left < soon:
		fmt.Fprintf(w, "warning: the certificate %s ends on %s\n", c.certFile, cert.Leaf.NotAfter.UTC().Format(time.DateOnly))
	}
	if missing := uncovered(cert.Leaf, hosts); len(missing) > 0 {
		fmt.Fprintf(w, "warning: the certificate %s is not for %s: browsers refuse it there\n", c.certFile, output.Some(missing, 12))
	}
	c.now.Store(&cert)
	return nil
}

func (c *certificate) close() {}

// uncovered lists the link domains that the certificate is not for.
func uncovered(leaf *x509.Certificate, hosts []string) []string {
	return slices.DeleteFunc(hosts, func(host string) bool { return leaf.VerifyHostname(host) == nil })
}

// config offers HTTP/1.1 only: it has the targets' exact bytes.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if cert := c.now.Load(); cert != nil {
				return cert, nil
			}
			return nil, errors.New("no certificate")
		},
	}
}
