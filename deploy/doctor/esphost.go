package doctor

import (
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// examineHost finds out as what the ESP is asked, by asking it directly in the
// right way and in the wrong ones.
func (s *espSection) examineHost() (stop string) {
	d := s.origin
	if d != nil {
		if d.click = d.ask(d.correct(s.esp.links.click)); d.click.err != nil {
			s.noOrigin = "its origin gave no answer (" + briefError(d.click.err) + ")"
			s.fact(catalogue.ESP, "origin", "not asked: %s", briefError(d.click.err))
			s.origin, d = nil, nil
		}
	}
	if d == nil {
		return s.examineHostAlone()
	}
	s.fact(catalogue.ESP, "origin", "%s answers %s", d.to.address, d.click.brief())
	s.forgetServer()
	if !s.click.like(d.click) {
		return s.explainAnswer(d)
	}
	s.proveESP(d)
	if stop := s.proveHost(d); stop != "" {
		return stop
	}
	s.examineTrust(d)
	return ""
}

// proveESP records that the set-up answers as the ESP does. An error that any
// server gives is no sign of one.
func (s *espSection) proveESP(d *originClient) {
	if d.click.status < 400 || isTokenError(d.click) {
		s.sawESP("a made-up click is answered as by %s itself (%d)", d.name, d.click.status)
		return
	}
	if open := d.ask(d.correct(s.esp.links.open)); open.err == nil && open.status < 400 && s.baseline.like(open) {
		s.sawESP("a made-up open is answered as by %s itself (%d)", d.name, open.status)
		return
	}
	s.proof.noESP = fmt.Sprintf("it and %s answer made-up links with %d, as any server does", d.name, d.click.status)
	s.anotherESP()
}

// proveHost compares with the answer to another Host. Where that is the same,
// nothing is seen.
func (s *espSection) proveHost(d *originClient) (stop string) {
	other := d.ask(variant{target: s.esp.links.click, host: d.name})
	if other.err == nil && !other.like(d.click) {
		s.proof.host = append(s.proof.host, "under another Host the ESP answers otherwise")
		return ""
	}
	s.proof.noHost = "the ESP answers a made-up link alike whatever Host is"
	if isTokenError(d.click) {
		return s.checkUnknownDomain(d)
	}
	return ""
}

func isTokenError(a *answer) bool {
	return a.err == nil && strings.Contains(strings.ToLower(a.text()), tokenText)
}

// checkUnknownDomain asks the other region, where the first refuses made-up
// links for their token under every Host: it may be that only the other one
// knows the domain.
func (s *espSection) checkUnknownDomain(d *originClient) (stop string) {
	const what = "whether the link domain belongs to this region's account"
	there := s.otherRegion()
	if there == nil {
		s.unseen(catalogue.ESP, what, "the other region was not asked, and this one refuses made-up links under any Host",
			"give a link with --link, or the other region's origin with --other-origin")
		return ""
	}
	there.click = there.ask(there.correct(s.esp.links.click))
	if there.click.err != nil || isTokenError(there.click) {
		s.unseen(catalogue.ESP, what, "both regions refuse made-up links alike", "give a link with --link")
		return ""
	}
	s.find("esp-wrong-region", "%s refuses a made-up link of %s as it does under any Host; %s, which knows the domain, answers %s",
		d.name, s.opt.Host, there.name, there.click.brief())
	return "the set-up leads to a region that does not know the link domain"
}

// examineHostAlone reads what the answers show by themselves, where the ESP may
// not be asked.
func (s *espSection) examineHostAlone() (stop string) {
	if s.click.status == 403 && s.baseline.status == 403 && !isTokenError(s.click) && s.esp.preset.Family != esp.FamilySES {
		s.find("filter-refuses-all", "%s: %s; %s: %s", s.baseline.asked.brief(), s.baseline.brief(), s.click.asked.brief(), s.click.brief())
		return "made-up links are refused"
	}
	if want, reading := s.esp.preset.Family.Destination(s.esp.links.click); reading != esp.Unread && s.click.get("Location") == want {
		s.sawESP("a made-up click is redirected to where it says")
	}
	if len(s.proof.esp) == 0 && s.esp.known {
		return s.anotherESP()
	}
	return ""
}

// explainAnswer finds the mistake that leads to the answer of the set-up.
func (s *espSection) explainAnswer(d *originClient) (stop string) {
	const changed = "links do not arrive at the ESP as they were sent"
	if s.checkLocation(d) {
		return changed
	}
	if s.examineSlash() {
		return changed
	}
	if stop := s.atAnotherSender(); stop != "" {
		return stop
	}
	if stop := s.anotherESP(); stop != "" {
		return stop
	}
	var fits []mistake
	for _, w := range d.mistakes(s.esp.links.click) {
		if a := d.ask(w.variant); s.click.like(a) && !a.like(d.click) {
			fits = append(fits, w)
		}
	}
	region, found := s.tryOtherRegion(d, len(fits) > 0)
	if found {
		return region
	}
	if len(fits) > 0 {
		s.reportMistakes(d, fits)
		return changed
	}
	id := "esp-not-reached"
	if s.click.refused() && s.baseline.refused() {
		id = "filter-refuses-all"
	}
	s.find(id, "%s: %s; the ESP answers %s", s.click.asked.brief(), s.click.brief(), d.click.brief())
	return "what answers is not the ESP"
}

// atAnotherSender finds out whether another of the host's ESPs answers the links
// of the first.
func (s *espSection) atAnotherSender() (stop string) {
	if len(s.opt.Also) == 0 {
		return ""
	}
	v := s.newSeveral(s.front)
	other, _ := v.another(v.list[0], s.click)
	if other == nil {
		return ""
	}
	v.note("esp-links-at-another", "%s: %s: %s, as %s answers it directly; %s", s.report.ESP, s.click.asked.brief(), s.click.brief(), other.direct.name, v.ownAnswer(v.list[0]))
	return "links of " + s.report.ESP + " arrive at " + other.name
}

// reportMistakes names every mistake that gives the answer: where several do,
// none of them was seen alone.
func (s *espSection) reportMistakes(d *originClient, fits []mistake) {
	first := fits[0]
	seen := first.seen
	var others []string
	for _, w := range fits[1:] {
		seen += ", and " + strings.TrimPrefix(w.seen, "the answer is ")
		if w.id != first.id {
			others = append(others, w.id)
		}
	}
	if first.id == "esp-host-overridden" && s.esp.preset.Family == esp.FamilyCustomerIO && s.regionFits(d) {
		seen += ", and a region that does not know the domain answers alike"
		others = append(others, "esp-wrong-region")
	}
	if len(fits) > 1 || len(others) > 0 {
		seen += ": which of them it is was not seen"
	}
	f := s.find(first.id, "%s: %s; %s; asked as it should be the ESP answers %s", s.click.asked.brief(), s.click.brief(), seen, d.click.brief())
	s.alternatives[f.ID] = others
	for _, id := range others {
		e := catalogue.Must(id)
		f.Title += ", or: " + lowerFirst(e.Title)
	}
}

func lowerFirst(s string) string {
	if strings.HasPrefix(s, "The ") || strings.HasPrefix(s, "Links ") || strings.HasPrefix(s, "What ") {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

// regionFits reports whether the other region may be what answers: it does
// answer so, or it could not be asked.
func (s *espSection) regionFits(d *originClient) bool {
	there := s.otherRegion()
	if there == nil {
		return true
	}
	a := there.ask(there.correct(s.esp.links.click))
	return a.err != nil || s.click.like(a)
}

// tryOtherRegion compares the answer with that of the ESP's other region.
// Where the region was guessed, the guess is corrected; where it was given, the
// CDN leads to the wrong one. Where another mistake explains the answer as
// well, nothing is said.
func (s *espSection) tryOtherRegion(d *originClient, explained bool) (stop string, found bool) {
	there := s.otherRegion()
	if there == nil || explained && !s.report.ESPGuessed {
		return "", false
	}
	there.click = there.ask(there.correct(s.esp.links.click))
	if there.click.err != nil || !s.click.like(there.click) || there.click.like(d.click) {
		return "", false
	}
	if !s.report.ESPGuessed {
		s.find("esp-wrong-region", "the answer is that of %s, not of %s", there.name, s.esp.preset.Address)
		return "another region answers than the one that was given", true
	}
	if explained && isTokenError(s.click) {
		return "", false // the refusal of a domain that is not known there: the guess may be right
	}
	s.esp.preset, s.report.ESP, s.origin = *there.origin, there.origin.Preset, there
	s.fact(catalogue.ESP, "region", "%s, as only its origin knows the link domain", there.origin.Preset)
	s.proveESP(there)
	if stop := s.proveHost(there); stop != "" {
		return stop, true
	}
	s.examineTrust(there)
	return "", true
}

// acceptsTestLink reports whether the ESP has taken the made-up link for a good
// one: its redirect then shows what of the link has arrived.
func (a *answer) acceptsTestLink() bool {
	return a.redirects() && strings.Contains(a.get("Location"), testHost)
}

// examineTrust sends an X-Forwarded-Host of its own. Where the answer is then
// the ESP's to that, anybody can choose the domain as which the ESP is asked.
func (s *espSection) examineTrust(d *originClient) {
	a := s.front.ask(question{target: s.esp.links.click, more: wire.NewHeader("X-Forwarded-Host", testHost)})
	if a.err != nil || a.like(s.click) {
		return
	}
	w := d.correct(s.esp.links.click)
	w.forwarded = testHost
	if direct := d.ask(w); direct.err == nil && a.like(direct) {
		s.find("esp-forwarded-host-trusted", "with X-Forwarded-Host: %s the answer is %s instead of %s, as the ESP answers it directly", testHost, a.brief(), s.click.brief())
	}
}

// forgetServer takes back what Server said, where the ESP sends the same: then
// it is the ESP's own.
func (s *espSection) forgetServer() {
	if field := s.origin.click.get("Server"); field != "" && field == s.server.value {
		s.server.value = ""
		if s.server.namesCDN {
			s.report.CDN, s.server.namesCDN = catalogue.Other, false
		}
	}
}
