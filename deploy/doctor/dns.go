package doctor

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/espdns"
)

// espOf returns the ESP's domain that a name is under, and its preset if the name tells.
func espOf(name string) (domain, preset string) { return espdns.Preset(name) }

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

func (x *exam) examineDNS() (stop string) {
	trails := x.trails()
	stop = x.judgeTrail()
	if len(trails) > 1 {
		x.compareResolvers(trails)
	}
	if stop == "" || x.opt.Via != "" {
		x.examineSecondRecord()
	}
	switch {
	case x.opt.Via != "":
		return x.goVia()
	case stop != "":
		return stop
	}
	return x.chooseAddress()
}

// trails asks every resolver. The first that knows an address is believed, else the first that
// answers: a name that one of them knows cannot be said not to exist.
func (x *exam) trails() (all []*trail) {
	silent := 0
	for _, r := range x.resolvers {
		t := x.walk(r, x.opt.Host)
		all = append(all, t)
		if t.err != nil {
			silent++
		}
	}
	for _, t := range all {
		if t.err == nil && (x.trail == nil || !x.trail.found() && t.found()) {
			x.trail, x.resolvers = t, append([]string{t.resolver}, without(x.resolvers, t.resolver)...)
		}
	}
	if silent > 0 && silent < len(all) {
		for _, t := range all {
			if t.err != nil {
				x.find("dns-resolver-silent", "%s: %s", t.resolver, plain(t.err))
			}
		}
	}
	if x.trail == nil {
		x.trail = all[0]
	}
	return all
}

func without(list []string, s string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(e string) bool { return e == s })
}

