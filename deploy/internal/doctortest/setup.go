package doctortest

import (
	"cmp"
	"testing"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/origins"
)

// Front is what stands between the reader and the ESP.
type Front string

// The fronts.
const (
	Stranger   Front = ""       // a proxy in Go with Fastly's marks that changes nothing
	Module     Front = "module" // clickedge on hostsim
	Server     Front = "server" // clickedge server
	Nginx      Front = "nginx"  // nginx of this machine
	Apache     Front = "apache" // Apache of this machine
	Caddy      Front = "caddy"  // and Caddy, HAProxy, and Varnish behind the lab's TLS
	HAProxy    Front = "haproxy"
	Varnish    Front = "varnish"
	Cloudflare Front = "cloudflare" // the proxy in Go with Cloudflare's marks
	CloudFront Front = "cloudfront" // and with CloudFront's
	Straight   Front = "straight"   // none: a CNAME to the ESP
)

// Setup is one set-up, in all but one of them with at most one thing wrong.
// What is not given is healthy.
type Setup struct {
	Name  string
	Wrong string // what is wrong, in words; "" is nothing
	// Want are the ids of all findings of severity warning and error, sorted.
	Want []string
	// Also are ids of findings below that which must be there.
	Also []string
	// Not are ids that must not be there: the set-up looks like theirs, and the
	// sentence would be false.
	Not []string
	// Says and Unsaid are texts that the report must hold, and must not hold.
	Says, Unsaid []string

	Front  Front
	Preset string          // what the link domain is set up for; "" is customerio-eu
	ESPs   origins.Options // how the stand-in behaves
	// SlowESP makes the ESP's first two answers to clicks late.
	SlowESP bool
	// Secure and Plain are what nginx's two servers do, for https and for http;
	// at the other servers, what is said to the server and of what it proxies.
	Secure, Plain string
	// NoHTTP2 leaves HTTP/2 out at nginx.
	NoHTTP2 bool
	// Site has members of the site at clickedge server, beside esp, destinations
	// and home.
	Site map[string]any
	// Change does the damage.
	Change func(*World)

	Tell Tell
}

// Tell is what the doctor is told beside the name of the host.
type Tell struct {
	NoESP        bool // leave the doctor to guess the ESP
	ESP          string
	ESPs         []string // presets of further ESPs
	Retired      []string // and of those that are retired
	LinksOnly    bool     // no ESP gets what is no link
	Unsubscribes string   // the origin of unsubscribes, a URL
	CDN          string
	Link         func(*Running) string
	Via          string
	OtherOrigin  string
	Origin       string // where the ESP is asked, in place of the preset's address
	SecondRecord string
	NoOrigin     bool // the ESP must not be asked directly
	CT           bool
	Slow         time.Duration
	Timeout      time.Duration // 0 is the lab's own, which only a broken set-up reaches
}

// Start runs a set-up until the test ends.
func (s *Setup) Start(t testing.TB) *Running {
	t.Helper()
	preset := cmp.Or(s.Preset, "customerio-eu")
	opt := s.ESPs
	if s.SlowESP {
		opt.OnRequest = lateClicks(preset)
	}
	w := newWorld(t, preset, "link.example.com", opt)
	if other := map[string]string{"customerio-us": "customerio-eu", "customerio-eu": "customerio-us"}[preset]; other != "" {
		w.another(other, "go.example.org") // the other region is there, and knows others' domains
	}
	switch s.Front {
	case Stranger:
		w.Both = append(w.Both, LikeFastly)
	case Module:
		s.moduleWorld(w)
	case Cloudflare:
		w.Records = cloudflareRecords
		w.Both, w.Proxy.Fail = append(w.Both, LikeCloudflare), cloudflareFails
	case CloudFront:
		w.Records = "link.example.com. CNAME d111111abcdef8.cloudfront.net."
		w.Both, w.Proxy.Fail = append(w.Both, LikeCloudFront), cloudfrontFails
	case Nginx, Apache, Caddy, HAProxy, Varnish:
		w.Records = "link.example.com. CNAME proxy.hosting.example."
	case Server:
		w.Records = "link.example.com. A " + FrontAddr
	case Straight:
		w.Records = "link.example.com. CNAME " + w.Origin.Address + "."
	}
	if s.Change != nil {
		s.Change(w)
	}
	if s.Front == Server {
		plain, secure := startOwn(t, w, s)
		w.Place80, w.Place443 = relay(plain), relay(secure)
	}
	if server, ok := realServers[s.Front]; ok {
		plain, secure := startServer(t, w, &server, s)
		w.Place80, w.Place443 = relay(plain), relay(secure)
		if !server.endsTLS {
			w.Place443 = w.Serve(w.TLS, passOn(plain)) // the lab ends TLS before it
		}
	}
	return w.run()
}

// cloudflareRecords are those of a name that Cloudflare proxies: its addresses
// take the place of the CNAME, in a zone that it serves.
const cloudflareRecords = `
link.example.com. A  198.51.100.10
example.com.      SOA ada.ns.cloudflare.com. dns.cloudflare.com. 1 10000 2400 604800 1800
example.com.      NS ada.ns.cloudflare.com.
example.com.      NS bob.ns.cloudflare.com.
example.com.      A  198.51.100.80
`

// lateClicks holds up the first two clicks at the ESP: one that came through
// the front and one that came directly.
func lateClicks(preset string) func(origins.Seen) {
	o, _ := core.LookupPreset(preset)
	wait := lateTwice()
	return func(seen origins.Seen) {
		if o.Family.Kind(seen.Target) == esp.KindClick {
			wait()
		}
	}
}
