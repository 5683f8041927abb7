package check

import (
	"fmt"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/sitesjson"
)

// Report is what check --json prints.
type Report struct {
	OK       bool      `json:"ok"`
	Sites    []Site    `json:"sites,omitempty"`
	Backends []Backend `json:"backends,omitempty"`
	Warnings []string  `json:"warnings,omitempty"`
	// Certificates are notes on ESPs that issue them for link domains.
	Certificates []Certificate `json:"certificates,omitempty"`
	Mistakes     []Mistake     `json:"mistakes,omitempty"`
	More         int           `json:"more_mistakes,omitempty"`
}

// Site is what sites.json sets for a link domain. The settings are those of its
// own ESP.
type Site struct {
	Host string `json:"host"`
	Settings
	// ESPs are the site's own ESP and those in also; nil where it has one.
	ESPs []ESP `json:"esps,omitempty"`
	// Shared are the forms of links that two of them have.
	Shared []Shared `json:"shared_paths,omitempty"`
	// Unsubscribes is the URL of the origin that gets the unsubscribes of
	// retired ESPs.
	Unsubscribes string   `json:"unsubscribes,omitempty"`
	Destinations []string `json:"destinations,omitempty"`
	Keys         []string `json:"keys,omitempty"`
	Recalls      []Recall `json:"recalls,omitempty"`
	// Log is what its lines in the click log have that others have not; nil for
	// nothing.
	Log *Log `json:"log,omitempty"`

	apple, android bool // whether the site has these files of app links
}

// Settings are what a site sets for one of its ESPs.
type Settings struct {
	ESP          string   `json:"esp"`
	Backend      string   `json:"backend,omitempty"`
	Origin       string   `json:"origin,omitempty"`
	SecondOrigin string   `json:"second_origin,omitempty"`
	Headers      []string `json:"headers,omitempty"` // the names of the site's own request fields
	Links        string   `json:"links,omitempty"`   // the form of a custom origin's links
	ESPTimeout   string   `json:"esp_timeout,omitempty"`
	// Clicks and WhenESPFails are "none" without an ESP, and "retired" for one
	// that is retired.
	Clicks       string `json:"clicks"`
	WhenESPFails string `json:"when_esp_fails"`
	Learn        bool   `json:"learn,omitempty"` // where the ESP leads is remembered
	// Readings says which click links are answered from the link, and when; nil
	// where the settings ask for none.
	Readings *Readings `json:"readings,omitempty"`
}

// Backend is a backend that the service needs, by this name.
type Backend struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Port    uint16 `json:"port"`
	TLS     bool   `json:"tls"`
	SNI     string `json:"sni,omitempty"` // and certificate name
}

type Mistake struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Field   string `json:"field,omitempty"`
	Problem string `json:"problem"`
	Hint    string `json:"hint,omitempty"`
}

// Of describes every site of a file that core has accepted, as it is at this
// time.
func Of(sites *core.Sites, now time.Time) *Report {
	r := &Report{OK: true}
	signs := signers(sites)
	for _, host := range sites.Hosts() {
		site := sites.Lookup(host)
		r.Sites = append(r.Sites, Describe(site, now))
		r.Warnings = append(append(r.Warnings, Warnings(site, now)...), domainWarnings(sites, site)...)
		r.Warnings = append(r.Warnings, hashKeyWarnings(signs, site)...)
	}
	r.Backends, r.Certificates = backendsOf(sites), certificates(sites, now)
	return r
}

// Refused lists the mistakes of a file that core has not accepted.
func Refused(e *sitesjson.Error) *Report {
	r := &Report{More: e.More}
	for _, m := range e.Mistakes {
		r.Mistakes = append(r.Mistakes, Mistake(m))
	}
	return r
}

// Describe returns a site's settings, as check --json prints them.
func Describe(s *core.Site, now time.Time) Site {
	d := Site{Host: s.Host, Settings: settingsOf(s, now), ESPs: espsOf(s, now), Shared: sharedOf(s), Keys: s.Keys, Recalls: recallsOf(s), Log: LogOf(s)}
	for _, p := range s.Destinations {
		d.Destinations = append(d.Destinations, p.String())
	}
	if s.Unsubscribes != nil {
		d.Unsubscribes = OriginURL(s.Unsubscribes)
	}
	if s.AppLinks != nil {
		d.apple, d.android = s.AppLinks.Apple != "", s.AppLinks.Android != ""
	}
	return d
}

// settingsOf describes a site as one of its ESPs finds it.
func settingsOf(e *core.Site, now time.Time) Settings {
	d := Settings{ESP: e.ESP, Clicks: "proxy", WhenESPFails: "page"}
	if e.Origin == nil {
		d.Clicks, d.WhenESPFails = "none", "none"
		return d
	}
	d.Links = LinksOf(e)
	d.Learn, d.Readings = e.Learns(), readingsOf(e)
	if e.Retired != core.LongRetired {
		d.setOrigins(e)
	}
	if e.IsRetired(now) {
		d.Clicks, d.WhenESPFails = "retired", "retired"
		return d
	}
	if e.ClickRedirect {
		d.Clicks = "redirect"
	}
	if e.FailRedirect {
		d.WhenESPFails = "redirect"
	}
	return d
}

// setOrigins says where the ESP is asked.
func (d *Settings) setOrigins(e *core.Site) {
	d.Backend, d.Origin, d.ESPTimeout = e.Origin.Backend, OriginURL(e.Origin), e.ESPTimeout.String()
	if e.SecondOrigin != nil {
		d.SecondOrigin = OriginURL(e.SecondOrigin)
	}
	for name := range headersOf(e) {
		d.Headers = append(d.Headers, name)
	}
}

func backendsOf(sites *core.Sites) (list []Backend) {
	for _, o := range sites.Origins() {
		b := Backend{Name: o.Backend, Address: o.Address, Port: o.Port, TLS: o.TLS}
		if o.TLS {
			b.SNI = o.Address
		}
		list = append(list, b)
	}
	return list
}

// OriginURL is the URL of an origin, without the port where it is the scheme's
// default.
func OriginURL(o *core.Origin) string {
	scheme, usual := "https", uint16(443)
	if !o.TLS {
		scheme, usual = "http", 80
	}
	if o.Port == usual {
		return scheme + "://" + o.Address
	}
	return fmt.Sprintf("%s://%s:%d", scheme, o.Address, o.Port)
}
