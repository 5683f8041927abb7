package browser

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/clicklog"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/deploy/server"
)

// serverSites has a host for each way in which the server answers a click.
const serverSites = `{"sites": {
  "link.example.com": {
    "esp": "customerio-eu", "destinations": ["shop.example.com", "*.example.com"], "when_esp_fails": "redirect", "keys": ["k1"], "home": "https://www.example.com/"
  },
  "ses.example.com": {"esp": "ses-eu-west-1", "clicks": "redirect", "destinations": ["shop.example.com"]},
  "sendgrid.example.com": {"esp": "sendgrid"}
}}`

// text is written and read by several goroutines.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *text) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

func (t *text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// served is "clickedge server" on both ports, with a certificate of its own.
type served struct {
	*rig
	log, said text
	places    map[string]string // address by scheme
	end       func() error
}

// serveNatively starts the server on loopback.
func serveNatively(t *testing.T) *served {
	t.Helper()
	s := &served{rig: &rig{}, places: map[string]string{}}
	var err error
	s.sites, err = sitesjson.Parse("sites.json", []byte(serverSites))
	require.NoError(t, err)
	s.fleet, err = origins.Start(s.sites.Origins(), origins.Options{Landing: landings})
	require.NoError(t, err)
	t.Cleanup(func() { s.fleet.Close() })
	s.cert, err = s.fleet.Certificate(append(s.sites.Hosts(), mailHost)...)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(s.cert.Certificate[0])
	require.NoError(t, err)
	s.trust(leaf)

	dir := t.TempDir()
	write := func(name string, text []byte) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, text, 0o600))
		return file
	}
	der, err := x509.MarshalPKCS8PrivateKey(s.cert.PrivateKey)
	require.NoError(t, err)
	sockets := map[string][]net.Listener{}
	for _, scheme := range []string{"http", "https"} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		sockets[scheme] = []net.Listener{ln}
		s.places[scheme] = ln.Addr().String()
		s.mapHosts(scheme, ln.Addr().String(), s.sites.Hosts()...)
	}
	ctx, stop := context.WithCancel(context.Background())
	in := &input.Input{Ctx: ctx, Err: &s.said}
	o := server.Options{Sites: write("sites.json", []byte(serverSites)), Keys: write("keys", []byte("k1="+secret+"\n")),
		Cert: write("cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.cert.Certificate[0]})),
		Key:  write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		HTTP: server.Systemd, HTTPS: server.Systemd, Sockets: sockets, Log: "-", Out: &s.log, Err: &s.said, In: in,
		Source:  keyring.NewSource(in, func(string) (string, bool) { return "", false }, nil),
		Origins: &server.Pool{Roots: s.fleet.CA(), Dial: s.dial}}
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx, o) }()
	s.end = sync.OnceValue(func() error { stop(); return <-done })
	t.Cleanup(func() { _ = s.end() })
	return s
}

// dial reaches each ESP at its stand-in.
func (s *served) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	for _, o := range s.sites.Origins() {
		if strings.HasPrefix(addr, o.Address+":") {
			return new(net.Dialer).DialContext(ctx, network, s.fleet.Addr(o.Backend))
		}
	}
	return nil, net.UnknownNetworkError(addr)
}

// write makes a mail with signed links, an open, and the links of each ESP.
func (s *served) write(t *testing.T, scheme string) *mail {
	t.Helper()
	altered := strings.Replace(mint(t, scheme, signed.Link{Destination: homePage}), ".u", ".iMQ.u", 1)
	m := &mail{pictures: []string{mint(t, scheme, signed.Link{ID: id(t, "reader 7"), Pixel: true})},
		links:   []link{{"signed", mint(t, scheme, signed.Link{Destination: "https://shop.example.com/sale?a=%2520#offer", ID: id(t, "reader 7")}), "https://shop.example.com/sale?a=%2520#offer"}},
		damaged: []damage{{link{name: "altered", url: altered}, 403, outcome.BadTag, "This link cannot be trusted"}}}
	for _, host := range s.sites.Hosts() {
		s.writeESP(m, scheme, s.sites.Lookup(host))
	}
	return m
}

// TestChromiumThroughTheServer clicks every link of a new mail over https, and
// then of an old one over http: those stay on http, although the browser has
// been there over https, since nothing tells it otherwise. QUIC is never
// offered.
func TestChromiumThroughTheServer(t *testing.T) {
	path := binary(t)
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	s := serveNatively(t)
	mails := map[string]*mail{}
	for _, scheme := range []string{"https", "http"} {
		mails[scheme] = s.write(t, scheme)
		s.listen(t, mails[scheme], scheme, mailHost)
	}
	s.mapLandings(t)
	b := openTab(ctx, t, path, s.rules, s.pins)
	expected := 0
	for _, scheme := range []string{"https", "http"} {
		t.Run(scheme, func(t *testing.T) {
			f := &front{scheme: scheme, mail: mails[scheme], asked: map[string]int{}, refusals: map[string]outcome.Code{}}
			f.clickAll(t, b)
			f.seen(t, s)
			for _, n := range f.asked {
				expected += n
			}
		})
	}
	for scheme := range s.places {
		t.Run("fields over "+scheme, func(t *testing.T) { s.offersNothingElse(t, scheme, mails[scheme]) })
	}
	require.Empty(t, b.complained(), "what the browser holds against our pages")
	b.close(t)
	require.NoError(t, s.end(), "%s", &s.said)
	s.checkLog(t, expected)
}

// seen requires that the ESPs were told the scheme that the mail has.
func (f *front) seen(t *testing.T, s *served) {
	t.Helper()
	list := s.fleet.Seen()
	s.fleet.Forget()
	require.NotEmpty(t, list)
	for _, seen := range list {
		if slices.Contains(landings, seen.Host()) {
			continue // where the reader arrives
		}
		scheme, _ := seen.Header.Get("X-Forwarded-Proto")
		require.Equal(t, f.scheme, scheme, seen.Target)
	}
}

// offersNothingElse requires that no answer sends the browser elsewhere next
// time: to https for ever, or to QUIC or HTTP/2.
func (s *served) offersNothingElse(t *testing.T, scheme string, m *mail) {
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: s.fleet.CA()},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, s.places[scheme])
			}},
	}
	defer client.CloseIdleConnections()
	for _, url := range append([]string{m.damaged[0].url, m.pictures[0]}, m.links[0].url) {
		resp, err := client.Get(url)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 1, resp.ProtoMajor)
		for _, field := range []string{"Alt-Svc", "Strict-Transport-Security", "Upgrade"} {
			require.Empty(t, resp.Header.Values(field), "%s of %s", field, url)
		}
	}
}

// checkLog requires one line for each request of the browser's and of
// offersNothingElse.
func (s *served) checkLog(t *testing.T, expected int) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(s.log.String(), "\n"), "\n")
	require.Equal(t, expected+6, len(lines))
	kinds := map[string]bool{}
	for _, line := range lines {
		var l struct {
			V            int
			Action, Code string
		}
		require.NoError(t, json.Unmarshal([]byte(line), &l), line)
		require.Equal(t, clicklog.Version, l.V)
		require.Contains(t, []string{"ok", "bad_tag"}, l.Code, line)
		kinds[l.Action] = true
	}
	require.Equal(t, map[string]bool{"proxy": true, "redirect": true, "reply": true, "refuse": true}, kinds)
	require.NotContains(t, s.log.String()+s.said.String(), secret)
}
