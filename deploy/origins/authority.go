package origins

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"net"
	"time"
)

// validity is how long certificates are valid: longer than any laptop session,
// and short enough that one forgotten in a trust store soon expires.
const validity = 30 * 24 * time.Hour

// Authority is a certificate authority in memory. Its key is never written to a
// file.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes an authority with this name.
func NewAuthority(name string) (*Authority, error) {
	template := certificate(name)
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &Authority{cert, key}, err
}

func certificate(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), // a client's clock may be slow
		NotAfter:  now.Add(validity),
	}
}

// Issue makes a server certificate for host names, wildcards and IP addresses.
func (a *Authority) Issue(names ...string) (tls.Certificate, error) {
	if len(names) == 0 {
		return tls.Certificate{}, errors.New("certificate without a name: give at least one host")
	}
	template := certificate(names[0])
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// Pool trusts this authority and no other.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// PEM is the authority's certificate.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// Certificate makes a server certificate from the fleet's authority for other
// servers that must be trusted, such as the branded hosts on a laptop. Names
// are host names, "*.example.com" or IP addresses; none is an error.
func (f *Fleet) Certificate(names ...string) (tls.Certificate, error) {
	return f.authority.Issue(names...)
}

// serverConfig is the origins' TLS configuration. Sessions are not resumed: a
// resumed one would bypass the check of the SNI.
func serverConfig(pick func(sni string) *tls.Certificate) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS12,
		NextProtos:             []string{"http/1.1"},
		SessionTicketsDisabled: true,
		// No certificate and no error: crypto/tls then sends the alert
		// unrecognized_name.
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return pick(hello.ServerName), nil
		},
	}
}
