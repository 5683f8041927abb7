package doctor

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/espdns"
)

// cdnDomains are names that only a CDN's customers' chains hold.
var cdnDomains = []struct{ domain, cdn string }{
	{"fastly.net", catalogue.Fastly}, {"fastlylb.net", catalogue.Fastly}, {"edgecompute.app", catalogue.Fastly},
	{"cloudfront.net", catalogue.CloudFront},
	{"cdn.cloudflare.net", catalogue.Cloudflare}, {"cloudflare.net", catalogue.Cloudflare},
	{"azurefd.net", catalogue.Other}, {"azureedge.net", catalogue.Other}, {"edgekey.net", catalogue.Other}, {"edgesuite.net", catalogue.Other},
	{"akamaiedge.net", catalogue.Other}, {"kxcdn.com", catalogue.Other}, {"b-cdn.net", catalogue.Other},
}

func cdnOf(name string) string {
	for _, c := range cdnDomains {
		if under(name, c.domain) {
			return c.cdn
		}
	}
	return ""
}

// resolution is what DNS says of the host, and where the host is asked.
type resolution struct {
	*lookup              // of the resolver that is believed
	atESP   string       // the ESP's name in the chain, "" if not there
	front   front        // where the host is asked
	others  []netip.Addr // its further addresses
}

func (x *exam) examineDNS() (name resolution, stop string) {
	var all []*lookup
	for _, r := range x.resolvers {
		all = append(all, x.lookUp(r, x.opt.Host))
	}
	name.lookup = believed(all)
	x.reportSilent(all)
	stop = x.checkLookup(&name)
	if len(all) > 1 {
		x.compareResolvers(name.lookup, all)
	}
	if stop == "" || x.opt.Via != "" {
		x.examineSecondRecord(name.resolver)
	}
	switch {
	case x.opt.Via != "":
		return name, x.takeVia(&name)
	case stop != "":
		return name, stop
	}
	x.chooseAddress(&name)
	return name, ""
}

// believed is the first answer with an address, else the first answer: a name
// that one resolver knows cannot be said not to exist.
func believed(all []*lookup) *lookup {
	for _, good := range []func(*lookup) bool{(*lookup).found, (*lookup).answered} {
		if i := slices.IndexFunc(all, good); i >= 0 {
			return all[i]
		}
	}
	return all[0]
}

// reportSilent names the resolvers that give no answer, where others do.
func (x *exam) reportSilent(all []*lookup) {
	i := slices.IndexFunc(all, func(t *lookup) bool { return !t.answered() })
	if i >= 0 && slices.ContainsFunc(all, (*lookup).answered) {
		x.find("dns-resolver-silent", "%s: %s", all[i].resolver, briefError(all[i].err))
	}
}

// checkLookup says what is wrong with the answer that is believed. With Via it
// is only recorded.
func (x *exam) checkLookup(name *resolution) (stop string) {
	t, host := name.lookup, x.opt.Host
	x.recordLookup(t)
	id, seen := "", ""
	switch {
	case t.err != nil:
		id, seen, stop = "dns-no-answer", briefError(t.err), "no resolver answers for "+host
	case !t.exists() && len(t.chain) == 0:
		id, seen, stop = "dns-nxdomain", t.resolver+" says NXDOMAIN: "+host+" does not exist", host+" does not exist"
	case !t.exists():
		id, seen, stop = "dns-dangling-cname", "CNAME to "+t.end(host)+", which does not exist", "the CNAME leads nowhere"
	case !t.found() && t.cut:
		id, seen, stop = "dns-no-answer", fmt.Sprintf("after %d CNAMEs there is still no address: %s", len(t.chain), strings.Join(t.chain, " → ")), "no resolver leads to an address of "+host
	case !t.found() && t.err6 != nil:
		id, seen, stop = "dns-no-answer", t.end(host)+" has no A record, and the question for AAAA failed: "+briefError(t.err6), "no resolver leads to an address of "+host
	case !t.found():
		id, seen, stop = "dns-no-address", t.end(host)+" has neither A nor AAAA", host+" has no address"
	case !slices.ContainsFunc(append(slices.Clone(t.v4), t.v6...), public):
		id, seen, stop = "dns-private-address", "the only addresses are not public: "+addresses(t), host+" leads to no public address"
	}
	name.atESP = x.readChain(t.chain)
	if x.opt.Via != "" && (t.err != nil || !t.found() && t.err6 != nil) {
		x.unseen(catalogue.DNS, "where "+host+" leads", seen, "ask another resolver with --resolver")
		return ""
	}
	if x.opt.Via != "" && (id != "" || name.atESP != "") {
		x.find("dns-not-yet", "%s", cmp.Or(seen, "the CNAME still leads to "+name.atESP))
		name.atESP = ""
		return ""
	}
	if id != "" {
		f := x.find(id, "%s", seen)
		if id == "dns-no-answer" && t.err == nil {
			f.Title = "No resolver leads to an address"
		}
		if id == "dns-no-answer" && len(x.opt.Resolvers) > 0 {
			f.Fix = "Ask others than " + strings.Join(x.opt.Resolvers, ", ") + " with --resolver. If all fail, look at the zone's delegation and DNSSEC."
		}
	}
	return stop
}

