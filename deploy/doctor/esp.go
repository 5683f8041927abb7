package doctor

import (
	"cmp"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
)

func (x *exam) examineESP() (stop string) {
	if stop := x.judgeGate(x.baseline); stop != "" {
		return stop
	}
	if !x.known {
		x.guessESP()
	}
	if !x.known {
		x.sayUnknown()
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
	x.concludeESP()
	return ""
}

func (x *exam) sayUnknown() {
	x.links = makeUp(&core.Origin{})
	f := x.find("esp-unknown", "no ESP shows in DNS or in the answers")
	if x.link != nil {
		f.Seen += ", and the given link has the form of none or of several"
		f.Fix = "Name it, as in --esp sendgrid."
	}
}

// guessESP finds the ESP by the given link, or by the answers to the probes of three of them.
func (x *exam) guessESP() {
	if x.link != nil {
		if preset := presetOf(x.link.target); preset != "" {
			x.settle(preset, true)
			x.regionGuessed = x.origin.Family != core.FamilySES
			return
		}
	}
	if preset, _ := x.recogniseESP(core.FamilyCustom); preset != "" {
		x.settle(preset, true)
		x.regionGuessed = x.origin.Family != core.FamilySES // its field names the region
	}
}

// recogniseESP asks the probes of the ESPs that have one, but for that of a family that was asked
// already. sign is what was seen.
func (x *exam) recogniseESP(but core.Family) (preset, sign string) {
	if but != core.FamilySES {
		if a := x.front(question{method: "HEAD", target: "/favicon.ico"}); a.get("x-amz-ses-region") != "" {
			return "ses-" + a.get("x-amz-ses-region"), "HEAD /favicon.ico is answered with x-amz-ses-region"
		}
	}
	if but != core.FamilyCustomerIO {
		if a := x.front(question{target: "/health"}); isCustomerIO(a) {
			return "customerio-us", "GET /health is answered {}, as Customer.io does"
		}
	}
	if but != core.FamilySparkPost {
		if a := x.front(question{target: "/f/a/b/c/d"}); isSparkPost(a) {
			return "sparkpost", "GET /f/a/b/c/d is a 302 of msys-http, SparkPost's server"
		}
	}
	return "", ""
}

func isCustomerIO(a *answer) bool {
	return a.err == nil && a.status == 200 && strings.TrimSpace(string(a.body)) == "{}"
}

func isSparkPost(a *answer) bool { return a.status == 302 && a.get("Server") == "msys-http" }

// anotherESP finds out whether one of the ESPs that can be recognised answers, where another was
// named.
func (x *exam) anotherESP() (stop string) {
	if x.origin.Family == core.FamilyCustom {
		return ""
	}
	preset, sign := x.recogniseESP(x.origin.Family)
	if preset == "" || core.FamilyCustom == familyOf(preset) || familyOf(preset) == x.origin.Family {
		return ""
	}
	how := "given"
	if x.report.ESPGuessed {
		how = "guessed"
	}
	x.find("esp-another", "%s; the ESP that was %s is %s", sign, how, x.report.ESP)
	return "another ESP answers than " + x.report.ESP
}

func familyOf(preset string) core.Family {
	o, _ := core.LookupPreset(preset)
	return o.Family
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
			found = "ses-" + cmp.Or(f.Read(target).Region, "us-east-1")
		}
	}
	return found
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
	return x.explainProbe(a)
}

// isProbe reports whether an answer is the ESP's to its probe, and records what shows it.
func (x *exam) isProbe(a *answer) bool {
	if a.err != nil || a.status != x.origin.Health.Status {
		return false
	}
	switch x.origin.Family {
	case core.FamilyCustomerIO:
		if !isCustomerIO(a) {
			return false
		}
		x.sawESP("GET /health is {}, as at Customer.io")
	case core.FamilySES:
		if !a.header.Has("x-amz-ses-region") {
			return false
		}
		x.sawESP("HEAD /favicon.ico is answered by SES in %s", cut(a.get("x-amz-ses-region"), 40))
	case core.FamilySparkPost:
		if isSparkPost(a) {
			x.sawESP("GET %s is a 302 of msys-http, SparkPost's server", x.origin.Health.Path)
		} // a CDN may put its own name into Server: then the click has to show it
	}
	return true
}

