package check

import (
	"fmt"

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

type Site struct {
	Host         string   `json:"host"`
	ESP          string   `json:"esp"`
	Backend      string   `json:"backend,omitempty"`
	Origin       string   `json:"origin,omitempty"`
	SecondOrigin string   `json:"second_origin,omitempty"`
	Headers      []string `json:"headers,omitempty"` // the names of the site's own request fields
	Links        string   `json:"links,omitempty"`   // the form of a custom origin's links
	ESPTimeout   string   `json:"esp_timeout,omitempty"`
	Clicks       string   `json:"clicks"`
	WhenESPFails string   `json:"when_esp_fails"`
	Destinations []string `json:"destinations,omitempty"`
	Keys         []string `json:"keys,omitempty"`
	Recalls      []Recall `json:"recalls,omitempty"`
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

// Of describes every site of a file that core has accepted.
func Of(sites *core.Sites) *Report {
	r := &Report{OK: true}
	for _, host := range sites.Hosts() {
		site := sites.Lookup(host)
		r.Sites = append(r.Sites, Describe(site))
		r.Warnings = append(append(r.Warnings, Warnings(site)...), domainWarnings(sites, site)...)
	}
	r.Backends, r.Certificates = backendsOf(sites), certificates(sites)
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
func Describe(s *core.Site) Site {
	d := Site{Host: s.Host, ESP: s.ESP, Clicks: "proxy", WhenESPFails: "page", Keys: s.Keys, Recalls: recallsOf(s)}
	for _, p := range s.Destinations {
		d.Destinations = append(d.Destinations, p.String())
	}
	if s.Origin == nil {
		d.Clicks, d.WhenESPFails = "none", "none"
		return d
	}
	d.Backend, d.Origin, d.ESPTimeout = s.Origin.Backend, OriginURL(s.Origin), s.ESPTimeout.String()
	if s.SecondOrigin != nil {
		d.SecondOrigin = OriginURL(s.SecondOrigin)
	}
	for name := range headersOf(s) {
		d.Headers = append(d.Headers, name)
	}
	if s.Origin.Sender() != s.Origin.Family {
		d.Links = s.Origin.Family.String()
	}
	if s.ClickRedirect {
		d.Clicks = "redirect"
	}
	if s.FailRedirect {
		d.WhenESPFails = "redirect"
	}
	d.Readings = readingsOf(s)
	return d
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
