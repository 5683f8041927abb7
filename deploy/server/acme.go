package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3"
	"go.uber.org/zap"
	"golang.org/x/sync/singleflight"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// ACME says how certificates are fetched. Its zero value fetches none.
type ACME struct {
	Dir   string // certificates, keys and the account are kept in it
	CA    string // URL of the directory; "" for Let's Encrypt
	Email string // the CA may write to it; "" for none
	Roots string // file in PEM: who may have signed the CA's own certificate
}

// LetsEncrypt is the directory of the CA that is asked unless another is named.
const LetsEncrypt = certmagic.LetsEncryptProductionCA

// fetched are certificates that are fetched when the first reader comes, and
// renewed in time, for hosts that have a site and for no others.
type fetched struct {
	content func() *Content
	magic   *certmagic.Config
	issuer  *certmagic.ACMEIssuer
	cache   *certmagic.Cache
	waits   waits
	flights singleflight.Group
	err     io.Writer
	ctx     context.Context
	cancel  context.CancelFunc
}

// mostCertificates is how many are in memory; others are read from the folder.
const mostCertificates = 10_000

// handshakeWait is how long a reader waits for a certificate that is fetched.
// It goes on without him.
const handshakeWait = 25 * time.Second

func newFetched(o *ACME, content func() *Content, listeners func(kind string) []net.Listener, w io.Writer) (*fetched, error) {
	if u, err := url.Parse(o.CA); o.CA != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		return nil, failure.Usage(fmt.Errorf("%q is not the https URL of a CA", o.CA), "--acme-ca takes that of its ACME directory, such as "+LetsEncrypt)
	}
	if err := usable(o.Dir); err != nil {
		return nil, err
	}
	roots, err := rootsOf(o.Roots)
	if err != nil {
		return nil, err
	}
	f := &fetched{content: content, err: w}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	quiet := zap.NewNop() // certmagic's lines have readers' addresses
	f.cache = certmagic.NewCache(certmagic.CacheOptions{Capacity: mostCertificates, Logger: quiet,
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return f.magic, nil }})
	f.magic = certmagic.New(f.cache, certmagic.Config{Logger: quiet, OnEvent: f.event,
		Storage: &certmagic.FileStorage{Path: o.Dir}, OnDemand: &certmagic.OnDemandConfig{DecisionFunc: f.decide}})
	template := certmagic.ACMEIssuer{CA: cmp.Or(o.CA, LetsEncrypt), Email: o.Email, Agreed: true, TrustedRoots: roots, Logger: quiet}
	template.ListenHost, template.AltHTTPPort = placeOf(listeners(kindHTTP))
	_, template.AltTLSALPNPort = placeOf(listeners(kindHTTPS))
	template.DisableHTTPChallenge = len(listeners(kindHTTP)) == 0
	f.issuer = certmagic.NewACMEIssuer(f.magic, template)
	f.magic.Issuers = []certmagic.Issuer{f.issuer}
	return f, nil
}

// placeOf is where the first of some listeners is: certmagic finds the port taken
// and leaves the challenge to us.
func placeOf(list []net.Listener) (host string, port int) {
	if len(list) == 0 {
		return "", 0
	}
	addr, ok := list[0].Addr().(*net.TCPAddr)
	if !ok {
		return "", 0
	}
	if !addr.IP.IsUnspecified() {
		host = addr.IP.String()
	}
	return host, addr.Port
}

// usable makes the folder, which holds private keys, and tries it.
func usable(dir string) error {
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		var probe *os.File
		if probe, err = os.CreateTemp(dir, ".try-*"); err == nil {
			err = errors.Join(probe.Close(), os.Remove(probe.Name()))
		}
	}
	if err != nil {
		return failure.Usage(fmt.Errorf("the folder of certificates cannot be used: %w", err), "name one in --certificates that the server may write to")
	}
	return nil
}

func rootsOf(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return nil, failure.Usage(fmt.Errorf("the CA's own certificate cannot be read: %w", err), "")
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, failure.Usage(fmt.Errorf("%q has no certificate in PEM", file), "--acme-root takes the certificate that signed that of the CA's address")
	}
	return pool, nil
}

var errNoSite = errors.New("no site has this host")

