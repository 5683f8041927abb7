package server

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
)

// pebble is a CA, Let's Encrypt's own test server. Every name leads to this
// machine.
type pebble struct {
	*httptest.Server
	handler atomic.Pointer[http.Handler]
	orders  atomic.Int64
	store   *db.MemoryStore
	issuer  *ca.CAImpl
	names   string // address of a DNS server
}

func newPebble(t *testing.T) *pebble {
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_WFE_NONCEREJECT", "0")
	p := &pebble{store: db.NewMemoryStore(), names: loopbackNames(t)}
	// CertMagic renews whatever ends within fifty minutes.
	p.issuer = ca.New(silent(), p.store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "short", ValidityPeriod: 600}})
	p.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/order-plz") {
			p.orders.Add(1)
		}
		(*p.handler.Load()).ServeHTTP(w, r)
	}))
	p.Config.ErrorLog = silent()
	t.Cleanup(p.Close)
	p.asks(1, 1)
	return p
}

func silent() *log.Logger { return log.New(io.Discard, "", 0) }

// asks sets the ports on which the CA asks; nobody is on port 1.
func (p *pebble) asks(httpPort, tlsPort int) {
	front := wfe.New(silent(), p.store, va.New(silent(), httpPort, tlsPort, false, p.names, p.store), p.issuer, []string{"pebble.letsencrypt.org"}, false, false, 0, 0)
	handler := front.Handler()
	p.handler.Store(&handler)
}

// roots are who signs the certificates.
func (p *pebble) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(p.issuer.GetRootCert(0).PEM())
	return pool
}

// loopbackNames is a DNS server that knows one address.
func loopbackNames(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &dns.Server{Listener: ln, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		a := new(dns.Msg).SetReply(q)
		if q.Question[0].Qtype == dns.TypeA {
			a.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(127, 0, 0, 1)}}
		}
		_ = w.WriteMsg(a)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })
	return ln.Addr().String()
}

func portOf(t *testing.T, addr string) int {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	n, err := strconv.Atoi(port)
	require.NoError(t, err)
	return n
}

// fetching are options of a server that fetches certificates.
func (r *running) fetching(p *pebble) Options {
	o := r.options()
	o.HTTPS = "127.0.0.1:0"
	o.ACME = ACME{Dir: r.file("certificates"), CA: p.URL + wfe.DirectoryPath, Email: "you@example.com"}
	o.ACME.Roots = r.write("root.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate().Raw})))
	return o
}

// secured sends a click over https and returns the server's certificate.
func (r *running) secured(p *pebble, host string) (*x509.Certificate, error) {
	r.t.Helper()
	dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: time.Minute}, Config: &tls.Config{ServerName: host, RootCAs: p.roots()}}
	dialed, err := dialer.DialContext(r.t.Context(), "tcp", r.addr("https"))
	if err != nil {
		return nil, err
	}
	conn := dialed.(*tls.Conn)
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", sesClick, host); err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(string(answer), "HTTP/1.1 302 ") {
		return nil, fmt.Errorf("answered: %s", answer)
	}
	return conn.ConnectionState().PeerCertificates[0], nil
}

var freshHosts atomic.Int32

// freshHost returns a link domain that no test has had. CertMagic keeps in one
// place for all servers which hosts it is busy with, and a renewal that fails is
// tried again after a minute.
func freshHost(label string) string {
	return fmt.Sprintf("%s%d.example.com", label, freshHosts.Add(1))
}

// uncountedFor has sites as uncounted has them.
func uncountedFor(hosts ...string) string {
	var b strings.Builder
	for _, host := range hosts {
		fmt.Fprintf(&b, `, %q: {"esp": "ses-us-east-1", "clicks": "redirect", "count": false, "destinations": ["shop.example.com"]}`, host)
	}
	return `{"sites": {` + b.String()[2:] + `}}`
}

