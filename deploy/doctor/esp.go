package doctor

import (
	"cmp"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
)

// behind is how the ESP behind the front is asked once it is known, and its
// answers to the made-up links.
type behind struct {
	*exam
	front  *front
	origin *originClient // nil where the origin is not to be asked, or did not answer
	// noOrigin is why the origin gave nothing to compare with, "" where it was
	// not asked.
	noOrigin        string
	baseline, click *answer // through the front: to a made-up open and click
}

// espSection is the examination of the ESP, and what it has seen so far.
type espSection struct {
	behind
	chain  []string // the CNAMEs
	proof  proof
	linked *answer // to the given link, nil if there is none to read
}

// whyNoOrigin says why there is no answer of the origin to compare with.
func (b *behind) whyNoOrigin() string {
	switch {
	case b.noOrigin != "":
		return b.noOrigin
	case b.opt.Origin == OriginNone:
		return "the ESP was not asked directly (--origin none)"
	case !b.esp.known:
		return "the ESP is not known"
	case b.esp.preset.Address == "":
		return "the preset " + b.report.ESP + " has no origin of its own (name it with --origin)"
	}
	return "the ESP was not asked directly"
}

func (x *exam) examineESP(name *resolution, to *front, baseline *answer) (*behind, string) {
	s := &espSection{behind: behind{exam: x, front: to, baseline: baseline}, chain: name.chain}
	stop := s.examine()
	return &s.behind, stop
}

func (s *espSection) examine() (stop string) {
	if stop := s.checkErrorPage(s.baseline); stop != "" {
		return stop
	}
	if !s.esp.known {
		s.guessESP()
	}
	if !s.esp.known {
		s.reportUnknownESP()
	}
	if s.baseline.asked.target != s.esp.links.open {
		s.baseline = s.front.ask(question{target: s.esp.links.open})
	}
	s.origin = s.openOrigin()
	if stop := s.examineHealth(); stop != "" {
		return stop
	}
	s.click = s.front.ask(question{target: s.esp.links.click})
	if stop := s.checkErrorPage(s.click); stop != "" {
		return stop
	}
	if stop := s.examineHost(); stop != "" {
		return stop
	}
	s.checkTwoCDNs()
	s.examineLink()
	s.concludeESP()
	return ""
}

func (s *espSection) reportUnknownESP() {
	s.esp.links = testLinksOf(&core.Origin{})
	f := s.find("esp-unknown", "no ESP shows in DNS or in the answers")
	if s.link != nil {
		f.Seen += ", and the given link has the form of none or of several"
		f.Fix = "Name it, as in --esp sendgrid."
	}
}

// guessESP finds the ESP by the given link, or by the answers to the probes of
// three of them.
func (s *espSection) guessESP() {
	preset := ""
	if s.link != nil {
		preset = presetOf(s.link.target)
	}
	if preset == "" {
		preset, _ = s.recogniseESP()
	}
	if preset != "" {
		s.assumeESP(preset, true)
		s.esp.regionGuessed = s.esp.preset.Family != esp.FamilySES // its links and its field name the region
	}
}

// recogniseESP asks the probes of the ESPs that have one, but for those of
// families that were asked already or may answer. sign is what was seen.
func (s *espSection) recogniseESP(but ...esp.Family) (preset, sign string) {
	if !slices.Contains(but, esp.FamilySES) {
		if a := s.front.ask(question{method: "HEAD", target: "/favicon.ico"}); a.get("x-amz-ses-region") != "" {
			return "ses-" + a.get("x-amz-ses-region"), "HEAD /favicon.ico is answered with x-amz-ses-region"
		}
	}
	if !slices.Contains(but, esp.FamilyCustomerIO) {
		if a := s.front.ask(question{target: "/health"}); isCustomerIO(a) {
			return "customerio-us", "GET /health is answered {}, as Customer.io does"
		}
	}
	if !slices.Contains(but, esp.FamilySparkPost) {
		if a := s.front.ask(question{target: "/f/a/b/c/d"}); isSparkPost(a) {
			return "sparkpost", "GET /f/a/b/c/d is a 302 of msys-http, SparkPost's server"
		}
	}
	return "", ""
}

func isCustomerIO(a *answer) bool {
	return a.err == nil && a.status == 200 && strings.TrimSpace(string(a.body)) == "{}"
}

func isSparkPost(a *answer) bool { return a.status == 302 && a.get("Server") == "msys-http" }

// anotherESP finds out whether one of the ESPs that can be recognised answers,
// where another was named.
func (s *espSection) anotherESP() (stop string) {
	if s.esp.preset.Family == esp.FamilyCustom {
		return ""
	}
	preset, sign := s.recogniseESP(s.familiesBut(s.esp.preset.Family)...)
	other, _ := core.LookupPreset(preset)
	if preset == "" || other.Family == esp.FamilyCustom || other.Family == s.esp.preset.Family {
		return ""
	}
	how := "given"
	if s.report.ESPGuessed {
		how = "guessed"
	}
	s.find("esp-another", "%s; the ESP that was %s is %s", sign, how, s.report.ESP)
	return "another ESP answers than " + s.report.ESP
}

// presetOf guesses a preset from a link's form; "" where none or several have
// it.
func presetOf(target string) string {
	found := ""
	for _, f := range families {
		if f.Kind(target) == esp.KindOther {
			continue
		}
		if found != "" {
			return ""
		}
		if found = f.String(); f == esp.FamilyCustomerIO {
			found = "customerio-us"
		} else if f == esp.FamilySES {
			found = "ses-" + cmp.Or(f.Read(target).Region, "us-east-1")
		}
	}
	return found
}

