package migrate

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/espdns"
)

// service is what a configuration does for one link domain, whatever its
// format. Each "at" is a place for findings.
type service struct {
	host   string // the link domain
	hostAt string

	origin  address
	others  []address // more origins, in the order in which they are tried
	further []further // the ESPs of some paths
	hosting hosting   // what the origin gets as Host
	whoAt   string

	forwardedHost bool
	forwardedAt   string
	noAddress     string // where it is known that the reader's address is not sent on; else ""
	cookies       cookies
	cookiesAt     string
	noPost        string         // where POST is refused, "" where it is not
	noQuery       string         // where it is known that the query is not sent on; else ""
	fields        []requestField // more fields that the origin gets
	timeout       time.Duration
	timeoutAt     string
	home          string
	homeAt        string
	apple         []byte
	android       []byte
	appAt         string
}

// address is an origin as a configuration names it.
type address struct {
	at   string
	tls  bool
	host string // lower case
	port uint16
}

// url is the origin as sites.json writes it.
func (a address) url() string {
	scheme, usual := "http://", uint16(80)
	if a.tls {
		scheme, usual = "https://", 443
	}
	if a.port == usual || a.port == 0 {
		return scheme + a.host
	}
	return scheme + a.host + ":" + strconv.Itoa(int(a.port))
}

// hosting is whose name the origin gets as Host.
type hosting uint8

const (
	hostUnknown hosting = iota
	hostBranded
	hostOrigin
	hostOther
)

// cookies is what happens to the reader's cookies.
type cookies uint8

const (
	cookiesUnknown cookies = iota
	cookiesPass
	cookiesStrip
	cookiesSome
)

// preset finds the preset of an origin, and what the site has to set besides
// it.
func (a address) preset() (name, tenant string, needsOrigin bool) {
	for _, o := range core.Presets() {
		if o.Address == a.host {
			return o.Preset, "", false
		}
	}
	if tenant, ok := strings.CutSuffix(a.host, ".et.e.sparkpost.com"); ok && !strings.Contains(tenant, ".") {
		return "sparkpost-enterprise", tenant, false
	}
	if region := esp.SESRegion(a.host); region != "" {
		if o, ok := core.LookupPreset("ses-" + region); ok {
			return o.Preset, "", o.Address != a.host
		}
	}
	// Or another of the ESP's names: the target of a CNAME, or one that differs
	// by account.
	name = cmp.Or(espdns.PresetOfOrigin(a.host), "custom")
	o, _ := core.LookupPreset(name)
	return name, "", o.Address == ""
}

func (r *reading) addSite(s *service) {
	r.host = s.host
	defer func() { r.host = "" }()
	if r.seen[s.host] {
		r.lost(s.hostAt, "host-twice", "%q is there already; the first is taken", clip(s.host))
		return
	}
	r.seen[s.host] = true
	if _, err := netip.ParseAddr(s.origin.host); err == nil || !strings.Contains(s.origin.host, ".") {
		r.lost(s.origin.at, "origin-inside", "the origin %q is not a name on the internet: give the name that it has there", clip(s.origin.host))
		return
	}
	name, tenant, needsOrigin := s.origin.preset()
	site := Site{Host: s.host, Fields: Fields{ESP: name, Tenant: tenant}}
	if needsOrigin {
		site.Fields.Origin = s.origin.url()
	}
	preset, _ := core.LookupPreset(name)
	if preset.Address != "" && preset.Address != s.origin.host {
		r.known(s.origin.at, "origin-of-preset", "the origin was %s, which is %q too: that is asked at %s", s.origin.host, name, preset.Address)
	}
	if name == "custom" {
		r.custom(s, &site)
	} else {
		r.checkESP(s, &preset)
		for _, f := range s.fields {
			r.lostField(f.name, f.at)
		}
	}
	r.forwarded(s, &site, &preset)
	r.second(s, &site, &preset)
	r.further(s, &site, &preset)
	r.extras(s, &site)
	r.sites = append(r.sites, site)
}