// Certificates are fetched by either challenge for the hosts of sites and for no
// others, renewed, kept, and used after a restart while the CA is away.
func TestFetch(t *testing.T) {
	for name, ports := range map[string]func(web, secured int) (int, int){
		"HTTP-01":     func(web, _ int) (int, int) { return web, 1 },
		"TLS-ALPN-01": func(_, secured int) (int, int) { return 1, secured },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPebble(t)
			link, added := freshHost("link"), freshHost("new")
			r := newRunning(t, uncountedFor(link))
			o := r.fetching(p)
			r.start(o)
			p.asks(ports(portOf(t, r.addr("http")), portOf(t, r.addr("https"))))

			for _, host := range []string{"other.example.com", added, "", "127.0.0.1", link + ".evil.example.net"} {
				_, err := r.secured(p, host)
				require.Error(t, err, host)
			}
			require.Zero(t, p.orders.Load(), "the CA is not asked for hosts without a site")

			first, err := r.secured(p, link)
			require.NoError(t, err, "%s", &r.err)
			require.Equal(t, []string{link}, first.DNSNames)
			require.Eventually(t, func() bool {
				next, err := r.secured(p, link)
				return err == nil && next.SerialNumber.Cmp(first.SerialNumber) != 0
			}, time.Minute, 20*time.Millisecond, "it is renewed")

			r.write("sites.json", uncountedFor(link, added))
			r.until("in service now: 2 sites")
			_, err = r.secured(p, strings.ToUpper(added))
			require.NoError(t, err, "%s", &r.err)
			r.write("sites.json", uncountedFor(added))
			r.until("in service now: 1 site")
			_, err = r.secured(p, link)
			require.Error(t, err, "its site is gone")
			r.end()
			require.NotContains(t, r.err.String(), "warning: no certificate")

			p.Close()
			again := newRunning(t, uncountedFor(link))
			o = again.options()
			o.HTTPS, o.ACME = "127.0.0.1:0", ACME{Dir: r.file("certificates"), CA: p.URL + wfe.DirectoryPath}
			again.start(o)
			_, err = again.secured(p, link)
			require.NoError(t, err, "%s", &again.err)
			again.end()
		})
	}
}

// While the CA renews a certificate again and again, each of the readers who come
// meanwhile is answered and has a line in the log.
func TestRenewUnderLoad(t *testing.T) {
	const readers, renewals = 4, 3
	p := newPebble(t)
	host := freshHost("loaded")
	r := newRunning(t, uncountedFor(host))
	r.start(r.fetching(p))
	p.asks(portOf(t, r.addr("http")), portOf(t, r.addr("https")))
	_, err := r.secured(p, host)
	require.NoError(t, err, "%s", &r.err)

	var clicks atomic.Int64
	var serials sync.Map
	var known atomic.Int64
	problems := make(chan error, readers)
	for range readers {
		go func() {
			for start := time.Now(); known.Load() <= renewals; {
				cert, err := r.secured(p, host)
				if err == nil && time.Since(start) > time.Minute {
					err = errors.New("it is not renewed")
				}
				if err != nil {
					problems <- err
					return
				}
				clicks.Add(1)
				if _, old := serials.LoadOrStore(cert.SerialNumber.String(), true); !old {
					known.Add(1)
				}
			}
			problems <- nil
		}()
	}
	for range readers {
		require.NoError(t, <-problems, "%s", &r.err)
	}
	r.end()
	require.Equal(t, clicks.Load()+1, int64(strings.Count(r.out.String(), `"kind":"click"`)))
}

