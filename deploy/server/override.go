package server

import (
	"fmt"
	"maps"
	"slices"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/jsontext"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// Overrides are sites that take the place of those of sites.json, by canonical
// host.
type Overrides map[string]Override

// Override is one of them.
type Override struct {
	Site *core.Site // nil if it is invalid
	Why  string     // it is invalid
}

// ReadOverride reads one override. sites are those of sites.json.
func ReadOverride(host string, object []byte, sites sitesjson.LinkDomains) Override {
	site, why := sitesjson.ReadOverride(host, object, sites)
	return Override{site, why}
}

// ParseOverrides reads a file of overrides: an object with a site object for
// each host, as the module's config store has them. An override that is invalid
// is in the result with the reason: the site of sites.json applies.
func ParseOverrides(text []byte, sites sitesjson.LinkDomains) (Overrides, error) {
	list := Overrides{}
	m := jsontext.NewMembers(text)
	for m.Next() {
		host := string(m.Name)
		if host != core.CanonicalHost(host) || host == "" {
			return nil, failure.Bad(fmt.Errorf("the overrides have %q, which is not a host as sites.json has it", host), "write it in lower case, without a port")
		}
		if _, twice := list[host]; twice {
			return nil, failure.Bad(fmt.Errorf("the overrides have %q twice", host), "take one of the two out")
		}
		list[host] = ReadOverride(host, m.Value, sites)
	}
	if !m.Whole() {
		return nil, failure.Bad(fmt.Errorf("the overrides are not one JSON object"), `as in {"link.example.com": {"esp": "sendgrid"}}, an object like those below "sites" of sites.json for each host`)
	}
	return list, nil
}

// sites are the valid ones, by host.
func (o Overrides) sites() (list []*core.Site) {
	for _, host := range slices.Sorted(maps.Keys(o)) {
		if site := o[host].Site; site != nil {
			list = append(list, site)
		}
	}
	return list
}

// learn reports whether one of them learns links.
func (o Overrides) learn() bool { return core.NewSites(o.sites()).Learn() }

// keyIDs lists the keys of sites and overrides.
func (o Overrides) keyIDs(sites *core.Sites) []string {
	kids := sitesfile.KeyIDs(sites)
	for _, site := range o.sites() {
		for _, kid := range site.Secrets() {
			if !slices.Contains(kids, kid) {
				kids = append(kids, kid)
			}
		}
	}
	return kids
}

// hosts lists those of sites and overrides.
func (o Overrides) hosts(sites *core.Sites) []string {
	hosts := sites.Hosts()
	for _, site := range o.sites() {
		if !sites.Has(site.Host) {
			hosts = append(hosts, site.Host)
		}
	}
	return hosts
}