// judgeTrail says what is wrong with what the first resolver says. With Via it is only noted.
func (x *exam) judgeTrail() (stop string) {
	t, host := x.trail, x.opt.Host
	x.noteTrail(t)
	id, seen := "", ""
	switch {
	case t.err != nil:
		id, seen, stop = "dns-no-answer", plain(t.err), "no resolver answers for "+host
	case !t.exists() && len(t.chain) == 0:
		id, seen, stop = "dns-nxdomain", t.resolver+" says NXDOMAIN: "+host+" does not exist", host+" does not exist"
	case !t.exists():
		id, seen, stop = "dns-dangling-cname", "CNAME to "+t.end(host)+", which does not exist", "the CNAME leads nowhere"
	case !t.found() && t.cut:
		id, seen, stop = "dns-no-answer", fmt.Sprintf("after %d CNAMEs there is still no address: %s", len(t.chain), strings.Join(t.chain, " → ")), "no resolver leads to an address of "+host
	case !t.found() && t.err6 != nil:
		id, seen, stop = "dns-no-answer", t.end(host)+" has no A record, and the question for AAAA failed: "+plain(t.err6), "no resolver leads to an address of "+host
	case !t.found():
		id, seen, stop = "dns-no-address", t.end(host)+" has neither A nor AAAA", host+" has no address"
	case !slices.ContainsFunc(append(slices.Clone(t.v4), t.v6...), public):
		id, seen, stop = "dns-private-address", "the only addresses are of a private network: "+addresses(t), host+" leads into a private network"
	}
	x.judgeChain()
	if x.opt.Via != "" && (t.err != nil || !t.found() && t.err6 != nil) {
		x.unseen(catalogue.DNS, "where "+host+" leads", seen, "ask another resolver with --resolver")
		return ""
	}
	if x.opt.Via != "" && (id != "" || x.atESP != "") {
		x.find("dns-not-yet", "%s", cmp.Or(seen, "the CNAME still leads to "+x.atESP))
		x.atESP = ""
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

func (x *exam) noteTrail(t *trail) {
	if len(t.chain) > 0 {
		x.fact(catalogue.DNS, "CNAME", "%s", strings.Join(t.chain, " → "))
	}
	if len(t.v4)+len(t.v6) > 0 {
		x.fact(catalogue.DNS, "addresses", "%s", addresses(t))
	}
}

func addresses(t *trail) string {
	var list []string
	for _, a := range append(slices.Clone(t.v4), t.v6...) {
		list = append(list, a.String())
	}
	return strings.Join(list, ", ")
}

// judgeChain reads the names in the chain: the ESP's, a CDN's, or one behind the other. Whether the
// ESP has a certificate for the host is seen when TLS is examined.
func (x *exam) judgeChain() {
	for _, name := range x.trail.chain {
		if cdn := cdnOf(name); cdn != "" && x.report.CDN == "" && x.atESP == "" {
			x.report.CDN = cdn
		}
		if domain, preset := espOf(name); domain != "" && x.atESP == "" {
			x.atESP = name
			x.settle(preset, true)
		}
	}
}

// behindESP is the CDN's name that follows the ESP's in the chain, "" for none.
func (x *exam) behindESP() string {
	seen := false
	for _, name := range x.trail.chain {
		if seen && cdnOf(name) != "" {
			return name
		}
		seen = seen || name == x.atESP
	}
	return ""
}

func (x *exam) compareResolvers(all []*trail) {
	first := x.trail
	for _, t := range all {
		if t.err == nil && t.gist(x.opt.Host) != first.gist(x.opt.Host) {
			x.find("dns-resolvers-disagree", "%s says %s, %s says %s",
				first.resolver, first.gist(x.opt.Host), t.resolver, t.gist(x.opt.Host))
			return
		}
	}
}

// gist is what resolvers must agree about. Addresses of a CDN differ with the place.
func (t *trail) gist(host string) string {
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

// examineSecondRecord looks at the other CNAME of SendGrid's link branding, by which SendGrid knows
// the account.
func (x *exam) examineSecondRecord() {
	if !x.known || x.origin.Family != core.FamilySendGrid {
		return
	}
	name := core.CanonicalHost(x.opt.SecondRecord)
	if name == "" {
		x.find("dns-second-record-unnamed", "the name was not given, so it was not looked up")
		return
	}
	t := x.walk(x.resolvers[0], name)
	switch {
	case t.err != nil:
		x.unseen(catalogue.DNS, "where "+name+" leads", "the resolver gave no answer ("+plain(t.err)+")", "ask another with --resolver")
	case len(t.chain) == 0:
		x.find("dns-second-record", "%s has no CNAME", name)
	case !slices.ContainsFunc(t.chain, func(at string) bool { return under(at, "sendgrid.net") }):
		x.find("dns-second-record", "%s leads to %s", name, strings.Join(t.chain, " → "))
	}
}

// goVia takes Via in place of the host's addresses.
func (x *exam) goVia() (stop string) {
	host := x.opt.Via
	if net.ParseIP(host) == nil {
		found, err := x.resolve(core.CanonicalHost(host))
		if err != nil {
			x.find("dns-via-unresolved", "--via %s: %s", host, plain(err))
			return "--via has no address"
		}
		host = found[0].String()
	}
	if t := x.trail; t.found() && !slices.Contains(strings.Split(addresses(t), ", "), host) {
		x.find("dns-not-yet", "DNS gives %s; what follows was asked at %s", addresses(t), host)
	}
	x.aim(host)
	return ""
}

func (x *exam) aim(address string) {
	x.https = place{address: join(address, x.opt.HTTPSPort), tls: true, sni: x.opt.Host, lax: true}
	x.http = place{address: join(address, x.opt.HTTPPort)}
}

// chooseAddress asks over IPv4 where there is any, as most readers still do; IPv6 is compared.
func (x *exam) chooseAddress() (stop string) {
	v4, v6 := onlyPublic(x.trail.v4), onlyPublic(x.trail.v6)
	first := v4
	if len(v4) == 0 {
		first = v6
	}
	x.aim(first[0].String())
	x.others = first[1:min(len(first), mostAddresses)]
	if len(v4) > 0 && len(v6) > 0 {
		x.v6 = &place{address: join(v6[0].String(), x.opt.HTTPSPort), tls: true, sni: x.opt.Host, lax: true}
	}
	return ""
}

// mostAddresses is how many addresses of a host are tried; CDNs give four.
const mostAddresses = 5

func onlyPublic(list []netip.Addr) []netip.Addr {
	return slices.DeleteFunc(slices.Clone(list), func(a netip.Addr) bool { return !public(a) })
}

// examineRecord says whether the kind of record suits the CDN. It comes late: the CDN shows in its
// answers only.
func (x *exam) examineRecord() {
	if x.opt.Via != "" || x.report.CDN != catalogue.Fastly && x.report.CDN != catalogue.CloudFront {
		return
	}
	servers := x.nameservers(x.opt.Host)
	route53 := slices.ContainsFunc(servers, func(s string) bool { return strings.Contains(s, ".awsdns-") })
	flat := slices.ContainsFunc(servers, func(s string) bool { return under(s, "ns.cloudflare.com") })
	switch {
	case len(x.trail.chain) == 0 && route53 && x.report.CDN == catalogue.CloudFront: // an alias leads to services of Amazon only
		x.find("dns-alias", "addresses without a CNAME, in a zone on Route 53 (%s)", servers[0])
	case len(x.trail.chain) == 0 && !flat:
		x.find("dns-address-record", "addresses without a CNAME: %s", addresses(x.trail))
	case route53 && len(x.trail.chain) > 0 && cdnOf(x.trail.chain[0]) == catalogue.CloudFront && x.known && x.origin.Family == core.FamilySES:
		x.find("dns-route53-cname", "CNAME to %s in a zone on Route 53 (%s)", x.trail.chain[0], servers[0])
	}
}

// examineProof looks for a proof that an ESP had set. It matters to Fastly alone, which uses that name;
// elsewhere it may be the CDN's own.
func (x *exam) examineProof() {
	if x.report.CDN != catalogue.Fastly {
		return
	}
	name := "_acme-challenge." + x.opt.Host
	m, err := x.exchange(x.resolvers[0], name, dns.TypeCNAME)
	if err != nil {
		return // nothing is claimed of it
	}
	if to := cname(m.Answer, name); to != "" && under(to, espdns.CloudflareProof) {
		x.find("dns-proof-of-esp", "%s leads to %s", name, to)
	}
}
