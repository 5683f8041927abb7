package doctor

import (
	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
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
		x.fact(catalogue.ESP, "link", "not opened: the certificate is not trusted")
		return
	}
	if !x.link.tls {
		x.find("link-still-http", "the link begins with http://")
	}
	x.judgeForm()
	x.report.LinkOpened = true
	a := x.front(question{target: x.link.target})
	switch {
	case isToken(a):
		x.judgeToken(a)
	case a.err != nil:
		x.find("link-answers-error", "%s", plain(a.err))
	case a.status >= 400:
		x.find("link-answers-error", "%s", a.brief())
	default:
		x.linked = a
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

// judgeToken tells a wrong region from a wrong Host or a damaged link: one region's origin takes the
// link, or the one that the set-up leads to refuses it under the right Host as well.
func (x *exam) judgeToken(a *answer) {
	there := x.otherRegion()
	if there != nil && there.ask(there.right(x.link.target)).redirects() {
		x.find("esp-wrong-region", "the link is refused through the set-up and taken at %s", there.name)
		return
	}
	if x.direct == nil {
		x.find("esp-invalid-token", "%s", a.brief())
		return
	}
	straight := x.direct.ask(x.direct.right(x.link.target))
	switch {
	case straight.redirects():
		f := x.find("esp-host-overridden", "the link is refused through the set-up and taken at %s with Host: %s; whether Host or the region is wrong was not seen", x.direct.name, x.opt.Host)
		f.Title += ", or: the wrong region of the ESP"
		x.alternatives[f.ID] = []string{"esp-wrong-region"}
	case isToken(straight) && there == nil && signedCustomerIO.MatchString(x.link.target):
		x.find("esp-wrong-region", "the link, whole by its form, is refused at %s as well, with Host: %s", x.direct.name, x.opt.Host).Means =
			"The region that was asked does not know the link. Most often the account is in the other region; else the link is of another account, or a character of it was changed."
	default:
		x.find("esp-invalid-token", "%s; asked directly with Host: %s, the ESP answers %s", a.brief(), x.opt.Host, straight.brief())
	}
}

// noteDestination says where the link leads, host only. It is not followed.
func (x *exam) noteDestination(a *answer) {
	_, host, target := location(a.get("Location"))
	switch {
	case host == "":
		x.fact(catalogue.ESP, "link", "%d", a.status)
	case probe.SaysUnsubscribe(target):
		x.fact(catalogue.ESP, "link", "%d to a page of %s about unsubscribing, not followed", a.status, quoted(host))
	default:
		x.fact(catalogue.ESP, "link", "%d to %s, not followed", a.status, quoted(host))
	}
}