// hasProbe reports whether the ESP's probe reaches it: where it gets its links
// alone, only one that has the form of a link does.
func (x *exam) hasProbe() bool {
	return !x.opt.LinksOnly || x.esp.preset.Family.Owns(x.esp.preset.Health.Path) > 0
}

// examineHealth asks the ESP's probe, which touches nobody's link.
func (s *espSection) examineHealth() (stop string) {
	probe := s.esp.preset.Health
	if probe.Path == "" || !s.hasProbe() {
		return ""
	}
	a := s.front.ask(question{method: probe.Method, target: probe.Path})
	if stop := s.checkErrorPage(a); stop != "" {
		return stop
	}
	if s.isProbe(a) {
		return s.checkSES(a)
	}
	return s.explainProbe(a)
}

// isProbe reports whether an answer is the ESP's to its probe, and records what
// shows it.
func (s *espSection) isProbe(a *answer) bool {
	if a.err != nil || a.status != s.esp.preset.Health.Status {
		return false
	}
	switch s.esp.preset.Family {
	case esp.FamilyCustomerIO:
		if !isCustomerIO(a) {
			return false
		}
		s.sawESP("GET /health is {}, as at Customer.io")
	case esp.FamilySES:
		if !a.header.Has("x-amz-ses-region") {
			return false
		}
		s.sawESP("HEAD /favicon.ico is answered by SES in %s", cut(a.get("x-amz-ses-region"), 40))
	case esp.FamilySparkPost:
		if isSparkPost(a) {
			s.sawESP("GET %s is a 302 of msys-http, SparkPost's server", s.esp.preset.Health.Path)
		} // a CDN may put its own name into Server: then the click has to show it
	}
	return true
}

// explainProbe says why the probe is not answered as the ESP's documentation
// says.
func (s *espSection) explainProbe(a *answer) (stop string) {
	const why = "the ESP's own probe is not answered as by the ESP"
	if stop := s.anotherESP(); stop != "" {
		return stop
	}
	seen := a.asked.brief() + ": " + a.brief()
	d := s.origin
	var direct *answer
	if d != nil {
		if direct = d.ask(d.probe(d.x.opt.Host)); direct.err != nil {
			s.noOrigin = "its origin gave no answer (" + briefError(direct.err) + ")"
			s.origin, d = nil, nil
		}
	}
	switch {
	case d == nil && a.status == 403 && s.baseline.status == 403:
		s.find("filter-refuses-all", "%s; %s: %s", s.baseline.asked.brief(), s.baseline.brief(), seen)
	case d == nil:
		f := s.find("esp-not-reached", "%s; the ESP documents another answer, and %s", seen, s.whyNoOrigin())
		f.Title, f.Means = "The ESP's probe is not answered as the ESP documents it", "What answers may be another server or the CDN itself. Links that end there do not work (\"wrong link\")."
	case a.like(direct):
		s.fact(catalogue.ESP, "probe", "%s, as the ESP answers it directly, too", seen)
		return ""
	default:
		s.find(s.whyNoProbe(d, a), "%s; the ESP answers %s", seen, direct.brief())
	}
	return why
}

// whyNoProbe compares the answer with those of the origin to what proxies make
// of the probe.
func (s *espSection) whyNoProbe(d *originClient, a *answer) (id string) {
	if other := d.ask(d.probe(d.name)); other.err == nil && a.like(other) {
		return "esp-host-overridden"
	}
	for _, path := range []string{"/", testPath} { // another path than was sent
		w := d.probe(s.opt.Host)
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

// checkSES reads what SES says of the way by which it was reached.
func (s *espSection) checkSES(a *answer) (stop string) {
	if s.esp.preset.Family != esp.FamilySES {
		return ""
	}
	region, protocol := a.get("x-amz-ses-region"), a.get("x-amz-ses-request-protocol")
	s.fact(catalogue.ESP, "SES", "region %s, reached by %s", cut(region, 40), cut(cmp.Or(protocol, "?"), 20))
	if protocol == "http" {
		s.find("esp-protocol-http", "x-amz-ses-request-protocol is http")
	}
	if want := esp.SESRegion(s.esp.preset.Address); region != want {
		s.find("esp-wrong-region", "x-amz-ses-region is %s, not %s", quoted(region), want)
		return "another region answers than the one whose links these are"
	}
	return ""
}

// checkTwoCDNs compares the CDNs that show in the answers with those of the ESP
// itself. Where that was not asked, a mark may be the ESP's own.
func (s *espSection) checkTwoCDNs() {
	marks := s.click.marks()
	if len(marks) == 0 || s.origin == nil {
		return
	}
	own := s.origin.click.marks()
	marks = slices.DeleteFunc(marks, func(m string) bool { return slices.Contains(own, m) })
	dns := ""
	for _, name := range s.chain {
		dns = cmp.Or(dns, cdnOf(name))
	}
	switch {
	case len(marks) > 1:
		s.find("http-two-cdns", "%s show in one answer", strings.Join(marks, " and "))
	case len(marks) == 1 && dns != "" && dns != catalogue.Other && dns != marks[0] && s.opt.Via == "":
		s.find("http-two-cdns", "DNS leads to %s, and %s shows in the answer", dns, marks[0])
	}
}