// custom carries over what only a custom origin takes.
func (r *reading) custom(s *service, site *Site) {
	if region := esp.SESRegion(s.origin.host); region != "" {
		r.wrong(s.origin.at, "region", "SES has no region %q that clickedge knows: is it a typing error?", clip(region))
	}
	switch s.hosting {
	case hostOrigin:
		site.Fields.Host = "origin"
	case hostOther:
		r.lost(s.whoAt, "host-other", "Host is neither the link domain's name nor the origin's; the link domain's is sent")
	case hostUnknown:
		r.known(s.whoAt, "host-unknown", "whether Host reaches the origin is not in the configuration; the link domain's is sent")
	}
	switch s.cookies {
	case cookiesStrip:
		site.Fields.Cookies = "strip"
	case cookiesSome:
		r.lost(s.cookiesAt, "cookies-some", "some cookies were sent on and others not; the origin gets those that it sets itself, unless the site has \"cookies\": \"pass\"")
	case cookiesPass:
		r.known(s.cookiesAt, "cookies-own", "all of the reader's cookies went to the origin, those of the parent domain included; it gets those that it sets itself, unless the site has \"cookies\": \"pass\"")
	}
	for _, f := range s.fields {
		r.carry(f, site)
	}
	if s.noQuery != "" {
		r.wrong(s.noQuery, "query-dropped", "the query did not reach the origin: links that have one are broken")
	}
	r.known(s.origin.at, "custom", "%s is of no ESP that clickedge knows: links are proxied, not read", s.origin.host)
}

// checkESP compares the service with what its ESP needs.
func (r *reading) checkESP(s *service, preset *core.Origin) {
	if s.origin.tls && !preset.TLS && preset.Address != "" {
		r.wrong(s.origin.at, "https-to-http-origin", "%s speaks plain http to a proxy; https fails there", s.origin.host)
	}
	if !s.origin.tls && preset.TLS {
		r.wrong(s.origin.at, "http-to-origin", "the links went to %s over plain http; the preset uses https", s.origin.host)
	}
	if preset.Address != "" && s.origin.port != 0 && s.origin.port != preset.Port && s.origin.tls == preset.TLS {
		r.wrong(s.origin.at, "port", "port %d is not that of %s, which is %d", s.origin.port, s.origin.host, preset.Port)
	}
	switch s.hosting {
	case hostOrigin:
		r.wrong(s.whoAt, "host-overridden", "the ESP got its own name as Host: it knows links by the link domain's, and refuses or miscounts others")
	case hostOther:
		r.wrong(s.whoAt, "host-other", "the ESP got a third name as Host: it knows links by the link domain's")
	case hostUnknown:
		r.known(s.whoAt, "host-unknown", "whether Host reached the ESP is not in the configuration; clickedge sends the link domain's")
	}
	r.judgeCookies(s, preset)
	if s.noPost != "" && preset.Family != esp.FamilySES && preset.Family != esp.FamilySparkPost {
		r.wrong(s.noPost, "methods-limited", "POST did not reach the ESP, so that one-click unsubscribes (RFC 8058) failed")
	}
	if s.noQuery != "" && linksHaveQuery(preset.Family) {
		r.wrong(s.noQuery, "query-dropped", "the query of links did not reach the ESP, which reads them by it")
	}
	if s.noAddress != "" && preset.Family == esp.FamilySparkPost {
		r.wrong(s.noAddress, "no-reader-address", "X-Forwarded-For was not sent: SparkPost places readers by it, and refuses too many clicks from one address")
	}
}

// linksHaveQuery reports whether links of this ESP have a query without which
// they fail or lead elsewhere.
func linksHaveQuery(f esp.Family) bool {
	return slices.Contains([]esp.Family{esp.FamilySendGrid, esp.FamilySparkPost, esp.FamilyMandrill, esp.FamilyIterable}, f)
}

