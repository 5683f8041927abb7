package follow

import (
	"regexp"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/probe"
)

// Identity is what core reads in one address of the walk.
type Identity struct {
	// Kind is "click", "open", "unsubscribe", "app", "health" or "other".
	Kind string `json:"kind"`
	// Family is the ESP whose form the link has; "" where none fits.
	Family string `json:"family,omitempty"`
	// Own: it is a signed link in clickedge's format, not verified here.
	Own bool `json:"own,omitempty"`
	// Site: sites.json has the host.
	Site bool `json:"site,omitempty"`
	// Destination is where the link itself says that it leads; "" where it does
	// not.
	Destination string `json:"destination,omitempty"`
	// Reading is "certain" or "likely" where an ESP's link was read for it.
	Reading string `json:"reading,omitempty"`
	// Doubt says why no destination was read.
	Doubt string `json:"doubt,omitempty"`
	// Region is the AWS region that the link names; "" for none.
	Region string `json:"region,omitempty"`
	// Token: part of the address looks like a token made for one reader, though
	// core does not know its form.
	Token bool `json:"token,omitempty"`

	family esp.Family
}

// counts reports whether a request for this address is likely to be counted as
// a click or an open.
func (id *Identity) counts() bool {
	return id.Token || slices.Contains([]string{"click", "open", "app"}, id.Kind)
}

// identify reads one address. first: it is the one that the operator gave, for
// which a form that other pages may share is taken for the ESP's.
func (w *walker) identify(u *webURL, first bool) Identity {
	site := w.opt.Sites.Lookup(u.host).For(u.target)
	id := Identity{Kind: esp.KindOther.String(), Site: site != nil}
	path, _ := splitQuery(u.target)
	switch {
	case ownLink(u.host, path, &id):
	case site != nil && site.Origin != nil && site.Origin.Family != esp.FamilyCustom:
		id.take(site.Origin.Family, u.target)
	case first && w.opt.Family != esp.FamilyCustom:
		id.take(w.opt.Family, u.target)
	default:
		id.guess(u.target, first || u.host == w.start.host)
	}
	switch {
	case id.Kind == "health":
		id.Kind = "other"
	case id.Kind != "other":
	case probe.SaysUnsubscribe(u.target):
		id.Kind = esp.KindUnsubscribe.String()
	default:
		id.Token = first && hasToken(u.target)
	}
	return id
}

// ownLink recognises clickedge's signed links, without checking their tag.
func ownLink(host, path string, id *Identity) bool {
	l, code := signed.Inspect(host, path)
	if code != outcome.OK {
		return false
	}
	id.Own, id.Kind, id.Destination = true, esp.KindClick.String(), l.Destination
	if l.Pixel {
		id.Kind = esp.KindOpen.String()
	}
	return true
}

func (id *Identity) take(f esp.Family, target string) {
	r := f.Read(target)
	if r.Kind == esp.KindOther {
		return
	}
	id.family, id.Family, id.Kind = f, f.String(), r.Kind.String()
	id.Destination, id.Doubt, id.Region = r.Destination, r.Doubt, r.Region
	if r.Grade != esp.Unread {
		id.Reading = r.Grade.String()
	}
}

// guess tries every family: first those whose link can be read, then those
// whose form no other page has, then, if loose, any form.
func (id *Identity) guess(target string, loose bool) {
	best, rank := esp.FamilyCustom, 0
	for f := esp.FamilyCustomerIO; f <= esp.FamilyIterable; f++ {
		if n := likeness(f, target); n > rank {
			best, rank = f, n
		}
	}
	if rank > 1 || rank == 1 && loose {
		id.take(best, target)
	}
}

// likeness is 3 for a link that can be read, 2 for a form that only this ESP
// has, 1 for one that many pages have ("/c/shoes" at Mailgun), 0 for none.
func likeness(f esp.Family, target string) int {
	r := f.Read(target)
	switch {
	case r.Kind == esp.KindOther || r.Kind == esp.KindHealth:
		return 0
	case r.Grade != esp.Unread:
		return 3
	case f == esp.FamilyMailgun, f == esp.FamilyPostmark,
		f == esp.FamilySparkPost && !strings.Contains(target, "~"),
		f == esp.FamilyIterable && !strings.Contains(target, "_t=") && r.Kind != esp.KindUnsubscribe:
		return 1
	}
	return 2
}

// token matches a generated token: a long run of letters and digits.
var token = regexp.MustCompile(`[A-Za-z0-9_~-]{24,}`)

func hasToken(target string) bool {
	for _, run := range token.FindAllString(probe.Unescape(target), 20) {
		if strings.ContainsAny(run, "0123456789") && strings.Count(run, "-") < 4 {
			return true
		}
	}
	return false
}
