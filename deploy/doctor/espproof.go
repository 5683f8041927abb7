package doctor

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
)

// proof is what was seen of the ESP behind the set-up, in words for the report.
// A sentence that says that something arrives is said only where there is one
// here.
type proof struct {
	esp, host []string
	// noESP and noHost say why nothing was seen; "" where nothing was tried.
	noESP, noHost string
}

func (s *espSection) sawESP(format string, args ...any) {
	s.proof.esp = append(s.proof.esp, fmt.Sprintf(format, args...))
}

// concludeESP says what was seen of the ESP, and what was not.
func (s *espSection) concludeESP() {
	if !s.esp.known {
		return // esp-unknown says it
	}
	s.proveByLink()
	if s.esp.regionGuessed && len(s.proof.host) == 0 {
		s.unseen(catalogue.ESP, "which region of the ESP it is ("+s.report.ESP+" is a guess)", "its regions answer alike so far", "name it with --esp")
	}
	if len(s.proof.esp) == 0 {
		s.find("esp-unproven", "not seen: whether %s answers behind the set-up, because %s", s.report.ESP, cmp.Or(s.proof.noESP, s.whyNoOrigin())).Fix = s.askForLink()
	} else {
		s.pass("esp-ok", "%s", strings.Join(append(s.proof.esp, s.proof.host...), "; "))
	}
	if len(s.proof.host) == 0 {
		s.find("esp-host-unproven", "not seen: whether the ESP gets %s as Host, because %s", s.opt.Host, cmp.Or(s.proof.noHost, s.whyNoOrigin())).Fix = s.askForLink()
	}
}

// proveByLink reads what the given link's answer shows. A set-up that redirects
// everything alike shows nothing.
func (s *espSection) proveByLink() {
	a := s.linked
	if a == nil || !a.redirects() || s.isOwn(a) || s.click != nil && s.click.get("Location") == a.get("Location") {
		return
	}
	s.sawESP("the given link is redirected (%d), and a made-up one is not redirected there", a.status)
	if boundToHost(s.esp.preset.Family, s.link.target) {
		s.proof.host = append(s.proof.host, "this ESP redirects such a link under its own domain only")
	}
}

var signedCustomerIO = regexp.MustCompile(`^/e/c/[^/?]+/[0-9a-f]{64}(?:[?#]|$)`)

// boundToHost reports whether the ESP takes a link only under the domain that
// it was made for, by its documentation.
func boundToHost(f esp.Family, target string) bool {
	switch f {
	case esp.FamilyCustomerIO:
		return signedCustomerIO.MatchString(target)
	case esp.FamilySES:
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
