package origins

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func handshake(t *testing.T, addr string, config *tls.Config) (*x509.Certificate, error) {
	t.Helper()
	raw, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer raw.Close()
	conn := tls.Client(raw, config)
	if err := conn.Handshake(); err != nil {
		return nil, err
	}
	return conn.ConnectionState().PeerCertificates[0], nil
}

// The certificate is for the ESP's name alone: a proxy that checks it against
// the branded host fails.
func TestCertificateIsTheESPs(t *testing.T) {
	f := start(t, Options{})
	for _, backend := range []string{"customerio-eu", "ses", "iterable"} {
		address := originOf(t, backend).Address
		cert, err := handshake(t, f.Addr(backend), &tls.Config{RootCAs: f.CA(), ServerName: address})
		require.NoError(t, err)
		require.Equal(t, []string{address}, cert.DNSNames)

		_, err = handshake(t, f.Addr(backend), &tls.Config{RootCAs: f.CA(), ServerName: branded})
		var wrong x509.HostnameError
		require.ErrorAs(t, err, &wrong)
	}
}

func TestCertificateOfAnAddress(t *testing.T) {
	f := start(t, Options{})
	_, err := handshake(t, f.Addr("custom"), &tls.Config{RootCAs: f.CA(), ServerName: "10.1.2.3"})
	require.NoError(t, err)
}

func TestSparkPostNeedsSNI(t *testing.T) {
	f := start(t, Options{})
	for name, sni := range map[string]string{"none": "", "branded": branded} {
		t.Run(name, func(t *testing.T) {
			_, err := handshake(t, f.Addr("sparkpost"), &tls.Config{InsecureSkipVerify: true, ServerName: sni})
			require.ErrorContains(t, err, "remote error: tls: unrecognized name", "RFC 6066, section 3")
		})
	}
	_, err := handshake(t, f.Addr("sparkpost"), &tls.Config{RootCAs: f.CA(), ServerName: "SPGO.io"})
	require.NoError(t, err)
}

// A session made with the right SNI cannot be resumed with another.
func TestSparkPostResumesNoSession(t *testing.T) {
	f := start(t, Options{})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := &tls.Config{RootCAs: f.CA(), ServerName: "spgo.io", ClientSessionCache: tls.NewLRUClientSessionCache(1), MaxVersion: version}
		for range 2 {
			raw, err := net.Dial("tcp", f.Addr("sparkpost"))
			require.NoError(t, err)
			conn := tls.Client(raw, config)
			_, err = try(conn, ask{target: sparkPostHealth}) // reads, so that a ticket would arrive
			require.NoError(t, err)
			require.False(t, conn.ConnectionState().DidResume)
		}
	}
}

func TestAnySNIElsewhere(t *testing.T) {
	f := start(t, Options{})
	cert, err := handshake(t, f.Addr("sendgrid"), &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, err)
	require.Equal(t, []string{"sendgrid.net"}, cert.DNSNames)
}

func TestCertificateForOthers(t *testing.T) {
	f := start(t, Options{})
	made, err := f.Certificate("link.example.com", "*.example.org", "127.0.0.1")
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(made.Certificate[0])
	require.NoError(t, err)
	for _, name := range []string{"link.example.com", "a.example.org", "127.0.0.1"} {
		_, err = leaf.Verify(x509.VerifyOptions{Roots: f.CA(), DNSName: name})
		require.NoError(t, err, name)
	}
	_, err = leaf.Verify(x509.VerifyOptions{Roots: f.CA(), DNSName: "example.org"})
	require.Error(t, err)
	_, err = f.Certificate()
	require.ErrorContains(t, err, "without a name")
}

func TestCAPEM(t *testing.T) {
	f := start(t, Options{})
	block, rest := pem.Decode(f.CAPEM())
	require.NotNil(t, block)
	require.Empty(t, rest)
	ca, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	require.True(t, ca.IsCA)
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	require.True(t, pool.Equal(f.CA()))

	other := start(t, Options{})
	require.False(t, other.CA().Equal(f.CA()), "each fleet has an authority of its own")
}
