package doctortest

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"
)

// Day is the unit of certificates.
const Day = 24 * time.Hour

// Cert says how a server's certificate is to be. The zero value with names is a
// good one: issued ten days ago for ninety, P-256, sent with its intermediate.
type Cert struct {
	Names []string // host names, "*.example.com" included
	// Left is how much of its time is left; negative: expired. 0 is 80 days.
	Left time.Duration
	// Starts is in how much time it begins to hold; 0 is ninety days before the
	// end.
	Starts time.Duration
	// Key is p256 (also where it is ""), p384, p521, rsa3072, rsa2048, rsa1024
	// or ed25519.
	Key string
	// Issuer is "" for the authority's intermediate, "self" for the certificate
	// itself, "stranger" for an authority that nobody trusts.
	Issuer string
	// Organisation is the issuer's in place of the lab's, as public authorities
	// have one.
	Organisation string
	// Alone leaves the intermediate out of what the server sends.
	Alone bool
	// ClientOnly leaves out that the certificate is for servers.
	ClientOnly bool
	// MustStaple asks for a stapled OCSP answer (RFC 7633).
	MustStaple bool
	// Staple is the status in the stapled OCSP answer: good, revoked, or old
	// for one that held until a week ago; "" for none.
	Staple string
	// SCT sends a signed certificate timestamp in the handshake. No log made
	// it: it has the right form only.
	SCT bool
}

// Authority is a root that the doctor is told to trust, an intermediate below
// it, and a stranger. All keys live in memory only.
type Authority struct {
	root, intermediate, stranger signer
	now                          time.Time
}

type signer struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// NewAuthority makes an authority whose certificates are dated from now.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{now: time.Now().Truncate(time.Second)}
	a.root = a.signer(t, "Lab Root", "clickedge lab", nil)
	a.intermediate = a.signer(t, "Lab Intermediate", "clickedge lab", &a.root)
	a.stranger = a.signer(t, "Stranger Root", "clickedge lab", nil)
	return a
}

func (a *Authority) signer(t testing.TB, name, organisation string, parent *signer) signer {
	template := &x509.Certificate{
		SerialNumber: serial(t), Subject: pkix.Name{CommonName: name, Organization: []string{organisation}},
		NotBefore: a.now.Add(-1000 * Day), NotAfter: a.now.Add(1000 * Day),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	s := signer{key: newKey(t, "p256")}
	if parent == nil {
		parent = &signer{cert: template, key: s.key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent.cert, s.key.Public(), parent.key)
	require.NoError(t, err)
	s.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	return s
}

func serial(t testing.TB) *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	require.NoError(t, err)
	return n
}

// rsaKeys are made once for all set-ups: they take long, and nothing is secret.
var rsaKeys = map[string]func() (*rsa.PrivateKey, error){
	"rsa1024": sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 1024) }),
	"rsa3072": sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 3072) }),
	"rsa2048": sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }),
}

func newKey(t testing.TB, kind string) (key crypto.Signer) {
	var err error
	switch kind {
	case "", "p256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "p384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "p521":
		key, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "ed25519":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	case "rsa1024", "rsa2048", "rsa3072":
		key, err = rsaKeys[kind]()
	default:
		err = fmt.Errorf("no key of kind %q", kind)
	}
	require.NoError(t, err)
	return key
}

// Roots is the pool that trusts this authority.
func (a *Authority) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.root.cert)
	return pool
}

// RootPEM is the root, for a file.
func (a *Authority) RootPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.cert.Raw})
}

// mustStaple is the TLS feature extension with status_request (RFC 7633,
// section 6).
var mustStaple = pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}, Value: []byte{0x30, 0x03, 0x02, 0x01, 0x05}}

// Issue makes a certificate with its key and all that a server sends with it.
func (a *Authority) Issue(t testing.TB, c Cert) tls.Certificate {
	t.Helper()
	key := newKey(t, c.Key)
	template := a.template(t, c)
	parent := a.intermediate
	if c.Organisation != "" {
		parent = a.signer(t, "Lab Intermediate", c.Organisation, &a.root)
	}
	switch c.Issuer {
	case "self":
		parent = signer{template, key}
	case "stranger":
		parent = a.stranger
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent.cert, key.Public(), parent.key)
	require.NoError(t, err)
	cert := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	if c.Issuer == "" && !c.Alone {
		cert.Certificate = append(cert.Certificate, parent.cert.Raw)
	}
	if c.SCT {
		cert.SignedCertificateTimestamps = [][]byte{madeUpSCT()}
	}
	if c.Staple != "" {
		cert.OCSPStaple = a.staple(t, template.SerialNumber, c.Staple)
	}
	return cert
}

func (a *Authority) template(t testing.TB, c Cert) *x509.Certificate {
	template := &x509.Certificate{
		SerialNumber: serial(t), Subject: pkix.Name{CommonName: c.Names[0]}, DNSNames: c.Names,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if c.Issuer == "" {
		// As every public authority has it: where the missing link of a chain
		// is to be had.
		template.IssuingCertificateURL = []string{"http://aia.lab.example/intermediate.der"}
	}
	if c.ClientOnly {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	if c.MustStaple {
		template.ExtraExtensions = []pkix.Extension{mustStaple}
	}
	left := cmp.Or(c.Left, 80*Day+time.Hour) // an hour, so that "days left" does not change while a test runs
	template.NotAfter = a.now.Add(left)
	template.NotBefore = template.NotAfter.Add(-90 * Day)
	if c.Starts != 0 {
		template.NotBefore = a.now.Add(c.Starts)
	}
	return template
}

func (a *Authority) staple(t testing.TB, number *big.Int, status string) []byte {
	answer := ocsp.Response{SerialNumber: number, Status: ocsp.Good, ThisUpdate: a.now.Add(-Day), NextUpdate: a.now.Add(6 * Day)}
	switch status {
	case "good":
	case "revoked":
		answer.Status, answer.RevokedAt = ocsp.Revoked, a.now.Add(-2*Day)
	case "unknown":
		answer.Status = ocsp.Unknown
	case "old":
		answer.ThisUpdate, answer.NextUpdate = a.now.Add(-14*Day), a.now.Add(-7*Day)
	default:
		require.Fail(t, "no OCSP status", status)
	}
	der, err := ocsp.CreateResponse(a.intermediate.cert, a.intermediate.cert, answer, a.intermediate.key)
	require.NoError(t, err)
	return der
}

// madeUpSCT has the layout of RFC 6962, section 3.2: version 1, log id, time in
// milliseconds, no extensions, ECDSA with SHA-256 and a signature of zeros.
func madeUpSCT() []byte {
	b := make([]byte, 1+32+8+2)
	b = append(b, 4, 3, 0, 8)
	return append(b, make([]byte, 8)...)
}
