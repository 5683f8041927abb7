package core

import (
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/header"
)

// This file has what is changed in an ESP's answer, and what its Location says.
// What becomes of a failure, a 5xx or a 429 is in failure.go.

// IsRedirect reports whether browsers follow the Location of an answer with
// this status.
func IsRedirect(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// EditAnswer calls edit for each edit of this ESP's answer on its way to the
// reader: hop-by-hop fields are removed, cookies are limited to this host,
// search engines are told not to index the link, and browsers not to cache a
// redirect, unless the ESP says otherwise: a click that is answered from the
// cache is not counted. All else stays as it came.
func (o *Origin) EditAnswer(status int, has header.Set, edit Editor) {
	if has.Has(header.HopByHop) {
		editConnection(has, edit)
	}
	if has.Has(header.SetCookie | header.ClearSiteData) {
		o.editAnswerCookies(has, edit)
	}
	// A field that came may have been removed, if Connection names it.
	came := EditPass
	if has.Has(header.Connection) {
		came = EditDefault
	}
	robots, cache := came, came
	if !has.Has(header.RobotsTag) {
		robots = EditSet
	}
	edit(robots, "x-robots-tag", "noindex")
	if !IsRedirect(status) {
		return
	}
	if !has.Has(header.CacheControl) {
		cache = EditSet
	} else if cachedByDefault(status) {
		cache = EditUnlessKept
	}
	edit(cache, "cache-control", noStore)
}

func (o *Origin) editAnswerCookies(has header.Set, edit Editor) {
	// "cookies" clears those of the whole registrable domain (W3C, Clear Site
	// Data, 3.1): readers would be logged out of the brand's own site.
	if has.Has(header.ClearSiteData) && o.Cookies != CookiesPass {
		edit(EditRemove, "clear-site-data", "")
	}
	if has.Has(header.SetCookie) {
		edit(o.Cookies.edit(EditOwnSetCookies), "set-cookie", "")
	}
}

// LeadsTo returns the host to which browsers follow the Location of an answer,
// given all values of that field, each followed by a NUL. Relative ones are
// resolved on the site's host. "" is no host.
func LeadsTo(locations string, tls bool, host string) string {
	// Usually the first value begins with a plain host, which is then read
	// without searching for the value's end.
	if plain := destination.PlainHost(locations); plain != "" {
		return plain
	}
	return destination.HostOf(header.First(locations), tls, host)
}

// Agreement compares the ESP's Location with the one that the reader got: "yes"
// or "no", and for "no" the ESP's host. It is "" if the ESP's answer is no
// redirect that a browser would follow, since then the ESP has not said where
// the link leads.
//
// Differences that a browser does not see are ignored: the letter case of
// scheme and host, the scheme's default port, and what [destination.Sent] reads
// alike: "/" for an empty path, dot segments, a byte that browsers
// percent-encode and one side has not, and the fragment, which is never sent.
func Agreement(ours string, status int, theirs string, tls bool, host string) (agrees, towards string) {
	if !IsRedirect(status) {
		return "", ""
	}
	if ours == theirs {
		return "yes", ""
	}
	b, ok := destination.ReadLocation(theirs, tls, host)
	if !ok {
		return elsewhere(theirs), ""
	}
	a, _ := destination.ReadLocation(ours, tls, host)
	if a.TLS == b.TLS && a.Port == b.Port && a.Host == b.Host && sameRest(a.Rest, b.Rest) {
		return "yes", ""
	}
	return "no", b.Host
}

// elsewhere is "no" for a Location with another scheme, such as one that opens
// an app or a mail program, and "" for one that is empty or invalid.
func elsewhere(theirs string) string {
	scheme, _, found := destination.CutScheme(destination.Tidy(theirs))
	if found && scheme != "http" && scheme != "https" {
		return "no"
	}
	return ""
}

// sameRest compares two paths with their queries, as browsers send them.
func sameRest(a, b string) bool {
	return string(destination.AppendSent(nil, a)) == string(destination.AppendSent(nil, b))
}
