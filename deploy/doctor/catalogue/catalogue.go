// Package catalogue holds every finding of the doctor: what it means, the fix
// for each CDN, server and ESP, and the page that states the rule. FINDINGS.md
// in the folder above is made of it. Start with [All], [Lookup] and
// [Entry.Advice]. Ids are never renamed.
package catalogue

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/clickedge/clickedge/core/esp"
)

// Entry is one finding as the catalogue has it. Its texts hold marks, which
// [Names] fills: {host} stands for the link domain, {parent} for the domain
// above it, {origin} for the ESP's origin, {http-port}, {https-port} and
// {asked} for where was asked.
type Entry struct {
	ID       string
	Section  Section
	Severity Severity
	Title    string
	Means    string
	Fix      Fix
	// Source is the page that states the rule.
	Source string
	// Asides hold what differs with the ESP.
	Asides []Aside
}

// Fix is the fix, by CDN or server. Any stands in for those that are empty.
type Fix struct {
	Any, Fastly, Nginx, Cloudflare, CloudFront string
	Apache, Caddy, HAProxy, Varnish, Server    string
}

// Aside is said in addition where the ESP is of this family; its Source takes
// the place of the entry's.
type Aside struct {
	Family esp.Family
	Fix    string
	Source string
}

// at returns what to do at a CDN.
func (m *Fix) at(cdn string) string {
	text := map[string]string{
		Fastly: m.Fastly, Nginx: m.Nginx, Cloudflare: m.Cloudflare, CloudFront: m.CloudFront,
		Apache: m.Apache, Caddy: m.Caddy, HAProxy: m.HAProxy, Varnish: m.Varnish, Server: m.Server,
	}[cdn]
	return cmp.Or(text, m.Any)
}

// Advice is what an entry says for a CDN and an ESP.
func (e *Entry) Advice(cdn string, family esp.Family, known bool) (means, fix, source string) {
	means, fix, source = e.Means, e.Fix.at(cdn), e.Source
	for _, a := range e.Asides {
		if known && a.Family == family {
			fix, source = strings.TrimSpace(fix+" "+a.Fix), cmp.Or(a.Source, source)
		}
	}
	return means, fix, source
}

// catalogue is every finding, in the order of the sections.
var catalogue = withServers(slices.Concat(dnsEntries, tlsEntries, httpEntries, espEntries,
	fidelityEntries, filterEntries, cacheEntries, appEntries, speedEntries))

// All returns every finding that there is, in the order in which the doctor
// looks. Ids may be added to it and are never renamed.
func All() []Entry { return slices.Clone(catalogue) }

// Lookup finds an entry by its id.
func Lookup(id string) (Entry, bool) {
	for i := range catalogue {
		if catalogue[i].ID == id {
			return catalogue[i], true
		}
	}
	return Entry{}, false
}

// Must is [Lookup] for an id that is in the catalogue.
func Must(id string) Entry {
	e, ok := Lookup(id)
	if !ok {
		panic("internal error: no finding " + id + " in the catalogue")
	}
	return e
}

// Names fill the marks of an Entry's texts: its title, its meaning and its
// fixes.
type Names struct {
	Host, Parent string
	Origin       string // "" if unknown
	Server       string // the Server field of the set-up, "" if unknown
	// HTTPPort and HTTPSPort are those that were asked, Via what was asked in
	// place of the addresses in DNS, "" for nothing.
	HTTPPort, HTTPSPort int
	Via                 string
}

// Replacer puts the names in place of the marks.
func (n Names) Replacer() *strings.Replacer {
	asked := "the address that DNS names"
	if n.Via != "" {
		asked = n.Via
	}
	return strings.NewReplacer("{host}", n.Host, "{parent}", n.Parent, "{origin}", cmp.Or(n.Origin, "the ESP's origin"),
		"{http-port}", strconv.Itoa(n.HTTPPort), "{https-port}", strconv.Itoa(n.HTTPSPort), "{asked}", asked,
		"{nginx-http2}", nginxHTTP2(n.Server, n.HTTPSPort))
}

// nginxHTTP2 is how HTTP/2 is switched on in the nginx whose version the Server
// field names: a directive that it does not know keeps nginx from starting.
func nginxHTTP2(software string, port int) string {
	const since = "http2 on;"
	before := fmt.Sprintf("listen %d ssl http2;", port)
	version, ok := strings.CutPrefix(strings.ToLower(software), "nginx/")
	var major, minor, patch int
	if n, _ := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); !ok || n < 3 {
		return since + " from nginx 1.25.1, " + before + " before"
	}
	if major > 1 || major == 1 && (minor > 25 || minor == 25 && patch >= 1) {
		return since
	}
	return before + " (http2 on; is for nginx 1.25.1 and later)"
}
