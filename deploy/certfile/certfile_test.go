package certfile

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
)

// issue writes a certificate for a host that ends after a while.
func issue(t *testing.T, dir, host string, left time.Duration) *File {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: time.Now().Add(-100 * 24 * time.Hour), NotAfter: time.Now().Add(left)}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	f := &File{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"), Clients: "senders"}
	require.NoError(t, os.WriteFile(f.Cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(f.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	return f
}

func TestLoad(t *testing.T) {
	for left, want := range map[time.Duration]string{
		90 * 24 * time.Hour: "",
		24 * time.Hour:      " ends on ",
		-time.Hour:          "senders refuse it\n",
	} {
		f := issue(t, t.TempDir(), "logs.example.com", left)
		_, err := f.Get(nil)
		require.ErrorContains(t, err, "no certificate")
		var said bytes.Buffer
		require.NoError(t, f.Load([]string{"logs.example.com"}, &said))
		if want == "" {
			require.Empty(t, said.String())
		}
		require.Contains(t, said.String(), want)
		require.NoError(t, f.Load([]string{"other.example.com"}, &said))
		require.Contains(t, said.String(), "is not for other.example.com: senders refuse it there")
		cert, err := f.Get(nil)
		require.NoError(t, err)
		require.Equal(t, []string{"logs.example.com"}, cert.Leaf.DNSNames)
	}
}

// What cannot be read leaves the certificate that is in service.
func TestLoadBroken(t *testing.T) {
	f := issue(t, t.TempDir(), "logs.example.com", time.Hour)
	var said bytes.Buffer
	require.NoError(t, f.Load(nil, &said))
	require.NoError(t, os.WriteFile(f.Key, []byte("none"), 0o600))
	err := f.Load(nil, &said)
	require.ErrorContains(t, err, "cannot be used")
	require.NotEmpty(t, failure.Of(err).Hint)
	_, err = f.Get(nil)
	require.NoError(t, err)
}
