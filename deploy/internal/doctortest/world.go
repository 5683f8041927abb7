package doctortest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/origins"
)

// The addresses of the lab, from the blocks that are kept for documentation
// (RFC 5737, RFC 3849). Behind each stands a port of loopback; see
// [Running.Dial].
const (
	FrontAddr  = "198.51.100.10" // the link domain's
	FrontAddr6 = "2001:db8::10"
	OtherAddr  = "198.51.100.11" // another CDN's, or nothing
	ParentAddr = "198.51.100.80" // example.com
	ESPAddr    = "203.0.113.10"  // the ESP's origin
	ESPAddr2   = "203.0.113.20"  // the ESP's origin in another region
)

// World is a set-up while it is put together: what [Setup].Change may change.
type World struct {
	T         testing.TB
	Host      string // the link domain
	Origin    *core.Origin
	Authority *Authority
	Fleet     *origins.Fleet

	// Fleets are further ESPs whose certificates are to be trusted.
	Fleets []*origins.Fleet
	others []*core.Origin // what those stand in for

	// Records is what the first resolver knows, Others what those after it do.
	Records string
	Others  []string
	// TLS is how the front shakes hands, where it is not nginx.
	TLS TLS
	// Proxy is what stands behind the front, where nothing else does.
	Proxy *Proxy
	// Handler answers in place of Proxy.
	Handler http.Handler
	// Both, Over443 and Over80 are the mistakes in front of it, the first
	// outermost.
	Both, Over443, Over80 []Wrap
	// Place443 and Place80 stand at the front's ports in place of all that. A
	// refused port has nothing at it: see Refused.
	Place443, Place80 Place
	// Refused lists "address:port" at which nobody listens although the set-up
	// would.
	Refused []string
	// Dropped lists "address:port" whose packets vanish: Dial waits for its
	// context.
	Dropped []string
	// Places holds what else can be reached, by "address:port" or "name:port".
	Places  map[string]Place
	arrived recorder // what came to the front, where it is in this process

	// ParentSays are the fields of example.com's answers, names and values in
	// turn.
	ParentSays []string
}

// commonRecords are known to every resolver, but for names that a set-up's own
// records speak of.
const commonRecords = `
example.com.     SOA ns1.dns.example. hostmaster.example.com. 1 7200 3600 1209600 300
example.com.     NS  ns1.dns.example.
example.com.     NS  ns2.dns.example.
example.com.     A   198.51.100.80
com.             NS  a.gtld-servers.example.
sendgrid.net.             A 203.0.113.11
track.customer.io.        A 203.0.113.12
track-eu.customer.io.     A 203.0.113.13
r.us-east-1.awstrack.me.  A 203.0.113.14
r.eu-west-1.awstrack.me.  A 203.0.113.15
r.eu-central-1.awstrack.me. A 203.0.113.18
spgo.io.                  A 203.0.113.16
mailgun.org.              A 203.0.113.17
links.iterable.com.       A 203.0.113.19
d.sni.global.fastly.net.      A 198.51.100.10
d111111abcdef8.cloudfront.net. A 198.51.100.10
proxy.hosting.example.        A 198.51.100.10
`

// newWorld is healthy: a CNAME to Fastly, a good certificate, and a proxy that
// changes nothing.
func newWorld(t testing.TB, preset, host string, opt origins.Options) *World {
	t.Helper()
	if opt.Branded == nil {
		opt.Branded = []string{host}
	}
	fleet, o := startFleet(t, preset, opt)
	w := &World{T: t, Host: host, Origin: o, Fleet: fleet, Authority: NewAuthority(t), Places: map[string]Place{}}
	w.Records = host + ". CNAME d.sni.global.fastly.net."
	w.TLS.Cert.Names = []string{host}
	w.Proxy = w.ProxyTo(fleet, o)
	return w
}