// decide lets certificates be fetched, renewed and used for hosts of sites and
// of overrides alone.
func (f *fetched) decide(_ context.Context, name string) error {
	c := f.content()
	if host := core.CanonicalHost(name); c.Sites.Has(host) || c.Overrides[host].Site != nil {
		return nil
	}
	return errNoSite
}

// event says what happens to certificates, and keeps the CA from being asked
// again and again in vain.
func (f *fetched) event(ctx context.Context, event string, data map[string]any) error {
	host, _ := data["identifier"].(string)
	switch event {
	case "cert_obtaining":
		if until := f.waits.until(host, time.Now()); !until.IsZero() {
			return certmagic.ErrNoRetry{Err: &waiting{until}}
		}
	case "cert_obtained":
		f.waits.clear(host)
		fmt.Fprintf(f.err, "there is a certificate for %s\n", host)
	case "cert_failed":
		err, _ := data["error"].(error)
		f.failed(host, err)
		if end, ok := ctx.Value(endKey{}).(context.CancelFunc); ok {
			end() // certmagic would ask again in a minute, while readers wait
		}
	}
	return nil
}

// endKey is under what a context has the function that ends it.
type endKey struct{}

// failed says once for each attempt why there is no certificate.
func (f *fetched) failed(host string, err error) {
	var wait *waiting
	if errors.As(err, &wait) || errors.Is(err, context.Canceled) && f.ctx.Err() != nil {
		return
	}
	if until, news := f.waits.add(host, time.Now()); news {
		fmt.Fprintf(f.err, "warning: no certificate could be fetched for %s: %.500q; the next attempt is not before %s, or after SIGHUP (does the name lead to this machine, and ports 80 and 443 too?)\n",
			host, fmt.Sprint(err), until.UTC().Format(time.RFC3339))
	}
}

// Load lets failed names be tried again.
func (f *fetched) Load([]string, io.Writer) error {
	f.waits.clearAll()
	return nil
}

func (f *fetched) close() {
	f.cancel()
	f.cache.Stop()
}

// config offers HTTP/1.1, as that of one's own certificate, and the challenge.
func (f *fetched) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1", acmez.ACMETLS1Protocol}, GetCertificate: f.get}
}

// get returns the certificate for a handshake. Of all readers that wait for the
// same one, one asks; and none is waited for who has left.
func (f *fetched) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if slices.Equal(hello.SupportedProtos, []string{acmez.ACMETLS1Protocol}) {
		return f.magic.GetCertificateWithContext(f.ctx, hello)
	}
	host := core.CanonicalHost(hello.ServerName)
	if err := f.decide(f.ctx, host); err != nil {
		return nil, err
	}
	flight := f.flights.DoChan(host, func() (any, error) {
		ctx, end := context.WithCancel(f.ctx)
		defer end()
		cert, err := f.magic.GetCertificateWithContext(context.WithValue(ctx, endKey{}, end), hello)
		if err != nil {
			f.failed(host, err)
		}
		return cert, err
	})
	late := time.NewTimer(handshakeWait)
	defer late.Stop()
	select {
	case result := <-flight:
		cert, _ := result.Val.(*tls.Certificate)
		return cert, result.Err
	case <-late.C:
		return nil, errors.New("the certificate is being fetched")
	case <-f.ctx.Done():
		return nil, f.ctx.Err()
	}
}

const challengePath = "/.well-known/acme-challenge/"

// challenged answers the CA's question on port 80, and leaves everything else to
// next.
type challenged struct {
	next interface {
		http.Handler
		wire.RawHandler
	}
	answer func(http.ResponseWriter, *http.Request) bool
}

// ServeRaw implements wire.RawHandler. CertMagic wants net/http's request.
func (c *challenged) ServeRaw(w *wire.RawWriter, r *wire.RawRequest) error {
	if strings.HasPrefix(r.Target, challengePath) {
		return wire.ErrNotRaw
	}
	return c.next.ServeRaw(w, r)
}

// ServeHTTP implements http.Handler.
func (c *challenged) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if token, ok := strings.CutPrefix(r.RequestURI, challengePath); ok {
		asked := *r
		asked.URL = &url.URL{Path: challengePath + token}
		if c.answer(w, &asked) {
			return
		}
	}
	c.next.ServeHTTP(w, r)
}