func (x *exam) recordLookup(t *lookup) {
	if len(t.chain) > 0 {
		x.fact(catalogue.DNS, "CNAME", "%s", strings.Join(t.chain, " → "))
	}
	if len(t.v4)+len(t.v6) > 0 {
		x.fact(catalogue.DNS, "addresses", "%s", addresses(t))
	}
}

func addresses(t *lookup) string {
	var list []string
	for _, a := range append(slices.Clone(t.v4), t.v6...) {
		list = append(list, a.String())
	}
	return strings.Join(list, ", ")
}

// readChain reads the names in the chain: the ESP's, a CDN's, or one behind the
// other. Whether the ESP has a certificate for the host is seen when TLS is
// examined.
func (x *exam) readChain(chain []string) (atESP string) {
	for _, name := range chain {
		if cdn := cdnOf(name); cdn != "" && x.report.CDN == "" && atESP == "" {
			x.report.CDN = cdn
		}
		if domain, preset := espdns.Preset(name); domain != "" && atESP == "" {
			atESP = name
			x.assumeESP(preset, true)
		}
	}
	return atESP
}

// behindESP is the CDN's name that follows the ESP's in the chain, "" for none.
func (n *resolution) behindESP() string {
	seen := false
	for _, name := range n.chain {
		if seen && cdnOf(name) != "" {
			return name
		}
		seen = seen || name == n.atESP
	}
	return ""
}

func (x *exam) compareResolvers(first *lookup, all []*lookup) {
	for _, t := range all {
		if t.err == nil && t.gist(x.opt.Host) != first.gist(x.opt.Host) {
			x.find("dns-resolvers-disagree", "%s says %s, %s says %s",
				first.resolver, first.gist(x.opt.Host), t.resolver, t.gist(x.opt.Host))
			return
		}
	}
}

// gist is what resolvers must agree about. Addresses of a CDN differ with the
// place.
func (t *lookup) gist(host string) string {
	switch {
	case t.rcode == dns.RcodeNameError && len(t.chain) == 0:
		return "NXDOMAIN"
	case len(t.chain) > 0:
		return "CNAME " + t.chain[0]
	case len(t.v4)+len(t.v6) == 0:
		return "no address"
	}
	return "an address record"
}

// examineSecondRecord looks at the other CNAME of SendGrid's link branding, by
// which SendGrid knows the account.
func (x *exam) examineSecondRecord(resolver string) {
	if !x.hasFamily(esp.FamilySendGrid) {
		return
	}
	name := core.CanonicalHost(x.opt.SecondRecord)
	if name == "" {
		x.find("dns-second-record-unnamed", "the name was not given, so it was not looked up")
		return
	}
	t := x.lookUp(resolver, name)
	switch {
	case t.err != nil:
		x.unseen(catalogue.DNS, "where "+name+" leads", "the resolver gave no answer ("+briefError(t.err)+")", "ask another with --resolver")
	case len(t.chain) == 0:
		x.find("dns-second-record", "%s has no CNAME", name)
	case !slices.ContainsFunc(t.chain, func(at string) bool { return under(at, "sendgrid.net") }):
		x.find("dns-second-record", "%s leads to %s", name, strings.Join(t.chain, " → "))
	}
}

