package doctor

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
)

// proof is what was seen of the ESP behind the set-up, in words for the report. A sentence that says
// that something arrives is said only where there is one here.
type proof struct {
	esp, host, target []string
	// noESP and noHost say why nothing was seen; "" where nothing was tried.
	noESP, noHost string
	noDirect      string // why the origin gave nothing to compare with
}

func (x *exam) sawESP(format string, args ...any) {
	x.proof.esp = append(x.proof.esp, fmt.Sprintf(format, args...))
}

// whyNoDirect says why there is no answer of the origin to compare with.
func (x *exam) whyNoDirect() string {
	switch {
	case x.proof.noDirect != "":
		return x.proof.noDirect
	case x.opt.Origin == OriginNone:
		return "the ESP was not asked directly (--origin none)"
	case !x.known:
		return "the ESP is not known"
	case x.origin.Address == "":
		return "the preset " + x.report.ESP + " has no origin of its own (name it with --origin)"
	}
	return "the ESP was not asked directly"
}

// concludeESP says what was seen of the ESP, and what was not.
func (x *exam) concludeESP() {
	if !x.known {
		return // esp-unknown says it
	}
	x.proveByLink()
	if x.regionGuessed && len(x.proof.host) == 0 {
		x.unseen(catalogue.ESP, "which region of the ESP it is ("+x.report.ESP+" is a guess)", "its regions answer alike so far", "name it with --esp")
	}
	if len(x.proof.esp) == 0 {
		x.find("esp-unproven", "not seen: whether %s answers behind the set-up, because %s", x.report.ESP, cmp.Or(x.proof.noESP, x.whyNoDirect())).Fix = x.askForLink()
	} else {
		x.good("esp-ok", "%s", strings.Join(append(x.proof.esp, x.proof.host...), "; "))
	}
	if len(x.proof.host) == 0 {
		x.find("esp-host-unproven", "not seen: whether the ESP gets %s as Host, because %s", x.opt.Host, cmp.Or(x.proof.noHost, x.whyNoDirect())).Fix = x.askForLink()
	}
}

// proveByLink reads what the given link's answer shows. A set-up that redirects everything alike
// shows nothing.
func (x *exam) proveByLink() {
	a := x.linked
	if a == nil || !a.redirects() || x.isOwn(a) || x.click != nil && x.click.get("Location") == a.get("Location") {
		return
	}
	x.sawESP("the given link is redirected (%d), and a made-up one is not redirected there", a.status)
	if boundToHost(x.origin.Family, x.link.target) {
		x.proof.host = append(x.proof.host, "this ESP redirects such a link under its own domain only")
	}
}

var signedCustomerIO = regexp.MustCompile(`^/e/c/[^/?]+/[0-9a-f]{64}(?:[?#]|$)`)

// boundToHost reports whether the ESP takes a link only under the domain that it was made for, by its
// documentation.
func boundToHost(f core.Family, target string) bool {
	switch f {
	case core.FamilyCustomerIO:
		return signedCustomerIO.MatchString(target)
	case core.FamilySES:
		return strings.HasPrefix(target, "/CL0/")
	}
	return false
}

// askForLink is what would show more: a link, unless one was given already.
func (x *exam) askForLink() string {
	switch {
	case x.link == nil:
		return "" // the catalogue's: give one
	case !x.report.LinkOpened:
		return "The given link was not opened, since the certificate is not trusted. Fix that, and give it again."
	case x.report.Has("link-answers-error"), x.report.Has("esp-invalid-token"), x.report.Has("link-of-another-esp"):
		return "The given link does not show it either: it is answered with an error. Give a fresh one of this ESP."
	}
	return "The given link does not show it either. Compare the settings of the set-up with those that the ESP asks for."
}
