package core

import (
	"cmp"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/word"
)

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

// Learn reports whether a site, or one of its ESPs, learns links.
func (s *Sites) Learn() bool {
	if s == nil {
		return false
	}
	for _, site := range s.byHost {
		for _, e := range append([]*Site{site}, site.Also...) {
			if e.Learn {
				return true
			}
		}
	}
	return false
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

// Origins returns one origin for each backend that these sites need, second
// origins included, sorted by the backend's name. Origins that share a backend
// agree on address, port, TLS and health; Preset and what happens to headers
// are those of the first site that needs it.
func (s *Sites) Origins() []*Origin {
	seen := map[string]bool{}
	var list []*Origin
	for _, host := range s.hosts {
		for _, o := range s.byHost[host].Origins() {
			if !seen[o.Backend] {
				seen[o.Backend] = true
				list = append(list, o)
			}
		}
	}
	slices.SortFunc(list, func(a, b *Origin) int { return cmp.Compare(a.Backend, b.Backend) })
	return list
}