// startFleet runs the stand-in for a preset's ESP until the test ends.
func startFleet(t testing.TB, preset string, opt origins.Options) (*origins.Fleet, *core.Origin) {
	t.Helper()
	o, ok := core.LookupPreset(preset)
	require.True(t, ok, "preset %q", preset)
	opt.PlainToo = true
	fleet, err := origins.Start([]*core.Origin{&o}, opt)
	require.NoError(t, err)
	t.Cleanup(func() { fleet.Close() })
	return fleet, &o
}

// ProxyTo makes a proxy that reaches an origin of a fleet as it should.
func (w *World) ProxyTo(fleet *origins.Fleet, o *core.Origin) *Proxy {
	p := &Proxy{Origin: o, Dial: func() (net.Conn, error) { return net.Dial("tcp", fleet.Addr(o.Backend)) }}
	if o.TLS {
		p.Config = &tls.Config{RootCAs: fleet.CA(), ServerName: o.Address}
	}
	return p
}

// Running is a set-up that stands until the test ends.
type Running struct {
	Host      string
	Origin    *core.Origin
	Resolvers []string // "127.0.0.1:port", the one to believe first
	Roots     *x509.CertPool
	Fleet     *origins.Fleet

	world    *World
	rootsPEM []byte
	servers  []*NameServer

	mu      sync.Mutex
	ports   map[string]string // "address:port" in the lab to "127.0.0.1:port"
	dialled []string
	strange []string // dialled, and not of this lab
}

func (w *World) run() *Running {
	t := w.T
	t.Helper()
	r := &Running{
		Host: w.Host, Origin: w.Origin, Fleet: w.Fleet, world: w,
		ports: map[string]string{},
	}
	r.rootsPEM = w.Authority.RootPEM()
	for _, fleet := range append([]*origins.Fleet{w.Fleet}, w.Fleets...) {
		r.rootsPEM = append(r.rootsPEM, fleet.CAPEM()...)
	}
	r.Roots = x509.NewCertPool()
	require.True(t, r.Roots.AppendCertsFromPEM(r.rootsPEM))
	for _, records := range append([]string{w.Records}, w.Others...) {
		server := StartNameServer(t, records+"\n"+w.otherThan(records))
		r.servers = append(r.servers, server)
		r.Resolvers = append(r.Resolvers, server.Addr)
	}
	for at, place := range w.everywhere() {
		if place != nil && !slices.Contains(w.Refused, at) && !slices.Contains(w.Dropped, at) {
			r.ports[at] = listen(t, place)
		}
	}
	return r
}

// otherThan are the common records of names that the set-up's own do not speak
// of.
func (w *World) otherThan(own string) string {
	taken := map[string]bool{}
	for line := range strings.Lines(own) {
		if words := strings.Fields(line); len(words) > 1 {
			taken[words[0]] = true
		}
	}
	var kept strings.Builder
	for line := range strings.Lines(commonRecords) {
		if words := strings.Fields(line); len(words) > 1 && !taken[words[0]] {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// everywhere is all that can be reached: the front, the parent, the ESP by
// address and by name.
func (w *World) everywhere() map[string]Place {
	places := map[string]Place{
		FrontAddr + ":443": w.place443(), FrontAddr + ":80": w.place80(),
		ParentAddr + ":443": w.parent(), ParentAddr + ":80": &server{handler: RedirectTo(301, "https://{host}{target}")},
	}
	for _, addr := range append(espAddrs(), w.Origin.Address) {
		places[addr+":80"] = relay(w.Fleet.PlainAddr(w.Origin.Backend))
		if w.Origin.TLS {
			places[addr+":443"] = relay(w.Fleet.Addr(w.Origin.Backend))
		}
	}
	maps.Copy(places, w.Places)
	return places
}

// espAddrs are the addresses that the common records give to ESPs; the one that
// the set-up is about answers at each.
func espAddrs() (addrs []string) {
	for last := 11; last <= 19; last++ {
		addrs = append(addrs, fmt.Sprintf("203.0.113.%d", last))
	}
	return addrs
}

func (w *World) handler(over []Wrap) http.Handler {
	h := w.Handler
	if h == nil {
		h = w.Proxy
	}
	for _, wrap := range slices.Backward(append(slices.Clone(w.Both), over...)) {
		h = wrap(h)
	}
	return w.arrived.watch(h)
}

// recorder keeps request lines.
type recorder struct {
	mu      sync.Mutex
	targets []string
}

func (r *recorder) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		r.targets = append(r.targets, req.RequestURI)
		r.mu.Unlock()
		next.ServeHTTP(w, req)
	})
}

