package doctortest

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/keyring"
	linkserver "github.com/clickedge/clickedge/deploy/server"
)

// ownSite is the site of the link domain at "clickedge server".
func ownSite(preset string, more map[string]any) map[string]any {
	site := map[string]any{"esp": preset, "destinations": []string{"*.example.com"}, "home": "https://www.example.com/"}
	for name, value := range more {
		site[name] = value
	}
	return site
}

// startOwn runs "clickedge server" with one site and the lab's certificate until
// the test ends, and returns its addresses for http and https.
func startOwn(t testing.TB, w *World, s *Setup) (plain, secure string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, text []byte) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, text, 0o600))
		return file
	}
	host := "link.example.com"
	sites, err := json.Marshal(map[string]any{"sites": map[string]any{host: ownSite(w.Origin.Preset, s.Site)}})
	require.NoError(t, err)
	cert, key := w.Authority.Issue(t, w.TLS.Cert), new(bytes.Buffer)
	var chain bytes.Buffer
	for _, der := range cert.Certificate {
		require.NoError(t, pem.Encode(&chain, &pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	require.NoError(t, err)
	require.NoError(t, pem.Encode(key, &pem.Block{Type: "PRIVATE KEY", Bytes: der}))

	sockets := map[string][]net.Listener{}
	for _, kind := range []string{"http", "https"} {
		ln, err := net.Listen("tcp4", "127.0.0.1:0")
		require.NoError(t, err)
		sockets[kind] = []net.Listener{ln}
	}
	ctx, stop := context.WithCancel(context.Background())
	var said bytes.Buffer
	in := &input.Input{Ctx: ctx, Err: &said}
	o := linkserver.Options{Sites: write("sites.json", sites), Cert: write("cert.pem", chain.Bytes()), Key: write("key.pem", key.Bytes()),
		HTTP: linkserver.Systemd, HTTPS: linkserver.Systemd, Sockets: sockets, Log: "-", Out: io.Discard, Err: &said, In: in,
		Source:  keyring.NewSource(in, func(string) (string, bool) { return "", false }, nil),
		Origins: w.pool()}
	var running sync.WaitGroup
	running.Go(func() { err = linkserver.Run(ctx, o) })
	t.Cleanup(func() {
		stop()
		running.Wait()
		require.NoError(t, err, "%s", &said)
	})
	return sockets["http"][0].Addr().String(), sockets["https"][0].Addr().String()
}

// pool reaches each origin at its stand-in, under the ESP's own name.
func (w *World) pool() *linkserver.Pool {
	roots := w.Fleet.CA()
	at := map[string]string{w.Origin.Address: w.Fleet.Addr(w.Origin.Backend)}
	for i, fleet := range w.Fleets {
		roots.AppendCertsFromPEM(fleet.CAPEM())
		at[w.others[i].Address] = fleet.Addr(w.others[i].Backend)
	}
	return &linkserver.Pool{Roots: roots, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		name, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, at[name])
	}}
}
