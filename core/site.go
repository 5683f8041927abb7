package core

import (
	"slices"
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
	// Also are the other ESPs whose links this host has, in the order of
	// sites.json: each is the whole site as a link of that ESP finds it, with no
	// Also of its own. See [Site.For].
	Also []*Site
	// Retired is since when the ESP is asked for nothing, in Unix seconds; 0 if
	// it is not retired. It is set in Also only.
	Retired int64
	// Unsubscribes is the origin that gets the unsubscribes of retired ESPs; nil
	// for none.
	Unsubscribes *Origin
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
	// Learn remembers where the ESP leads from links that only it can read.
	Learn bool
	// Recalls are the rules for links that are corrected or withdrawn.
	Recalls recall.Rules
	// Keys are the key ids whose signed links verify; new links are minted with
	// the first.
	Keys []string
	// LogHashes is the id of the key from which the hashes in the click log are
	// made; "" for a log without them. See core/loghash.
	LogHashes string
	// Network lets the verdict on a click count where the request came from, as
	// the platform says: see verdict.Network.
	Network bool
	// Late says that LogHashes or Network is set: lines of clicks and opens have what
	// is asked for when the reader has been answered. It follows from them, and is a
	// field since each click reads it.
	Late bool
	// SignedAnywhere lets signed links lead to hosts that are not listed.
	SignedAnywhere bool
	// Home is the URL of the home page that a page links to; "" for none.
	Home string
	// AppLinks are served as they stand here. Nil: the ESP's own are proxied.
	AppLinks *AppLinks
}

// MaxAlso is the most entries that Also has.
const MaxAlso = 8

// LongRetired is the value of Retired for an ESP that has no date.
const LongRetired = 1

// For returns the site as the ESP of a raw request target sees it: this one, or
// one of Also if the target has the form of that ESP's links. Of two forms that
// fit, the longer one counts. What fits none belongs to this one, as do signed
// links, /health, the files of app links, and all that is no link.
func (s *Site) For(target string) *Site {
	if s == nil || len(s.Also) == 0 {
		return s
	}
	return s.route(target)
}

func (s *Site) route(target string) *Site {
	best, longest := s, 0
	if s.IsSigned(target) { // Postal's links may begin with any word
		return s
	}
	if s.Origin != nil {
		longest = s.Origin.Family.Owns(target)
	}
	for _, other := range s.Also {
		if n := other.Origin.Family.Owns(target); n > longest {
			best, longest = other, n
		}
	}
	return best
}

// Secrets returns the ids of the keys whose secrets this site needs: those of
// its signed links, and that of the hashes in its log.
func (s *Site) Secrets() []string {
	if s.LogHashes == "" || slices.Contains(s.Keys, s.LogHashes) {
		return s.Keys
	}
	return append(slices.Clone(s.Keys), s.LogHashes)
}

// ESPs returns the site as each of its ESPs finds it: this one, then Also.
func (s *Site) ESPs() []*Site { return append([]*Site{s}, s.Also...) }

// IsRetired reports whether the site's ESP is asked for nothing at this time.
func (s *Site) IsRetired(now time.Time) bool {
	return s.Retired != 0 && now.Unix() >= s.Retired
}

// Origins returns every origin that requests of this site may be sent to. One
// that is retired without a date is not among them.
func (s *Site) Origins() (list []*Origin) {
	add := func(o *Origin) {
		if o != nil {
			list = append(list, o)
		}
	}
	for _, e := range s.ESPs() {
		if e.Retired != LongRetired {
			add(e.Origin)
			add(e.SecondOrigin)
		}
	}
	add(s.Unsubscribes)
	return list
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
