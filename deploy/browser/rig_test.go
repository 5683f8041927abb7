package browser

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

const (
	ownHost  = "link.example.com"
	mailHost = "mail.example.net" // where the reader reads
	homePage = "https://www.example.com/"
)

const sitesJSON = `{"sites": {
  "link.example.com": {
    "esp": "customerio-eu",
    "destinations": ["shop.example.com", "*.example.com"],
    "allow_http": true,
    "when_esp_fails": "redirect",
    "keys": ["k1"],
    "recalls": [{"from": "https://shop.example.com/wrong*", "to": "https://shop.example.com/corrected?a=b#c"}, {"from": "https://shop.example.com/withdrawn", "gone": true}],
    "home": "https://www.example.com/"
  },
  "ses.example.com": {"esp": "ses-eu-west-1"},
  "sendgrid.example.com": {"esp": "sendgrid", "home": "https://www.example.com/"},
  "learned.example.com": {"esp": "sendgrid", "destinations": ["shop.example.com"], "when_esp_fails": "redirect", "learn": true},
  "sparkpost.example.com": {"esp": "sparkpost"},
  "recalled.example.com": {"esp": "sendgrid", "destinations": ["www.example.com"], "recalls": [{"from": "https://shop.example.com/*", "to": "https://www.example.com/corrected"}]},
  "retired.example.com": {
    "esp": "none",
    "also": [{"esp": "customerio-us", "retired": "2026-03-01"}, {"esp": "sendgrid", "retired": "2026-03-01"}],
    "destinations": ["shop.example.com"],
    "unsubscribes": "https://preferences.example.com",
    "home": "https://www.example.com/"
  }
}}`

// landings are the hosts that the links of these sites lead to.
var landings = []string{"shop.example.com", "www.example.com"}

// secret is that of the only key.
const secret = "a secret of the browser's test, 32 bytes or more"

// noon is the time of the test, for the module.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// rig is the module behind TLS and behind plain http, as on Fastly, with
// stand-in ESPs and a webmail.
type rig struct {
	sites  *core.Sites
	fleet  *origins.Fleet
	cert   tls.Certificate // of every branded host, and of the webmail
	fronts []*front        // https and http
	prefs  *preferencesOrigin
	rules  []string // for the browser's resolver
	pins   []string // of the keys that the browser is to trust
}

func newRig(ctx context.Context, t *testing.T, wasm []byte) *rig {
	t.Helper()
	r := &rig{}
	var err error
	r.sites, err = sitesjson.Parse("sites.json", []byte(sitesJSON))
	require.NoError(t, err)
	r.fleet, err = origins.Start(r.sites.Origins(), origins.Options{Landing: landings})
	require.NoError(t, err)
	t.Cleanup(func() { r.fleet.Close() })
	r.cert, err = r.fleet.Certificate(append(r.sites.Hosts(), mailHost)...)
	require.NoError(t, err)
	cache := t.TempDir()
	r.prefs = newPreferencesOrigin(t)
	for _, scheme := range []string{"https", "http"} {
		r.fronts = append(r.fronts, r.front(ctx, t, wasm, scheme, cache))
	}
	r.mapLandings(t)
	return r
}

// front is the module behind one listener.
type front struct {
	scheme  string
	mail    *mail
	host    *hostsim.Host
	server  *wire.Server
	arrived atomic.Int64           // requests from the browser
	over    chan *hostsim.Exchange // those that are over
	asked   map[string]int         // how often the browser should request each URL
	// refusals has the codes of clickedge's pages that were shown, by the
	// request id on them.
	refusals map[string]outcome.Code
	// posted is what the browser posted to the host of the retired ESPs.
	posted bytes.Buffer
}

// front listens for the branded hosts and for the webmail, whose mail has links
// of this scheme.
func (r *rig) front(ctx context.Context, t *testing.T, wasm []byte, scheme, cache string) *front {
	t.Helper()
	f := &front{scheme: scheme, mail: r.write(t, scheme), over: make(chan *hostsim.Exchange, 4096)}
	f.asked, f.refusals = map[string]int{}, map[string]outcome.Code{}
	var err error
	f.host, err = hostsim.New(ctx, wasm, hostsim.Config{
		Backends:     r.backends(),
		SecretStores: map[string]map[string][]byte{contract.SecretStore: {"k1": []byte(secret)}},
		Now:          func() time.Time { return noon },
		Scheme:       scheme,
		OnExchange:   func(x *hostsim.Exchange) { f.over <- x },
		CacheDir:     cache,
	})
	require.NoError(t, err)
	t.Cleanup(func() { f.host.Close(context.Background()) })
	f.server = r.listen(t, f, f.scheme, r.sites.Hosts()...)
	r.listen(t, f.mail, f.scheme, mailHost)
	return f
}

// ServeHTTP counts a request before the module gets it.
func (f *front) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	f.arrived.Add(1)
	if req.Method == http.MethodPost && req.Host == retiredHost {
		req.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(req.Body, &f.posted), req.Body}
	}
	f.host.ServeHTTP(w, req)
}

// backends reaches each origin at its stand-in, under the ESP's own name.
func (r *rig) backends() map[string]hostsim.Backend {
	list := map[string]hostsim.Backend{}
	for _, o := range r.sites.Origins() {
		list[o.Backend] = hostsim.Backend{URL: "https://" + r.fleet.Addr(o.Backend), SNI: o.Address, CertHost: o.Address, CA: r.fleet.CA()}
	}
	list[r.sites.Lookup(retiredHost).Unsubscribes.Backend] = hostsim.Backend{URL: "http://" + r.prefs.addr}
	return list
}

// listen serves hosts on loopback and adds the rule for the browser.
func (r *rig) listen(t *testing.T, handler http.Handler, scheme string, hosts ...string) *wire.Server {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &wire.Server{Handler: handler}
	if scheme == "https" {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{r.cert}}
		leaf, err := x509.ParseCertificate(r.cert.Certificate[0])
		require.NoError(t, err)
		r.trust(leaf)
	}
	go server.Serve(ln)
	t.Cleanup(func() { server.Close() })
	r.mapHosts(scheme, ln.Addr().String(), hosts...)
	return server
}

func (r *rig) mapHosts(scheme, addr string, hosts ...string) {
	port := map[string]string{"https": ":443 ", "http": ":80 "}[scheme]
	for _, host := range hosts {
		r.rules = append(r.rules, "MAP "+host+port+addr)
	}
}

// mapLandings gets the landing pages' certificate, which is the fleet's own.
func (r *rig) mapLandings(t *testing.T) {
	t.Helper()
	secure, plain := r.fleet.LandingAddr()
	r.mapHosts("https", secure, landings...)
	r.mapHosts("http", plain, landings...)
	conn, err := tls.Dial("tcp", secure, &tls.Config{RootCAs: r.fleet.CA(), ServerName: landings[0]})
	require.NoError(t, err)
	defer conn.Close()
	r.trust(conn.ConnectionState().PeerCertificates[0])
}

// trust makes the browser accept a key: Chromium has no flag for an authority.
func (r *rig) trust(leaf *x509.Certificate) {
	sum := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	r.pins = append(r.pins, base64.StdEncoding.EncodeToString(sum[:]))
}
