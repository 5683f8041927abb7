package serve

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/check"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/pasted"
	"github.com/clickedge/clickedge/deploy/serve/page"
	"github.com/clickedge/clickedge/deploy/signedlink"
)

// maxGreeted is the number of sites whose links are printed at the start.
const maxGreeted = 12

// greet prints the address, and requests that can be copied.
func (s *server) greet(svc *service) {
	w, base := s.Err, "http://"+dialable(svc.ln.Addr())
	g := svc.current()
	hosts := g.sites.Hosts()
	for i, host := range hosts {
		if i == maxGreeted {
			fmt.Fprintf(w, "\n… and %s more\n", output.Count(len(hosts)-i, "site"))
			break
		}
		s.greetSite(g, base, g.sites.Lookup(host))
	}
	if svc.tls != nil {
		svc.tls.greet(s, svc)
	}
	if s.pageIsReached(svc) {
		fmt.Fprintf(w, "\na page to paste links, watch requests and let ESPs fail: %s/\n", base)
	}
	fmt.Fprintf(w, "\nlistening on %s\n", base)
	fmt.Fprintln(w, "Ctrl-C stops it")
}

// pageIsReached reports whether the page can be opened at the address that is
// printed.
func (s *server) pageIsReached(svc *service) bool {
	host, _, err := net.SplitHostPort(dialable(svc.ln.Addr()))
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback() && !svc.current().has(host)
}

// dialable is an address to connect to if the listener's own is every
// interface.
func dialable(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr.String()
}

func (s *server) greetSite(g *generation, base string, site *core.Site) {
	w := s.Err
	fmt.Fprintf(w, "\n%s (%s)\n", site.Host, s.espNames(site))
	for _, l := range s.siteLinks(g, base, site) {
		greetLink(w, l)
	}
	for _, e := range site.ESPs() {
		if g.fleet == nil && e.Origin != nil {
			s.greetReal(e)
		}
	}
	if g.fleet != nil && site.Unsubscribes != nil {
		fmt.Fprintf(w, "  # unsubscribes of retired ESPs go to a stand-in of %s\n", check.OriginURL(site.Unsubscribes))
	}
}

// siteLinks are requests to try on a site: a signed link, and those that the
// stand-ins of its ESPs accept.
func (s *server) siteLinks(g *generation, base string, site *core.Site) (list []page.Link) {
	if target, ok := s.sampleOwn(g, site); ok {
		list = append(list, linkOf(base, site.Host, origins.SampleLink{Name: "a signed link", Method: "GET", Target: target}))
	}
	if g.fleet == nil {
		return list
	}
	for _, e := range site.ESPs() {
		for _, l := range s.espLinks(g.fleet, site, e) {
			list = append(list, linkOf(base, site.Host, l))
		}
	}
	return list
}

func linkOf(base, host string, l origins.SampleLink) page.Link {
	url, _ := clickable(base, host, l)
	return page.Link{Name: l.Name, Host: host, Method: l.Method, Target: l.Target, URL: url, Curl: curl(base, host, l), ContentType: l.ContentType, Body: l.Body}
}

// espNames lists the ESPs of a site, the retired ones marked.
func (s *server) espNames(site *core.Site) string {
	if len(site.Also) == 0 {
		return site.ESP
	}
	var names []string
	for _, e := range site.ESPs() {
		names = append(names, s.espName(e))
	}
	return strings.Join(names, ", ")
}

func (s *server) espName(e *core.Site) string {
	name := check.Name(e.ESP, check.LinksOf(e))
	if r := check.RetiredOf(e, s.Now()); r != nil {
		return name + " (" + r.String() + ")"
	}
	return name
}

// greetReal says who answers links of an ESP that itself stands behind.
func (s *server) greetReal(e *core.Site) {
	if e.IsRetired(s.Now()) {
		fmt.Fprintf(s.Err, "  paste a link from mail of %s: it is answered from here\n", s.espName(e))
		return
	}
	fmt.Fprintf(s.Err, "  paste a link from your own mail: %s answers it\n", check.OriginURL(e.Origin))
}

// espLinks are links of one of a site's ESPs that core sends there. Where there
// are several, each link says whose it is.
func (s *server) espLinks(fleet *origins.Fleet, site, e *core.Site) []origins.SampleLink {
	links := s.samples(slices.DeleteFunc(fleet.Links(e), func(l origins.SampleLink) bool { return site.For(l.Target) != e }))
	for i := range links {
		l := &links[i]
		if len(site.Also) > 0 {
			l.Name = s.espName(e) + ": " + l.Name
		}
		if e.IsRetired(s.Now()) {
			l.Name += s.retiredGets(site, *l)
		}
	}
	return links
}