// What the CA refuses is said once, and the CA is not asked again before its
// time, or a reload. A reader without a certificate is not answered at all.
func TestFetchFails(t *testing.T) {
	p := newPebble(t)
	host := freshHost("fails")
	r := newRunning(t, uncountedFor(host))
	r.start(r.fetching(p))
	for range 3 {
		_, err := r.secured(p, host)
		require.Error(t, err)
	}
	require.Equal(t, 1, strings.Count(r.err.String(), "warning: no certificate could be fetched for "+host), "%s", &r.err)
	orders := p.orders.Load()
	require.Positive(t, orders)
	_, err := r.secured(p, host)
	require.Error(t, err)
	require.Equal(t, orders, p.orders.Load())

	p.asks(portOf(t, r.addr("http")), portOf(t, r.addr("https")))
	r.hangups <- struct{}{}
	r.until("in service now")
	_, err = r.secured(p, host)
	require.NoError(t, err, "%s", &r.err)
	r.end()
}

// Private keys are for their owner alone.
func TestFetchedFiles(t *testing.T) {
	p := newPebble(t)
	host := freshHost("files")
	r := newRunning(t, uncountedFor(host))
	o := r.fetching(p)
	r.start(o)
	p.asks(portOf(t, r.addr("http")), portOf(t, r.addr("https")))
	_, err := r.secured(p, host)
	require.NoError(t, err, "%s", &r.err)
	keys := 0
	require.NoError(t, filepath.WalkDir(o.ACME.Dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".key") {
			info, err := d.Info()
			require.NoError(t, err)
			require.Zero(t, info.Mode().Perm()&0o077, path)
			keys++
		}
		return err
	}))
	require.GreaterOrEqual(t, keys, 2, "the account's and the certificate's")
	r.end()
}

func TestFetchRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *running, o *Options)
		want   string
	}{
		"both":             {func(_ *running, o *Options) { o.ACME.Dir, o.Cert, o.Key = "x", "x", "x" }, "either fetched or your own"},
		"no folder":        {func(_ *running, o *Options) { o.ACME.Email = "x" }, "none is named"},
		"a file":           {func(r *running, o *Options) { o.ACME.Dir = r.file("sites.json") }, "cannot be used"},
		"no https":         {func(r *running, o *Options) { o.ACME = ACME{Dir: r.dir, CA: "http://127.0.0.1/dir"} }, "not the https URL"},
		"no URL":           {func(r *running, o *Options) { o.ACME = ACME{Dir: r.dir, CA: "letsencrypt"} }, "not the https URL"},
		"no root":          {func(r *running, o *Options) { o.ACME = ACME{Dir: r.dir, Roots: r.file("root")} }, "cannot be read"},
		"a root in no PEM": {func(r *running, o *Options) { o.ACME = ACME{Dir: r.dir, Roots: r.file("sites.json")} }, "no certificate in PEM"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRunning(t, uncounted)
			o := r.options()
			o.HTTPS = "127.0.0.1:0"
			c.change(r, &o)
			err := Run(t.Context(), o)
			require.ErrorContains(t, err, c.want)
			require.True(t, failure.Is(err))
			require.NotContains(t, r.err.String(), "in service")
		})
	}
}

func TestWaits(t *testing.T) {
	var w waits
	now := time.Unix(1_000_000, 0)
	require.Zero(t, w.until("a", now))
	for _, want := range []time.Duration{10 * time.Minute, 20 * time.Minute, 40 * time.Minute, 80 * time.Minute, 160 * time.Minute, 320 * time.Minute, 6 * time.Hour, 6 * time.Hour} {
		until, news := w.add("a", now)
		require.True(t, news)
		require.Equal(t, want, until.Sub(now))
		_, news = w.add("a", now)
		require.False(t, news)
		require.Equal(t, until, w.until("a", until.Add(-1)))
		require.Zero(t, w.until("a", until))
		require.Zero(t, w.until("b", now))
		now = until
	}
	w.clear("a")
	until, _ := w.add("a", now)
	require.Equal(t, firstWait, until.Sub(now))
	w.clearAll()
	require.Zero(t, w.until("a", now))
	require.True(t, errors.As(fmt.Errorf("x: %w", &waiting{now}), new(*waiting)))
}
