package sitesjson

import "github.com/clickedge/clickedge/core"

// longestReason bounds, in bytes, what is said of an override that is invalid.
const longestReason = 300

// LinkDomains reports whether a canonical host is a link domain: sites.json, or
// the table made of it.
type LinkDomains interface{ Has(host string) bool }

// ReadOverride reads the site object that stands in for that of sites.json, for
// this host. sites are those of sites.json, which the object by itself cannot
// know: an origin must not be one of them. A nil site comes with the reason.
func ReadOverride(host string, entry []byte, sites LinkDomains) (site *core.Site, why string) {
	site, err := ParseSite(host, entry)
	switch {
	case err != nil:
		return nil, firstMistake(err)
	case leadsBack(site.Origin, sites), leadsBack(site.SecondOrigin, sites):
		return nil, "an origin is a link domain"
	}
	return site, ""
}

func leadsBack(o *core.Origin, sites LinkDomains) bool { return o != nil && sites.Has(o.Address) }

func firstMistake(err error) string {
	// Nothing wraps it, and errors.As takes a part of package reflect along.
	list, ok := err.(*Error)
	if !ok || len(list.Mistakes) == 0 {
		return "it cannot be read"
	}
	text := list.Mistakes[0].String()
	return text[:min(len(text), longestReason)]
}