// forwardsHost reads what is sent as X-Forwarded-Host.
func (r *reading) forwardsHost(v *service, value, at string) {
	if value == "" {
		return
	}
	v.forwardedHost, v.forwardedAt = true, at
	if hostingOf(value, v) != hostBranded {
		r.wrong(at, "forwarded-host-other", "X-Forwarded-Host was not the link domain's name, by which the ESP knows links")
	}
}

func (r *reading) judgeCookies(s *service, preset *core.Origin) {
	switch {
	case preset.Cookies == core.CookiesStrip && s.cookies == cookiesPass:
		r.wrong(s.cookiesAt, "cookies-forwarded", "the reader's cookies went to the ESP, which refuses more than 8192 bytes of fields (SES) or has no use for them; they are stripped")
	case preset.Family == esp.FamilyIterable && (s.cookies == cookiesStrip || s.cookies == cookiesSome):
		r.wrong(s.cookiesAt, "cookies-dropped", "Iterable needs its cookies both ways; they pass")
	case preset.Cookies != core.CookiesOwn:
	case s.cookies == cookiesStrip:
		r.known(s.cookiesAt, "cookies-own", "cookies were kept from the ESP; it gets back those that it sets itself, and no others")
	case s.cookies == cookiesPass || s.cookies == cookiesSome:
		r.known(s.cookiesAt, "cookies-own", "the reader's cookies went to the ESP, those of the parent domain included; it gets back those that it sets itself, and no others")
	}
}

// forwarded carries X-Forwarded-Host over where the preset differs.
func (r *reading) forwarded(s *service, site *Site, preset *core.Origin) {
	if !s.forwardedHost || preset.ForwardedHost {
		return
	}
	site.Fields.ForwardedHost = new(true)
	if braze, ok := core.LookupPreset("braze-" + preset.Preset); ok && braze.ForwardedHost {
		r.known(s.forwardedAt, "braze", "X-Forwarded-Host is what Braze asks for with SES: if these are Braze's links, %q says the same", braze.Preset)
	}
}

// second carries a further origin over if it belongs to the same ESP.
func (r *reading) second(s *service, site *Site, preset *core.Origin) {
	for _, o := range s.others {
		name, _, _ := o.preset()
		other, _ := core.LookupPreset(name)
		same := other.Family == preset.Family && (preset.Family != esp.FamilyCustom || o.tls == s.origin.tls)
		if o.host == s.origin.host && o.port == s.origin.port {
			continue
		}
		if !same || site.Fields.SecondOrigin != "" || other.Family == esp.FamilySES {
			r.lost(o.at, "another-origin", "the origin %s beside %s", clip(o.host), s.origin.host)
			continue
		}
		site.Fields.SecondOrigin = o.url()
		r.known(o.at, "second-origin", "%s is asked where %s cannot be reached, with GET and HEAD only", o.host, s.origin.host)
	}
}

// timeoutText writes whole seconds or milliseconds, as esp_timeout takes them.
func timeoutText(d time.Duration) string {
	if d%time.Second == 0 {
		return strconv.Itoa(int(d/time.Second)) + "s"
	}
	return strconv.Itoa(int(d/time.Millisecond)) + "ms"
}

// timeout carries over how long a reader waits.
func (r *reading) timeout(s *service, site *Site) {
	switch {
	case s.timeout == 0:
	case s.timeout < core.MinTimeout || s.timeout > core.MaxTimeout:
		r.lost(s.timeoutAt, "timeout", "a timeout of %s; a reader waits 100ms to 60s, and 5s where nothing is said", s.timeout)
	default:
		site.Fields.Timeout = timeoutText(s.timeout)
	}
}

func (r *reading) extras(s *service, site *Site) {
	r.timeout(s, site)
	site.Fields.Home = s.home
	site.Fields.AppLinks.Apple, site.Fields.AppLinks.Android = s.apple, s.android
	site.homeAt, site.appAt, site.at = s.homeAt, s.appAt, s.hostAt
}
