package sitesjson

import "github.com/clickedge/clickedge/core"

// longestReason is the most bytes of the reason why an override is invalid.
const longestReason = 300

// LinkDomains knows which canonical hosts are link domains: core.Sites, or the
// table made of it.
type LinkDomains interface{ Has(host string) bool }

// ReadOverride reads a site object that replaces the one of sites.json for this
// host. sites are those of sites.json: an origin must not be one of their
// hosts. If the object is invalid, site is nil and why is the reason.
func ReadOverride(host string, entry []byte, sites LinkDomains) (site *core.Site, why string) {
	site, err := ParseSite(host, entry)
	switch {
	case err != nil:
		return nil, firstMistake(err)
	case leadsBack(site, sites):
		return nil, "an origin is a link domain"
	}
	return site, ""
}

func leadsBack(site *core.Site, sites LinkDomains) bool {
	for _, o := range site.Origins() {
		if sites.Has(o.Address) {
			return true
		}
	}
	return false
}

func firstMistake(err error) string {
	// The error is never wrapped, and errors.As would bring a part of package
	// reflect into the module.
	list, ok := err.(*Error)
	if !ok || len(list.Mistakes) == 0 {
		return "it cannot be read"
	}
	text := list.Mistakes[0].String()
	return text[:min(len(text), longestReason)]
}
