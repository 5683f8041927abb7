package doctor

import (
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/hostsim/wire"
)

func (x *exam) examineESP() (stop string) {
	if stop := x.judgeGate(x.baseline); stop != "" {
		return stop
	}
	if !x.known {
		x.guessESP()
	}
	if !x.known {
		x.find("esp-unknown", "no ESP shows in DNS or in the answers")
		x.links = makeUp(&core.Origin{})
	}
	if x.baseline.asked.target != x.links.open {
		x.baseline = x.front(question{target: x.links.open})
	}
	x.direct = x.openDirect()
	if stop := x.examineHealth(); stop != "" {
		return stop
	}
	x.click = x.front(question{target: x.links.click})
	if stop := x.judgeGate(x.click); stop != "" {
		return stop
	}
	if stop := x.examineHost(); stop != "" {
		return stop
	}
	x.judgeTwoCDNs()
	x.examineLink()
	x.good("esp-ok", "%s answers behind the set-up", firstText(x.report.ESP, "something"))
	return ""
}

// guessESP tells the ESP by the given link, or by the answers to the probes of three of them.
func (x *exam) guessESP() {
	if x.link != nil {
		if preset := presetOf(x.link.target); preset != "" {
			x.settle(preset, true)
			return
		}
	}
	if a := x.front(question{method: "HEAD", target: "/favicon.ico"}); a.get("x-amz-ses-region") != "" {
		x.settle("ses-"+a.get("x-amz-ses-region"), true)
	} else if a := x.front(question{target: "/health"}); a.status == 200 && strings.TrimSpace(string(a.body)) == "{}" {
		x.settle("customerio-us", true)
	} else if a := x.front(question{target: "/f/a/b/c/d"}); a.status == 302 && a.get("Server") == "msys-http" {
		x.settle("sparkpost", true)
	}
}

// presetOf guesses a preset from a link's form; "" where none or several have it.
func presetOf(target string) string {
	found := ""
	for _, f := range families {
		if f.Kind(target) == core.KindOther {
			continue
		}
		if found != "" {
			return ""
		}
		if found = f.String(); f == core.FamilyCustomerIO {
			found = "customerio-us"
		} else if f == core.FamilySES {
			found = "ses-" + firstText(f.Read(target).Region, "us-east-1")
		}
	}
	return found
}

// judgeGate says whether an answer comes from the CDN itself, because it knows no such host, cannot
// reach the ESP, or will not let the request through.
func (x *exam) judgeGate(a *answer) (stop string) {
	id := a.gate()
	if id == "" {
		return ""
	}
	x.find(id, "%s: %s", a.asked.brief(), a.brief())
	switch id {
	case "cdn-host-unknown":
		return "the CDN does not know the host"
	case "filter-challenge", "filter-refuses-all":
		return "a filter stands before everything"
	}
	return "the CDN does not reach the ESP"
}

// gates are texts by which CDNs and proxies say what is wrong, in lower case, with the finding.
var gates = []struct {
	id     string
	status int // 0 is any
	texts  []string
}{
	{"cdn-host-unknown", 0, []string{"fastly error: unknown domain", "welcome to nginx!", "error code: 1001", "error code: 1014", "error 1001", "error 1014"}},
	{"cdn-host-unknown", 403, []string{"request could not be satisfied. bad request"}},
	{"origin-certificate-refused", 0, []string{
		"hostname doesn't match against certificate", "certificate has expired", "unable to get local issuer certificate", "self-signed certificate", "self signed certificate",
		"certificate verify failed", "invalid ssl certificate",
	}},
	{"origin-tls-failed", 0, []string{"ssl handshake failed", "sslv3 alert handshake", "tlsv1 alert", "unrecognized name", "· " + string(core.ESPTLS)}},
	{"origin-tls-failed", 502, []string{"cloudfront wasn't able to connect to the origin"}},
	{"origin-unreachable", 0, []string{"· " + string(core.ESPUnreachable), "· " + string(core.ESPTimeout), "error code: 1016", "error 1016"}},
	{"filter-refuses-all", 403, []string{"request blocked", "attention required! | cloudflare", "you have been blocked", "web application firewall"}},
}