// explainProbe says why the probe is not answered as the ESP's documentation says.
func (x *exam) explainProbe(a *answer) (stop string) {
	const why = "the ESP's own probe is not answered"
	if stop := x.anotherESP(); stop != "" {
		return stop
	}
	seen := a.asked.brief() + ": " + a.brief()
	d := x.direct
	var straight *answer
	if d != nil {
		if straight = d.ask(d.probe(d.x.opt.Host)); straight.err != nil {
			x.proof.noDirect = "its origin gave no answer (" + plain(straight.err) + ")"
			x.direct, d = nil, nil
		}
	}
	switch {
	case d == nil && a.status == 403 && x.baseline.status == 403:
		x.find("filter-refuses-all", "%s; %s: %s", x.baseline.asked.brief(), x.baseline.brief(), seen)
	case d == nil:
		x.find("esp-not-reached", "%s; the ESP documents another answer, and %s", seen, x.whyNoDirect()).Title = "The ESP's probe is not answered as the ESP documents it"
	case a.like(straight):
		x.fact(catalogue.ESP, "probe", "%s, as the ESP answers it directly, too", seen)
		return ""
	default:
		x.find(x.whyNoProbe(d, a), "%s; the ESP answers %s", seen, straight.brief())
	}
	return why
}

// whyNoProbe compares the answer with those of the origin to what proxies make of the probe.
func (x *exam) whyNoProbe(d *direct, a *answer) (id string) {
	if other := d.ask(d.probe(d.name)); other.err == nil && a.like(other) {
		return "esp-host-overridden"
	}
	for _, path := range []string{"/", madeUpOther} { // another path than was sent
		w := d.probe(x.opt.Host)
		w.target = path
		if lost := d.ask(w); lost.err == nil && a.like(lost) {
			return "target-path-lost"
		}
	}
	if a.status == 403 || a.status == 406 {
		return "filter-refuses-all"
	}
	return "esp-not-reached"
}

// judgeSES reads what SES says of the way by which it was reached.
func (x *exam) judgeSES(a *answer) (stop string) {
	if x.origin.Family != core.FamilySES {
		return ""
	}
	region, protocol := a.get("x-amz-ses-region"), a.get("x-amz-ses-request-protocol")
	x.fact(catalogue.ESP, "SES", "region %s, reached by %s", cut(region, 40), cut(cmp.Or(protocol, "?"), 20))
	if protocol == "http" {
		x.find("esp-protocol-http", "x-amz-ses-request-protocol is http")
	}
	if want := sesRegion(&x.origin); region != want {
		x.find("esp-wrong-region", "x-amz-ses-region is %s, not %s", quoted(region), want)
		return "another region answers than the one whose links these are"
	}
	return ""
}

// judgeTwoCDNs compares the CDNs that show in the answers with those of the ESP itself. Where that was
// not asked, a mark may be the ESP's own.
func (x *exam) judgeTwoCDNs() {
	marks := x.click.marks()
	if len(marks) == 0 || x.direct == nil {
		return
	}
	own := x.direct.asIs.marks()
	marks = slices.DeleteFunc(marks, func(m string) bool { return slices.Contains(own, m) })
	dns := ""
	for _, name := range x.trail.chain {
		dns = cmp.Or(dns, cdnOf(name))
	}
	switch {
	case len(marks) > 1:
		x.find("http-two-cdns", "%s show in one answer", strings.Join(marks, " and "))
	case len(marks) == 1 && dns != "" && dns != catalogue.Other && dns != marks[0] && x.opt.Via == "":
		x.find("http-two-cdns", "DNS leads to %s, and %s shows in the answer", dns, marks[0])
	}
}
