package core

import (
	"time"

	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/recall"
	"github.com/clickedge/clickedge/core/word"
)

// Site is one branded link domain. core/sitesjson reads it from sites.json, or
// core/sitetable finds it in a table, and nothing changes it afterwards.
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
	// Recalls are the rules for links that are corrected or withdrawn.
	Recalls recall.Rules
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

// AppLinks are the files by which a link domain lets apps open its links, as
// they are served.
type AppLinks struct {
	Apple   string // apple-app-site-association; "" for none
	Android string // assetlinks.json; "" for none
}

// Allows says whether a redirect of this site may lead to url, as
// [destination.Sendable] returns it: OK, or the code that says why not. It is
// the rule for every redirect but that of a signed link.
func (s *Site) Allows(url string) outcome.Code {
	_, d, ok := destination.ParseRead(destination.LowerScheme(url))
	if !ok {
		return outcome.BadDestination
	}
	return s.allowsParsed(d)
}

// AllowsSigned is Allows for a signed link. A site may let these lead to hosts
// that are not listed, but the grammar holds for them too. A link to a URL that
// a rule recalls does not lead there.
func (s *Site) AllowsSigned(url string) outcome.Code {
	d, ok := destination.Parse(url)
	if !ok {
		return outcome.BadDestination
	}
	if s.Recalls != "" && (&Decision{}).recall(s, url) {
		return outcome.Recalled
	}
	return s.allowsSignedParsed(d)
}

// allowsParsed is Allows for a URL that has been parsed.
func (s *Site) allowsParsed(d destination.Destination) outcome.Code {
	code := s.mayLead(d)
	if code == outcome.OK && !s.isListed(d.Host) {
		return outcome.UnlistedDestination
	}
	return code
}

// allowsSignedParsed is AllowsSigned for a URL that has been parsed.
func (s *Site) allowsSignedParsed(d destination.Destination) outcome.Code {
	if s.SignedAnywhere {
		return s.mayLead(d)
	}
	return s.allowsParsed(d)
}

// mayLead checks what does not depend on the list.
func (s *Site) mayLead(d destination.Destination) outcome.Code {
	switch {
	case d.Host == "" || !d.TLS && !s.AllowHTTP:
		return outcome.BadDestination
	case word.Equal(d.Host, s.Host):
		return outcome.SelfDestination
	}
	return outcome.OK
}

// isListed reports whether a host is in the list of destinations.
func (s *Site) isListed(host string) bool {
	for _, p := range s.Destinations {
		if p.Match(host) {
			return true
		}
	}
	return s.Listed.Match(host)
}