// takeVia takes Via in place of the host's addresses.
func (x *exam) takeVia(name *resolution) (stop string) {
	host := x.opt.Via
	if net.ParseIP(host) == nil {
		found, err := x.resolve(name.resolver, core.CanonicalHost(host))
		if err != nil {
			x.find("dns-via-unresolved", "--via %s: %s", host, briefError(err))
			return "no address for --via was found"
		}
		host = found[0].String()
	}
	if t := name.lookup; t.found() && !slices.Contains(strings.Split(addresses(t), ", "), host) {
		x.find("dns-not-yet", "DNS gives %s; what follows was asked at %s", addresses(t), host)
	}
	name.front = x.frontAt(host)
	return ""
}

// chooseAddress asks over IPv4 where there is any, as most readers still do;
// IPv6 is compared.
func (x *exam) chooseAddress(name *resolution) {
	v4, v6 := onlyPublic(name.v4), onlyPublic(name.v6)
	first := v4
	if len(v4) == 0 {
		first = v6
	}
	name.front = x.frontAt(first[0].String())
	name.others = first[1:min(len(first), mostAddresses)]
	if len(v4) > 0 && len(v6) > 0 {
		name.front.v6 = &place{address: join(v6[0].String(), x.opt.HTTPSPort), tls: true, sni: x.opt.Host, lax: true}
	}
}

// mostAddresses is how many addresses of a host are tried; CDNs give four.
const mostAddresses = 5

func onlyPublic(list []netip.Addr) []netip.Addr {
	return slices.DeleteFunc(slices.Clone(list), func(a netip.Addr) bool { return !public(a) })
}

// examineRecord says whether the kind of record suits the CDN. It comes late:
// the CDN shows in its answers only.
func (x *exam) examineRecord(name *resolution) {
	if x.opt.Via != "" || x.report.CDN != catalogue.Fastly && x.report.CDN != catalogue.CloudFront {
		return
	}
	servers := x.nameservers(name.resolver, x.opt.Host)
	route53 := slices.ContainsFunc(servers, func(s string) bool { return strings.Contains(s, ".awsdns-") })
	flat := slices.ContainsFunc(servers, func(s string) bool { return under(s, "ns.cloudflare.com") })
	switch {
	case len(name.chain) == 0 && route53 && x.report.CDN == catalogue.CloudFront: // an alias leads to services of Amazon only
		x.find("dns-alias", "addresses without a CNAME, in a zone on Route 53 (%s)", servers[0])
	case len(name.chain) == 0 && !flat:
		x.find("dns-address-record", "addresses without a CNAME: %s", addresses(name.lookup))
	case route53 && len(name.chain) > 0 && cdnOf(name.chain[0]) == catalogue.CloudFront && x.esp.known && x.esp.preset.Family == esp.FamilySES:
		x.find("dns-route53-cname", "CNAME to %s in a zone on Route 53 (%s)", name.chain[0], servers[0])
	}
}

// examineProof looks for a proof that an ESP had set. It matters to Fastly
// alone, which uses that name; elsewhere it may be the CDN's own.
func (x *exam) examineProof(resolver string) {
	if x.report.CDN != catalogue.Fastly {
		return
	}
	name := "_acme-challenge." + x.opt.Host
	m, err := x.exchange(resolver, name, dns.TypeCNAME)
	if err != nil {
		return // nothing is claimed of it
	}
	if to := cname(m.Answer, name); to != "" && under(to, espdns.CloudflareProof) {
		x.find("dns-proof-of-esp", "%s leads to %s", name, to)
	}
}