// retiredGets says what a link of a retired ESP gets.
func (s *server) retiredGets(site *core.Site, l origins.SampleLink) string {
	d := core.Decide(&core.Request{Method: l.Method, Target: l.Target}, site, s.Now())
	switch d.Action {
	case core.Redirect:
		return " (redirected from the link)"
	case core.Reply:
		return " (answered from here)"
	case core.Proxy:
		return " (proxied to " + check.OriginURL(d.Origin) + ")"
	}
	return fmt.Sprintf(" (a page with status %d)", d.Code.Notice().Status)
}

// samples picks one link of each kind, and of unsubscribes the one-click form,
// which breaks most easily. With -v all are shown.
func (s *server) samples(links []origins.SampleLink) []origins.SampleLink {
	if s.Verbose {
		return links
	}
	seen := map[esp.Kind]bool{}
	var some []origins.SampleLink
	for _, l := range links {
		if seen[l.Kind] || l.Kind == esp.KindHealth || l.Kind == esp.KindUnsubscribe && l.Method != "POST" {
			continue
		}
		seen[l.Kind] = true
		some = append(some, l)
	}
	return some
}

func greetLink(w io.Writer, l page.Link) {
	fmt.Fprintf(w, "  # %s\n", l.Name)
	if l.URL != "" {
		fmt.Fprintf(w, "  %s\n", l.URL)
	}
	fmt.Fprintf(w, "  %s\n", l.Curl)
}

// clickable is the URL with which a browser on this machine sends the request,
// if there is one: a browser sends GET only, and rewrites the targets that curl
// would.
func clickable(base, host string, l origins.SampleLink) (string, bool) {
	port, ok := strings.CutPrefix(base, "http://127.0.0.1:")
	if !ok || l.Method != "GET" || !curlKeeps(l.Target) {
		return "", false
	}
	return "http://" + host + pasted.LocalSuffix + ":" + port + l.Target, true
}

// sampleOwn signs a link to a host that the site allows, and returns its
// target.
func (s *server) sampleOwn(svc *generation, site *core.Site) (string, bool) {
	if len(site.Keys) == 0 || !svc.ring.Has(site.Keys[0]) {
		return "", false
	}
	key, _ := svc.ring.Key(site.Keys[0])
	m := &signedlink.Minter{Site: site, Link: signed.Link{Host: site.Host, KeyID: site.Keys[0]}, Key: key, Now: s.Now()}
	minted, err := m.Mint("https://" + sampleHost(site) + "/welcome?from=mail")
	if err != nil {
		return "", false
	}
	return strings.TrimPrefix(minted.URL, "https://"+site.Host), true
}

// sampleHost is a host to which the site lets links lead.
func sampleHost(site *core.Site) string {
	for _, p := range site.Destinations {
		if p.Sub {
			return "www." + p.Host
		}
		if p.Host != site.Host {
			return p.Host
		}
	}
	return "www.example.com"
}

// curl is a shell command that sends exactly this request. A target that curl
// would refuse or change is passed with --request-target.
func curl(base, host string, l origins.SampleLink) string {
	words := []string{"curl", "-si"}
	if l.Method != "GET" {
		words = append(words, "-X", l.Method)
	}
	words = append(words, "-H", output.ShellQuote("Host: "+host))
	if l.ContentType != "" {
		words = append(words, "-H", output.ShellQuote("Content-Type: "+l.ContentType))
	}
	if l.Body != "" {
		words = append(words, "--data-binary", quoteBody(l.Body))
	}
	if curlKeeps(l.Target) {
		return strings.Join(append(words, output.ShellQuote(base+l.Target)), " ")
	}
	return strings.Join(append(words, "--request-target", output.ShellQuote(l.Target), base), " ")
}

// curlKeeps reports whether curl sends this target unchanged: it refuses spaces
// and controls, expands braces and brackets, and resolves dot segments.
func curlKeeps(target string) bool {
	changed := func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>[]\\^`{|}#", r) }
	return !strings.ContainsFunc(target, changed) && !strings.Contains(target, "/.")
}

// quoteBody quotes a body that may have line ends, which would split the
// command when it is pasted.
func quoteBody(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return output.ShellQuote(s)
	}
	return "$'" + strings.NewReplacer(`\`, `\\`, "'", `\'`, "\r", `\r`, "\n", `\n`).Replace(s) + "'"
}
