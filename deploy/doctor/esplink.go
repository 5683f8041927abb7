package doctor

import (
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/probe"
)

// tokenText is what Customer.io says of a link that belongs to another domain.
const tokenText = "invalid link security token"

// examineLink opens the link that was given, once. It names a recipient: it is
// not sent where the certificate is not trusted, and reports hold no more of it
// than its form.
func (s *espSection) examineLink() {
	if s.link == nil {
		return
	}
	if s.report.Has("tls-expired") || s.report.Has("tls-untrusted") || s.report.Has("tls-incomplete-chain") || s.report.Has("tls-not-yet-valid") {
		s.fact(catalogue.ESP, "link", "not opened: the certificate is not trusted")
		return
	}
	if !s.link.tls {
		s.find("link-still-http", "the link begins with http://")
	}
	s.checkForm()
	s.report.LinkOpened = true
	a := s.front.ask(question{target: s.link.target})
	switch {
	case isTokenError(a) && s.ownerOf(s.link.target) == nil:
		s.checkToken(a)
	case isTokenError(a):
		s.find("esp-invalid-token", "%s", a.brief())
	case a.err != nil:
		s.find("link-answers-error", "%s", briefError(a.err))
	case a.status >= 400:
		s.find("link-answers-error", "%s", a.brief())
	default:
		if s.ownerOf(s.link.target) == nil {
			s.linked = a
		}
		s.recordDestination(a)
	}
}

// checkForm compares the link's form with the ESP's, and its region with the
// origin's.
func (s *espSection) checkForm() {
	if !s.esp.known || s.esp.preset.Family == esp.FamilyCustom {
		return
	}
	if s.ownerOf(s.link.target) != nil {
		return // that of a further ESP
	}
	if s.esp.preset.Family.Kind(s.link.target) == esp.KindOther {
		if other := presetOf(s.link.target); other != "" {
			s.find("link-of-another-esp", "the link has the form of %s, not of %s", other, s.report.ESP)
		}
		return
	}
	region := s.esp.preset.Family.Read(s.link.target).Region
	if want := esp.SESRegion(s.esp.preset.Address); s.esp.preset.Family == esp.FamilySES && region != "" && region != want {
		s.find("esp-wrong-region", "the link was sent from %s, the origin is that of %s", region, want)
	}
}

// checkToken separates a wrong region from a wrong Host and a damaged link: one
// region's origin takes the link, or the one that the set-up leads to refuses
// it under the right Host as well.
func (s *espSection) checkToken(a *answer) {
	there := s.otherRegion()
	if there != nil && there.ask(there.correct(s.link.target)).redirects() {
		s.find("esp-wrong-region", "the link is refused through the set-up and taken at %s", there.name)
		return
	}
	if s.origin == nil {
		s.find("esp-invalid-token", "%s", a.brief())
		return
	}
	direct := s.origin.ask(s.origin.correct(s.link.target))
	switch {
	case direct.redirects():
		f := s.find("esp-host-overridden", "the link is refused through the set-up and taken at %s with Host: %s; whether Host or the region is wrong was not seen", s.origin.name, s.opt.Host)
		f.Title += ", or: the wrong region of the ESP"
		s.alternatives[f.ID] = []string{"esp-wrong-region"}
	case isTokenError(direct) && there == nil && signedCustomerIO.MatchString(s.link.target):
		s.find("esp-wrong-region", "the link, whole by its form, is refused at %s as well, with Host: %s", s.origin.name, s.opt.Host).Means =
			"The region that was asked does not know the link. The account may be in the other region, the link of another account, or a character of it changed."
	default:
		s.find("esp-invalid-token", "%s; asked directly with Host: %s, the ESP answers %s", a.brief(), s.opt.Host, direct.brief())
	}
}

// recordDestination says where the link leads, host only. It is not followed.
func (s *espSection) recordDestination(a *answer) {
	_, host, target := location(a.get("Location"))
	switch {
	case host == "":
		s.fact(catalogue.ESP, "link", "%d", a.status)
	case probe.SaysUnsubscribe(target):
		s.fact(catalogue.ESP, "link", "%d to a page of %s about unsubscribing, not followed", a.status, quoted(host))
	default:
		s.fact(catalogue.ESP, "link", "%d to %s, not followed", a.status, quoted(host))
	}
}
