package core

import (
	"strings"
	"time"

	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/word"
)

// Site is one branded link domain. [ParseSites] makes it, or the lookup in a
// table (core/sitetable), and nothing changes it afterwards.
type Site struct {
	// Host in lower case, without port.
	Host string
	// ESP is the name of the preset in sites.json; "none" for a site without an
	// ESP.
	ESP string
	// Origin is where requests are proxied to; nil for "none".
	Origin *Origin
	// SecondOrigin is tried if Origin was never reached; nil for none.
	SecondOrigin *Origin
	// ESPTimeout is how long a reader waits for the head of the ESP's answer,
	// both origins together.
	ESPTimeout time.Duration
	// Destinations lists the hosts that a redirect may lead to. It is nil for a
	// site from a table, which has them in Listed.
	Destinations []destination.Pattern
	// Listed is the same list for a site from a table.
	Listed destination.List
	// AllowHTTP lets redirects lead to http:// as well.
	AllowHTTP bool
	// ClickRedirect redirects a click from the link itself, if it can be read.
	ClickRedirect bool
	// Count also sends the ESP each click that was redirected from the link.
	Count bool
	// FailRedirect redirects from the link when the ESP fails.
	FailRedirect bool
	// Keys are the key ids whose signed links verify; new links are minted with
	// the first.
	Keys []string
	// SignedAnywhere lets signed links lead to hosts that are not listed.
	SignedAnywhere bool
	// Home is the URL of the home page that a page links to; "" for none.
	Home string
	// AppLinks are served as they stand here. Nil: the ESP's own are proxied.
	AppLinks *AppLinks
}

// Sites is the whole of sites.json.
type Sites struct {
	byHost map[string]*Site
	hosts  []string // in the order of the file
}

// NewSites returns these sites in this order; of two with one host, the first.
func NewSites(list []*Site) *Sites {
	s := &Sites{byHost: make(map[string]*Site, len(list)), hosts: make([]string, 0, len(list))}
	for _, site := range list {
		if s.byHost[site.Host] == nil {
			s.byHost[site.Host] = site
			s.hosts = append(s.hosts, site.Host)
		}
	}
	return s
}

// Len is the number of sites; nil has none.
func (s *Sites) Len() int {
	if s == nil {
		return 0
	}
	return len(s.hosts)
}

// Hosts returns the branded hosts in the order of the file.
func (s *Sites) Hosts() []string { return append([]string(nil), s.hosts...) }

// Lookup finds the site of a Host header. Letter case, a port and one trailing
// dot do not matter. It returns nil if no site has this host.
func (s *Sites) Lookup(host string) *Site {
	if s == nil {
		return nil
	}
	if site, ok := s.byHost[host]; ok {
		return site
	}
	return s.byHost[CanonicalHost(host)]
}

// Has reports whether a canonical host has a site.
func (s *Sites) Has(host string) bool { return s != nil && s.byHost[host] != nil }

// CanonicalHost returns a Host header's name in lower case, without port and
// without a trailing dot. What it returns need not be a valid name.
func CanonicalHost(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && word.IsDigits(host[i+1:]) {
		host = host[:i]
	}
	return destination.Lower(strings.TrimSuffix(host, "."))
}

// Allows says whether a redirect of this site may lead to url, as
// [destination.Sendable] returns it: OK, or the code that says why not. It is
// the rule for every redirect but that of a signed link.
func (s *Site) Allows(url string) Code {
	_, d, ok := destination.ParseRead(destination.LowerScheme(url))
	if !ok {
		return BadDestination
	}
	return s.allows(d)
}

// AllowsSigned is Allows for a signed link. A site may let these lead to hosts
// that are not listed, but the grammar holds for them too.
func (s *Site) AllowsSigned(url string) Code {
	d, ok := destination.Parse(url)
	if !ok {
		return BadDestination
	}
	return s.allowsSigned(d)
}

func (s *Site) allows(d destination.Destination) Code {
	code := s.mayLead(d)
	if code == OK && !s.lists(d.Host) {
		return UnlistedDestination
	}
	return code
}

func (s *Site) allowsSigned(d destination.Destination) Code {
	if s.SignedAnywhere {
		return s.mayLead(d)
	}
	return s.allows(d)
}

// mayLead checks what does not depend on the list.
func (s *Site) mayLead(d destination.Destination) Code {
	switch {
	case d.Host == "" || !d.TLS && !s.AllowHTTP:
		return BadDestination
	case word.Equal(d.Host, s.Host):
		return SelfDestination
	}
	return OK
}

func (s *Site) lists(host string) bool {
	for _, p := range s.Destinations {
		if p.Match(host) {
			return true
		}
	}
	return s.Listed.Match(host)
}
