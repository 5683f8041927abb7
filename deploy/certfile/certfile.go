// Package certfile has the certificate of a TLS server, read from files and read
// again when they change.
//
// Start with [File.Load], and give [File.Get] to the server's configuration.
package certfile

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

// File is a certificate with its key, both in PEM.
type File struct {
	Cert, Key string // names
	Clients   string // who refuses a bad one, for messages: "browsers"

	now atomic.Pointer[tls.Certificate]
}

// soon is how long before its end a certificate is warned of.
const soon = 14 * 24 * time.Hour

// Load reads the files, and warns of what clients would refuse for.
func (f *File) Load(hosts []string, w io.Writer) error {
	cert, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return failure.Usage(fmt.Errorf("the certificate cannot be used: %w", err), "--cert takes the certificate with its chain, --key its private key, both in PEM")
	}
	switch left := time.Until(cert.Leaf.NotAfter); {
	case left <= 0:
		fmt.Fprintf(w, "warning: the certificate %s ended on %s: %s refuse it\n", f.Cert, cert.Leaf.NotAfter.UTC().Format(time.DateOnly), f.Clients)
	case left < soon:
		fmt.Fprintf(w, "warning: the certificate %s ends on %s\n", f.Cert, cert.Leaf.NotAfter.UTC().Format(time.DateOnly))
	}
	if missing := uncovered(cert.Leaf, hosts); len(missing) > 0 {
		fmt.Fprintf(w, "warning: the certificate %s is not for %s: %s refuse it there\n", f.Cert, output.Some(missing, 12), f.Clients)
	}
	f.Put(&cert)
	return nil
}

// Put puts a certificate into service.
func (f *File) Put(cert *tls.Certificate) { f.now.Store(cert) }

// Get returns the certificate in service, for [tls.Config].
func (f *File) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if cert := f.now.Load(); cert != nil {
		return cert, nil
	}
	return nil, errors.New("no certificate")
}

// uncovered lists the hosts that the certificate is not for.
func uncovered(leaf *x509.Certificate, hosts []string) []string {
	return slices.DeleteFunc(hosts, func(host string) bool { return leaf.VerifyHostname(host) == nil })
}