// cdnAuthorities are the names by which CAA allows the authorities that a CDN
// gets certificates of; one of them is enough. From the CDNs' own pages on CAA.
var cdnAuthorities = map[string][]string{
	catalogue.Fastly:     {"certainly.com", "letsencrypt.org", "globalsign.com"},
	catalogue.Cloudflare: {"letsencrypt.org", "pki.goog", "ssl.com", "sectigo.com", "digicert.com"},
	catalogue.CloudFront: {"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"},
}

// issuerAuthorities are the CAA names of issuers, by a word of their
// organisation.
var issuerAuthorities = []struct {
	word  string
	names []string
}{
	{"let's encrypt", []string{"letsencrypt.org"}},
	{"google trust", []string{"pki.goog"}},
	{"amazon", cdnAuthorities[catalogue.CloudFront]},
	{"globalsign", []string{"globalsign.com"}},
	{"certainly", []string{"certainly.com"}},
	{"digicert", []string{"digicert.com"}},
	{"sectigo", []string{"sectigo.com", "comodoca.com"}},
	{"zerossl", []string{"sectigo.com"}},
	{"ssl corp", []string{"ssl.com"}},
}

// checkAuthorities asks whether CAA lets the next certificate be issued: by the
// authority of the one in use, or else by those of the CDN.
func (x *exam) checkAuthorities(resolver string, leaf *x509.Certificate, trusted bool) {
	at, allowed, err := x.authorities(resolver, x.opt.Host, leaf != nil && !slices.Contains(leaf.DNSNames, x.opt.Host))
	if err != nil || at == "" || len(allowed) == 0 {
		return
	}
	x.fact(catalogue.DNS, "CAA", "%s allows %s", at, cmp.Or(strings.Join(nonEmpty(allowed), ", "), "nobody"))
	needed, who := cdnAuthorities[x.report.CDN], x.report.CDN+", for certificates that it gets itself,"
	if leaf != nil && trusted {
		// The next certificate comes from where this one came; of other
		// authorities no CAA name is known.
		needed, who = nil, ""
		for _, i := range issuerAuthorities {
			if strings.Contains(strings.ToLower(issuer(leaf)), i.word) {
				needed, who = i.names, issuer(leaf)
			}
		}
	}
	nobody := len(nonEmpty(allowed)) == 0
	if !nobody && (len(needed) == 0 || slices.ContainsFunc(needed, func(ca string) bool { return slices.Contains(allowed, ca) })) {
		return
	}
	if nobody {
		x.find("dns-caa-forbids", "CAA of %s allows no authority at all", at)
		return
	}
	x.find("dns-caa-forbids", "CAA of %s allows %s; %s needs %s", at, strings.Join(nonEmpty(allowed), ", "), who, strings.Join(needed, " or "))
}

func nonEmpty(list []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == "" })
}

// authorities returns what CAA allows for a name (RFC 8659, section 3: the
// nearest set counts) and where that stands; at is "" where nothing is said.
// wildcard asks for a certificate for "*." names.
func (x *exam) authorities(resolver, name string, wildcard bool) (at string, allowed []string, err error) {
	var wild []string
	for _, at := range append([]string{name}, parents(name)...) {
		m, err := x.exchange(resolver, at, dns.TypeCAA)
		if err != nil {
			return "", nil, err
		}
		some := false
		for _, rr := range m.Answer {
			if c, ok := rr.(*dns.CAA); ok {
				some = true
				ca, _, _ := strings.Cut(c.Value, ";")
				ca = strings.ToLower(strings.TrimSpace(ca))
				switch strings.ToLower(c.Tag) {
				case "issue":
					allowed = append(allowed, ca)
				case "issuewild":
					wild = append(wild, ca)
				}
			}
		}
		if some && wildcard && len(wild) > 0 {
			return at, wild, nil // it takes the place of issue (RFC 8659, section 4.3)
		}
		if some {
			return at, allowed, nil
		}
	}
	return "", nil, nil
}