func (r *recorder) list() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.targets)
}

func (w *World) place443() Place {
	if w.Place443 != nil {
		return w.Place443
	}
	return w.Serve(w.TLS, w.handler(w.Over443))
}

func (w *World) place80() Place {
	if w.Place80 != nil {
		return w.Place80
	}
	return &server{handler: w.handler(w.Over80)}
}

// Serve is a place that answers over TLS.
func (w *World) Serve(how TLS, handler http.Handler) Place {
	own := w.Authority.Issue(w.T, how.Cert)
	nameless := own
	if how.WithoutSNI != nil {
		nameless = w.Authority.Issue(w.T, *how.WithoutSNI)
	}
	return &server{config: how.config(own, &nameless), handler: handler}
}

func (w *World) parent() Place {
	page := Answer(http.StatusOK, "<!DOCTYPE html><title>Example</title>", append([]string{"Content-Type", "text/html"}, w.ParentSays...)...)
	return w.Serve(TLS{Cert: Cert{Names: []string{"example.com", "www.example.com"}}}, page)
}

// Dial stands in for the internet: it connects to a port of loopback for what
// the lab has at an address, and refuses everything else.
func (r *Running) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	r.mu.Lock()
	r.dialled = append(r.dialled, address)
	port, known := r.ports[address]
	refused := slices.Contains(r.world.Refused, address) || ofTheLab(address)
	dropped := slices.Contains(r.world.Dropped, address)
	if !known && !refused && !dropped {
		r.strange = append(r.strange, address)
	}
	r.mu.Unlock()
	switch {
	case dropped:
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Net: network, Err: ctx.Err()}
	case !known:
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", port)
}

// ofTheLab reports whether an address is one of those that stand for servers
// here, at which nobody may listen.
func ofTheLab(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	return strings.HasPrefix(host, "198.51.100.") || strings.HasPrefix(host, "203.0.113.") || host == FrontAddr6
}

// Dialled lists what was dialled, oldest first.
func (r *Running) Dialled() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.dialled)
}

// Strange lists what was dialled and is not of this lab: it must be empty.
func (r *Running) Strange() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.strange)
}

// Asked lists the questions to all resolvers, as "name TYPE".
func (r *Running) Asked() (all []string) {
	for _, s := range r.servers {
		all = append(all, s.Asked()...)
	}
	return all
}

// Targets lists the request targets that came to the front, where it is in this
// process and not nginx, and those that came to the ESPs.
func (r *Running) Targets() []string {
	targets := r.world.arrived.list()
	for _, seen := range r.Seen() {
		targets = append(targets, seen.Target)
	}
	return targets
}

// Seen lists what arrived at the set-up's ESPs, through the front or directly.
func (r *Running) Seen() (own []origins.Seen) {
	for _, fleet := range append([]*origins.Fleet{r.Fleet}, r.world.Fleets...) {
		for _, seen := range fleet.Seen() {
			// The module's fleet serves the sites of other set-ups as well.
			if fleet != r.Fleet || seen.Backend == r.Origin.Backend {
				own = append(own, seen)
			}
		}
	}
	return own
}

// RootsPEM are the authorities to trust, for a file.
func (r *Running) RootsPEM() []byte { return r.rootsPEM }