// gate names the finding that an answer is by itself; "" for none.
func (a *answer) gate() string {
	if a.err != nil {
		return "https-no-answer"
	}
	text := strings.ToLower(a.text())
	for _, g := range gates {
		if (g.status == 0 || g.status == a.status) && slices.ContainsFunc(g.texts, func(s string) bool { return strings.Contains(text, s) }) {
			return g.id
		}
	}
	switch {
	case a.challenges():
		return "filter-challenge"
	case a.status == 421:
		return "cdn-host-unknown"
	case a.status == 525:
		return "origin-tls-failed"
	case a.status == 526:
		return "origin-certificate-refused"
	case a.status >= 502 && a.status <= 504, a.status >= 520 && a.status <= 530:
		return "origin-unreachable"
	}
	return ""
}

// challenges tells whether a filter wants a browser to prove that a person sits before it.
func (a *answer) challenges() bool {
	return a.header.Has("cf-mitigated") || a.header.Has("x-amzn-waf-action")
}

// refused are statuses by which filters turn requests away.
func (a *answer) refused() bool {
	switch a.status {
	case 401, 403, 405, 406, 418, 429, 444, 503:
		return true
	}
	return a.err != nil || a.challenges()
}

// examineHealth asks the ESP's probe, which touches nobody's link.
func (x *exam) examineHealth() (stop string) {
	probe := x.origin.Health
	if probe.Path == "" {
		return ""
	}
	a := x.front(question{method: probe.Method, target: probe.Path})
	if stop := x.judgeGate(a); stop != "" {
		return stop
	}
	if x.isProbe(a) {
		return x.judgeSES(a)
	}
	id := x.whyNoProbe(a)
	x.find(id, "%s: %s", a.asked.brief(), a.brief())
	return "the ESP's own probe is not answered"
}

// isProbe tells whether an answer is the ESP's to its probe.
func (x *exam) isProbe(a *answer) bool {
	switch {
	case a.status != x.origin.Health.Status:
		return false
	case x.origin.Family == core.FamilyCustomerIO:
		return strings.TrimSpace(string(a.body)) == "{}"
	case x.origin.Family == core.FamilySES:
		return a.header.Has("x-amz-ses-region")
	}
	return true
}

func (x *exam) whyNoProbe(a *answer) string {
	switch {
	case a.status == 403 && x.origin.Family == core.FamilySES:
		return "esp-host-overridden" // what a filter says of itself was recognised before
	case a.status == 403, a.status == 406:
		return "filter-refuses-all"
	case x.direct != nil:
		root := x.direct.ask(x.direct.right("/"))
		if root.err == nil && root.status == a.status && a.like(root) {
			return "target-path-lost"
		}
	case a.status == 404:
		return "target-path-lost"
	}
	return "esp-not-reached"
}

// judgeSES reads what SES says of the way by which it was reached.
func (x *exam) judgeSES(a *answer) (stop string) {
	if x.origin.Family != core.FamilySES {
		return ""
	}
	region, protocol := a.get("x-amz-ses-region"), a.get("x-amz-ses-request-protocol")
	x.fact(ESP, "SES", "region %s, reached by %s", cut(region, 40), cut(firstText(protocol, "?"), 20))
	if protocol == "http" {
		x.find("esp-protocol-http", "x-amz-ses-request-protocol is http")
	}
	if want := sesRegion(&x.origin); region != want {
		x.find("esp-wrong-region", "x-amz-ses-region is %s, not %s", quoted(region), want)
		return "another region answers than the one whose links these are"
	}
	return ""
}

// examineHost finds out as what the ESP is asked, by asking it directly in the right way and in the
// wrong ones.
func (x *exam) examineHost() (stop string) {
	d := x.direct
	if d != nil {
		if d.asIs = d.ask(d.right(x.links.click)); d.asIs.err != nil {
			x.fact(ESP, "origin", "not asked: %s", plain(d.asIs.err))
			x.direct, d = nil, nil
		}
	}
	if d == nil {
		return x.examineHostAlone()
	}
	x.fact(ESP, "origin", "%s answers %s", d.to.address, d.asIs.brief())
	if x.click.like(d.asIs) {
		other := d.ask(way{target: x.links.click, host: d.name})
		if other.like(d.asIs) {
			x.find("esp-host-unproven", "the ESP answers the same to any Host")
		}
		x.examineTrust()
		return ""
	}
	return x.explain(d)
}

