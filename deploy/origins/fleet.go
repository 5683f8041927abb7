package origins

import (
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/clickedge/clickedge/core"
)

// LandingBackend is the backend name under which [Seen] lists what reached the
// landing pages.
const LandingBackend = "landing"

// DefaultOpaque is where links lead whose destination is not in them.
const DefaultOpaque = "https://shop.example.com/landing"

// Options change how the stand-ins behave. The zero value works.
type Options struct {
	// Branded lists the custom tracking domains that the ESPs know, as host
	// names. Empty: any Host other than the origin's own name is one.
	Branded []string
	// AcceptAnySignature lets Customer.io's stand-in accept any 64 hex digits
	// as the signature of a link, and Mailjet's any 22 digits as its mac, for
	// links that [Fleet.Links] did not make. The Host must still be a branded
	// one.
	AcceptAnySignature bool
	// Opaque is the absolute URL to which links lead whose destination is not
	// in them (SendGrid, Iterable, SparkPost when encrypted). Empty:
	// [DefaultOpaque].
	Opaque string
	// OpaqueTo, if not nil, says for each target of SendGrid's where it leads, in
	// place of Opaque.
	OpaqueTo func(target string) string
	// SendGrid, if not nil, is the account whose links its stand-in follows. It
	// refuses all others.
	SendGrid *SendGridAccount
	// Landing lists the host names, "*.example.com" included, for which landing
	// pages are served over http and https; see [Fleet.LandingAddr]. Empty:
	// none are.
	Landing []string
	// PlainToo opens a second port to each origin with TLS, for http; see
	// [Fleet.PlainAddr].
	PlainToo bool
	// ForwardedHost is how Amazon SES treats X-Forwarded-Host: Braze says that
	// some set-ups need it and some work only without.
	ForwardedHost ForwardedHost
	// Unsubscribes lists the backends behind which the sender's own server for
	// the unsubscribes of retired ESPs stands, as [UnsubscribeBackends] finds
	// them.
	Unsubscribes []string
	// OnRequest, if not nil, is called with each request before it is answered,
	// from the goroutine that serves it: several at once.
	OnRequest func(Seen)
}

// ForwardedHost is how an origin treats X-Forwarded-Host.
type ForwardedHost uint8

// The ways to treat it.
const (
	ForwardedHostIgnored ForwardedHost = iota
	ForwardedHostWanted                // the tracking domain is read from it only
	ForwardedHostHarmful               // a link of a custom domain that comes with it is refused (400 is chosen)
)

// Fleet is a set of running origins. Its methods may be called by several
// goroutines.
type Fleet struct {
	opt       Options
	authority *Authority
	origins   map[string]*origin // by backend
	landing   []*port            // https and http, or none
	record    recorder
	done      chan struct{} // closed by Close
	closing   sync.Once
}

// Start listens on 127.0.0.1, on ports picked by the system, for each of the
// origins and answers as the ESP of its family does. The same backend may be
// given twice, as two sites may share an origin, but not with two addresses. On
// an error nothing is left listening.
func Start(want []*core.Origin, opt Options) (*Fleet, error) {
	if opt.Opaque == "" {
		opt.Opaque = DefaultOpaque
	}
	ca, err := NewAuthority("clickedge stand-in authority")
	if err != nil {
		return nil, err
	}
	f := &Fleet{opt: opt, authority: ca, origins: map[string]*origin{}, done: make(chan struct{})}
	f.record.notify = opt.OnRequest
	err = f.startLanding()
	for _, spec := range want {
		if err == nil {
			err = f.startOrigin(spec)
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (f *Fleet) startOrigin(spec *core.Origin) error {
	if err := f.check(spec); err != nil || f.origins[spec.Backend] != nil {
		return err
	}
	o, err := newOrigin(f, *spec)
	if err != nil {
		return fmt.Errorf("backend %q: %w", spec.Backend, err)
	}
	f.origins[spec.Backend] = o
	return nil
}

func (f *Fleet) check(spec *core.Origin) error {
	switch {
	case spec == nil:
		return errors.New("origin is nil: a site without an ESP has no origin to stand in for")
	case spec.Backend == "" || spec.Address == "":
		return fmt.Errorf("origin %q at %q: it needs a backend name and an address", spec.Backend, spec.Address)
	case spec.Backend == LandingBackend:
		return fmt.Errorf("backend name %q is taken by the landing pages: choose another", spec.Backend)
	case families[spec.Family] == nil:
		return fmt.Errorf("backend %q: no stand-in for family %d", spec.Backend, spec.Family)
	}
	known := f.origins[spec.Backend]
	if known != nil && (known.spec.Address != spec.Address || known.spec.TLS != spec.TLS || known.spec.Family != spec.Family) {
		return fmt.Errorf("backend %q is given both for %q and for %q: give each origin a backend of its own", spec.Backend, known.spec.Address, spec.Address)
	}
	return nil
}

// Backends lists the backends of the fleet, sorted.
func (f *Fleet) Backends() []string { return slices.Sorted(maps.Keys(f.origins)) }

// Addr returns where a backend's origin listens, "127.0.0.1:port", or "" for an
// unknown backend. It stays the same for the life of the fleet.
func (f *Fleet) Addr(backend string) string {
	if o := f.origins[backend]; o != nil {
		return o.port.addr
	}
	return ""
}

// PlainAddr returns where a backend's origin listens for http,
// "127.0.0.1:port": that of Addr for an origin without TLS, else the second
// port of [Options].PlainToo, "" without that.
func (f *Fleet) PlainAddr(backend string) string {
	o := f.origins[backend]
	switch {
	case o == nil:
		return ""
	case !o.spec.TLS:
		return o.port.addr
	case o.plain != nil:
		return o.plain.addr
	}
	return ""
}

// CA returns a pool that holds the certificate authority of this fleet and
// nothing else.
func (f *Fleet) CA() *x509.CertPool { return f.authority.Pool() }

// CAPEM returns the certificate of the fleet's authority in PEM.
func (f *Fleet) CAPEM() []byte { return f.authority.PEM() }

// Seen returns what arrived, oldest first: the latest 2,048 requests at least,
// 4,096 at most. The header and body of an entry are shared and must not be
// changed.
func (f *Fleet) Seen() []Seen { return f.record.list() }

// Forget empties the list that Seen returns.
func (f *Fleet) Forget() { f.record.forget() }

// Close stops all listeners, closes all connections and returns when every
// goroutine of the fleet has ended. It may be called more than once.
func (f *Fleet) Close() error {
	f.closing.Do(f.stop)
	return nil
}

func (f *Fleet) stop() {
	close(f.done)
	for _, o := range f.origins {
		o.each((*port).close)
	}
	for _, p := range f.landing {
		p.close()
	}
}
