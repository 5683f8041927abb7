package doctor

import (
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/probe"
)

// mailLink is the link of a real mail, taken apart without decoding.
type mailLink struct {
	tls    bool
	target string
}

// readLink takes Options.Link apart and refuses what must not be opened.
func readLink(o *Options) (*mailLink, error) {
	if o.Link == "" {
		return nil, nil
	}
	scheme, rest, ok := strings.Cut(o.Link, "://")
	scheme = strings.ToLower(scheme)
	if !ok || scheme != "https" && scheme != "http" || strings.ContainsAny(o.Link, "\r\n\x00") || len(o.Link) > contract.MaxTarget {
		return nil, wrong("%q is not the URL of a link: give it whole, as in 'https://%s/…'", cut(o.Link, 80), o.Host)
	}
	rest, _, _ = strings.Cut(rest, "#")
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	host, target := core.CanonicalHost(rest[:end]), rest[end:]
	if host != o.Host {
		return nil, wrong("the link is on %q, not on %q: examine its own host", cut(host, 80), o.Host)
	}
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	if why := unsubscribes(o, target); why != "" {
		return nil, fmt.Errorf("%w (%s): it is not opened; give a link that a reader clicks", ErrUnsubscribe, why)
	}
	return &mailLink{scheme == "https", target}, nil
}

// families are all that core knows the links of.
var families = []esp.Family{
	esp.FamilyCustomerIO, esp.FamilySendGrid, esp.FamilySparkPost, esp.FamilySES, esp.FamilyMailgun,
	esp.FamilyMandrill, esp.FamilyMailjet, esp.FamilyPostmark, esp.FamilyIterable,
}

// unsubscribes says why a link may unsubscribe somebody; "" if nothing speaks
// for it. Where the ESP is not known, one whose links have this form is enough:
// the mistake cannot be taken back.
func unsubscribes(o *Options, target string) string {
	candidates := families
	if origin, ok := core.LookupPreset(o.ESP); ok && origin.Family != esp.FamilyCustom {
		candidates = []esp.Family{origin.Family}
		for _, s := range o.Also {
			candidates = append(candidates, s.origin().Family)
		}
	}
	for _, f := range candidates {
		if f.Kind(target) == esp.KindUnsubscribe {
			return "by its path, at " + f.String() + "; --esp says whose link it is"
		}
		if to, reading := f.Destination(target); reading != esp.Unread && probe.SaysUnsubscribe(to) {
			return "by its destination"
		}
	}
	if probe.SaysUnsubscribe(target) {
		return "by a word in it"
	}
	return ""
}
