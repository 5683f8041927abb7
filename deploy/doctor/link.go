package doctor

import (
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/probe"
)

// tokenText is what Customer.io says of a link that belongs to another domain.
const tokenText = "invalid link security token"

// examineLink opens the link that was given, once. It names a recipient: it is not sent where the
// certificate is not trusted, and reports hold no more of it than its form.
func (x *exam) examineLink() {
	if x.link == nil {
		return
	}
	if x.report.Has("tls-expired") || x.report.Has("tls-untrusted") || x.report.Has("tls-incomplete-chain") || x.report.Has("tls-not-yet-valid") {
		x.fact(ESP, "link", "not opened: the certificate is not trusted")
		return
	}
	if !x.link.tls {
		x.find("link-still-http", "the link begins with http://")
	}
	x.judgeForm()
	x.report.LinkOpened = true
	a := x.front(question{target: x.link.target})
	switch {
	case strings.Contains(strings.ToLower(a.text()), tokenText):
		x.judgeToken(a)
	case a.err != nil:
		x.find("link-answers-error", "%s", plain(a.err))
	case a.status >= 400:
		x.find("link-answers-error", "%s", a.brief())
	default:
		x.noteDestination(a)
	}
}

// judgeForm compares the link's form with the ESP's, and its region with the origin's.
func (x *exam) judgeForm() {
	if !x.known || x.origin.Family == core.FamilyCustom {
		return
	}
	if x.origin.Family.Kind(x.link.target) == core.KindOther {
		if other := presetOf(x.link.target); other != "" {
			x.find("link-of-another-esp", "the link has the form of %s, not of %s", other, x.report.ESP)
		}
		return
	}
	region := x.origin.Family.Read(x.link.target).Region
	if want := sesRegion(&x.origin); x.origin.Family == core.FamilySES && region != "" && region != want {
		x.find("esp-wrong-region", "the link was sent from %s, the origin is that of %s", region, want)
	}
}

// judgeToken tells a wrong region from a wrong Host or a damaged link: the other region's origin
// takes the link.
func (x *exam) judgeToken(a *answer) {
	other, ok := otherRegion(x.report.ESP)
	if ok && x.opt.Origin == OriginPreset {
		there := directTo(x, &other)
		if there.ask(there.right(x.link.target)).redirects() {
			x.find("esp-wrong-region", "the link is refused at %s and taken at %s", x.origin.Address, other.Address)
			return
		}
	}
	x.find("esp-invalid-token", "%s", a.brief())
}

// noteDestination says where the link leads, host only. It is not followed.
func (x *exam) noteDestination(a *answer) {
	_, host, target := location(a.get("Location"))
	switch {
	case host == "":
		x.fact(ESP, "link", "%d", a.status)
	case probe.SaysUnsubscribe(target):
		x.fact(ESP, "link", "%d to a page of %s about unsubscribing, not followed", a.status, quoted(host))
	default:
		x.fact(ESP, "link", "%d to %s, not followed", a.status, quoted(host))
	}
}
