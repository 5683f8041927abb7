package core

import (
	"strings"

	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/header"
)

// What an ESP's answer means is decided here, so that whoever carries a
// decision out means the same.

// failed reports whether a status says that the ESP could not do its work,
// rather than that the link is bad.
func failed(status int) bool { return status >= 500 || status == 429 || unusable(status) }

// unusable reports whether a status cannot be passed on: an interim one that
// ends an exchange (101 to somebody who has not asked to switch), and what is
// no status of HTTP (RFC 9110, 15). Whoever asked gets the page of [ESPError]
// with that code's own status.
func unusable(status int) bool { return status < 200 || status > 599 }

// IsRedirect reports whether browsers follow the Location of an answer with
// this status.
func IsRedirect(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// AnswerEdits says what changes in the ESP's answer on its way to the reader:
// what concerns its connection only goes, cookies become this host's alone, no
// search engine lists the link, and no browser keeps a redirect unasked: a
// click that it answers by itself is not counted. All else stays as it came.
func (l *Edits) AnswerEdits(o *Origin, status int, has header.Set) {
	if has.Has(header.HopByHop) {
		l.addConnection(has)
	}
	if has.Has(header.SetCookie | header.ClearSiteData) {
		l.addAnswerCookies(o, has)
	}
	// A field that came may be gone by now, where Connection names it.
	came := EditPass
	if has.Has(header.Connection) {
		came = EditDefault
	}
	robots, cache := came, came
	if !has.Has(header.RobotsTag) {
		robots = EditSet
	}
	l.add(robots, "x-robots-tag", "noindex")
	if !IsRedirect(status) {
		return
	}
	if !has.Has(header.CacheControl) {
		cache = EditSet
	} else if keptByDefault(status) {
		cache = EditUnlessKept
	}
	l.add(cache, "cache-control", "no-store")
}

func (l *Edits) addAnswerCookies(o *Origin, has header.Set) {
	// "cookies" clears those of the whole registrable domain (W3C, Clear Site
	// Data, 3.1): it would log readers out of the brand's own site.
	if has.Has(header.ClearSiteData) && o.Cookies != CookiesPass {
		l.add(EditRemove, "clear-site-data", "")
	}
	if has.Has(header.SetCookie) {
		l.addCookies(EditOwnSetCookies, "set-cookie", o)
	}
}

// keptByDefault reports whether browsers may keep a redirect with this status
// where nothing is said of keeping. What the ESP does say of it stands.
func keptByDefault(status int) bool { return status == 301 || status == 308 }

// keepings are the directives that say whether an answer is kept, or for how
// long.
var keepings = [...]string{
	"no-store", "no-cache", "private", "public", "max-age", "s-maxage", "must-understand", "immutable",
}

// speaksOfKeeping reads the values of Cache-Control, each followed by a NUL.
func speaksOfKeeping(values string) bool {
	for rest := strings.ReplaceAll(values, "\x00", ","); rest != ""; {
		var directive string
		directive, rest, _ = strings.Cut(rest, ",")
		name, _, _ := strings.Cut(directive, "=")
		name = destination.Lower(strings.TrimSpace(name))
		for _, k := range keepings {
			if name == k {
				return true
			}
		}
	}
	return false
}

// LeadsTo returns the host to which browsers follow the Location of an answer,
// given all values of that field, each followed by a NUL, and the site's host
// on which they are read. "" is no host.
func LeadsTo(locations string, tls bool, host string) string {
	// As a rule the host is plain to see where the first begins, and where that
	// ends makes no difference.
	if plain := destination.PlainHost(locations); plain != "" {
		return plain
	}
	return destination.HostOf(header.First(locations), tls, host)
}

// Agreement says whether the ESP leads where a reader was sent, "yes" or "no",
// and if not, towards which host. It is "" where the ESP answered no redirect
// that a browser would follow: it has not said where the link leads, whatever
// anybody made it answer.
//
// What makes no difference to a browser makes none here: letter case of scheme
// and host, a port that is the scheme's own, "/" for an empty path, a byte that
// is written with % by one and stands for itself with the other, where browsers
// write it with %, and the fragment, which is not sent to anybody.
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

// elsewhere is "no" for a Location that opens an app or writes a mail, and ""
// for one that is empty or leads nowhere.
func elsewhere(theirs string) string {
	scheme, _, found := destination.CutScheme(destination.Tidy(theirs))
	if found && scheme != "http" && scheme != "https" {
		return "no"
	}
	return ""
}

// sameRest compares two paths with queries as they are sent.
func sameRest(a, b string) bool { return string(sent(a)) == string(sent(b)) }

// sent is path and query as a browser sends them, but that dot segments stay.
func sent(rest string) []byte {
	out, inPath := make([]byte, 0, len(rest)+16), true
	if rest == "" || rest[0] != '/' && rest[0] != '\\' {
		out = append(out, '/')
	}
	for i := 0; i < len(rest); i++ {
		c := rest[i]
		switch {
		case c == '#':
			return out
		case c == '\t', c == '\r', c == '\n':
			continue
		case c == '?':
			inPath = false
		case c == '\\' && inPath:
			c = '/'
		case c == '%' && i+2 < len(rest) && destination.HexValue(rest[i+1]) < 16 && destination.HexValue(rest[i+2]) < 16:
			out = append(out, '%', hexUpper[destination.HexValue(rest[i+1])], hexUpper[destination.HexValue(rest[i+2])])
			i += 2
			continue
		case sentEscaped(c, inPath):
			out = append(out, '%', hexUpper[c>>4], hexUpper[c&15])
			continue
		}
		out = append(out, c)
	}
	return out
}

const hexUpper = "0123456789ABCDEF"

// sentEscaped reports whether browsers write a byte with %, in the path or in
// the query.
func sentEscaped(c byte, inPath bool) bool {
	switch c {
	case ' ', '"', '<', '>':
		return true
	case '`', '{', '}', '^':
		return inPath
	case '\'':
		return !inPath
	}
	return c < ' ' || c >= 0x7f
}