// examineHostAlone judges by the answer alone, where the ESP may not be asked.
func (x *exam) examineHostAlone() (stop string) {
	if x.click.status == 403 && x.origin.Family != core.FamilyCustomerIO && x.origin.Family != core.FamilySES {
		x.find("filter-refuses-all", "%s: %s", x.click.asked.brief(), x.click.brief())
		return "a filter stands before everything"
	}
	x.find("esp-host-unproven", "%s: %s", x.click.asked.brief(), x.click.brief())
	return ""
}

// explain looks for the mistake that gives the answer that came.
func (x *exam) explain(d *direct) (stop string) {
	const changed = "links do not arrive at the ESP as they were sent"
	if d.asIs.believes() && x.click.believes() {
		x.find("target-changed", "%s: %s; the ESP answers %s", x.click.asked.brief(), x.click.brief(), d.asIs.brief())
		return changed
	}
	for _, w := range d.wrongWays(x.links.click) {
		if a := d.ask(w.way); x.click.like(a) && !a.like(d.asIs) {
			x.find(w.id, "%s: %s; %s, and asked as it should be the ESP answers %s", x.click.asked.brief(), x.click.brief(), w.seen, d.asIs.brief())
			return changed
		}
	}
	if stop, told := x.tryOtherRegion(d); told {
		return stop
	}
	id := "esp-not-reached"
	if x.click.refused() {
		id = "filter-refuses-all"
	}
	x.find(id, "%s: %s; the ESP answers %s", x.click.asked.brief(), x.click.brief(), d.asIs.brief())
	return "what answers is not the ESP"
}

// tryOtherRegion looks whether the answer is that of the ESP's other region. Where the region was
// guessed, the guess is put right; where it was given, the CDN leads to the wrong one.
func (x *exam) tryOtherRegion(d *direct) (stop string, told bool) {
	other, ok := otherRegion(x.report.ESP)
	if !ok || x.opt.Origin != OriginPreset {
		return "", false
	}
	there := directTo(x, &other)
	there.asIs = there.ask(there.right(x.links.click))
	if there.asIs.err != nil || !x.click.like(there.asIs) || there.asIs.like(d.asIs) {
		return "", false
	}
	if !x.report.ESPGuessed {
		x.find("esp-wrong-region", "the answer is that of %s, not of %s", other.Address, x.origin.Address)
		return "another region answers than the one that was given", true
	}
	x.origin, x.report.ESP, x.direct = other, other.Preset, there
	x.fact(ESP, "region", "%s, as only its origin knows the link domain", other.Preset)
	x.examineTrust()
	return "", true
}

// believes tells whether the ESP has taken the made-up link for a good one: its redirect then shows
// what of the link has arrived.
func (a *answer) believes() bool {
	return a.redirects() && strings.Contains(a.get("Location"), madeUpHost)
}

// examineTrust sends an X-Forwarded-Host of its own. Where that changes the answer, anybody can
// choose the domain as which the ESP is asked.
func (x *exam) examineTrust() {
	a := x.front(question{target: x.links.click, more: wire.NewHeader("X-Forwarded-Host", madeUpHost)})
	if a.err == nil && !a.refused() && !a.like(x.click) || a.err == nil && a.status == 403 && x.click.status != 403 {
		x.find("esp-forwarded-host-trusted", "with X-Forwarded-Host: %s the answer is %s instead of %s", madeUpHost, a.brief(), x.click.brief())
	}
}

// judgeTwoCDNs compares the CDNs that show in the answers with those of the ESP itself.
func (x *exam) judgeTwoCDNs() {
	marks := x.click.marks()
	if x.direct != nil {
		own := x.direct.asIs.marks()
		marks = slices.DeleteFunc(marks, func(m string) bool { return slices.Contains(own, m) })
	}
	if x.report.CDN == cdnFastly && !slices.Contains(marks, cdnFastly) && len(marks) > 0 {
		marks = append(marks, cdnFastly)
	}
	if len(marks) > 1 {
		x.find("http-two-cdns", "%s show in one answer", strings.Join(marks, " and "))
	}
}
