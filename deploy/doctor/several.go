package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/doctor/report"
)

// Sender is a further ESP whose links the host has. Its links must differ from
// those of the others in form.
type Sender struct {
	ESP string // a preset
	// Site is its origin in sites.json, which says how it is asked and what form
	// its links have; nil is as the preset has it.
	Site *core.Origin
	// Origin is where it is asked directly, in the form of Options.Origin; "" is
	// the preset's address. Where Options.Origin is [OriginNone], nothing is.
	Origin string
	// Retired: it is to be asked for nothing any more.
	Retired bool
}

// origin is that of the preset, with the form of the links.
func (s *Sender) origin() core.Origin {
	o, _ := core.LookupPreset(s.ESP)
	if s.Site != nil {
		o.Family = s.Site.Family
	}
	return o
}

// checkSenders refuses ESPs that cannot be told apart by their links.
func (o *Options) checkSenders() error {
	var all []Sender
	if o.ESP != "" {
		all = append(all, Sender{ESP: o.ESP})
	}
	for _, s := range o.Also {
		if _, ok := core.LookupPreset(s.ESP); !ok {
			return o.unknownESP(s.ESP)
		}
		family := s.origin().Family
		if len(family.Paths()) == 0 {
			return wrong("nothing is known of the links of %q, so they cannot be told from others: name it first", cut(s.ESP, 80))
		}
		for _, other := range all {
			if slices.ContainsFunc(esp.Overlaps(family, other.origin().Family), func(v esp.Overlap) bool { return v.Same }) {
				return wrong("the links of %q and %q look alike", cut(other.ESP, 80), cut(s.ESP, 80))
			}
		}
		all = append(all, s)
	}
	return nil
}

func (o *Options) unknownESP(preset string) error {
	return wrong("unknown ESP %q: it is a preset of sites.json, as \"customerio-eu\" or \"ses-us-east-1\"", cut(preset, 80))
}

// hasFamily reports whether one of the host's ESPs is of a family.
func (x *exam) hasFamily(f esp.Family) bool {
	return x.esp.known && x.esp.preset.Family == f ||
		slices.ContainsFunc(x.opt.Also, func(s Sender) bool { return !s.Retired && s.origin().Family == f })
}

// families are those of the host's ESPs, with one more.
func (x *exam) familiesBut(f esp.Family) []esp.Family {
	list := []esp.Family{f}
	for _, s := range x.opt.Also {
		list = append(list, s.origin().Family)
	}
	return list
}

// ownerOf is the further ESP whose form a target has; nil where it is the
// first's. It is core's rule.
func (x *exam) ownerOf(target string) *Sender {
	site := &core.Site{Origin: &x.esp.preset}
	for i := range x.opt.Also {
		o := x.opt.Also[i].origin()
		site.Also = append(site.Also, &core.Site{Origin: &o})
	}
	at := site.For(target)
	for i, s := range site.Also {
		if s == at {
			return &x.opt.Also[i]
		}
	}
	return nil
}

// sender is an ESP of the host while its links are examined.
type sender struct {
	name    string
	retired bool
	origin  core.Origin
	links   testLinks
	direct  *originClient // nil where it is not to be asked
}

// several is the examination of the links of each ESP of a host.
type several struct {
	*exam
	front *front
	list  []*sender // first, if it is known, the one that gets what is no link
}

// newSeveral lists the host's ESPs, and where each is asked directly.
func (x *exam) newSeveral(to *front) *several {
	v := &several{exam: x, front: to}
	if x.esp.known {
		v.list = append(v.list, &sender{name: x.report.ESP, origin: x.esp.preset, links: x.esp.links, direct: x.openOrigin()})
	}
	for i := range x.opt.Also {
		s := &x.opt.Also[i]
		o := s.origin()
		one := &sender{name: s.ESP, retired: s.Retired, origin: o, links: testLinksOf(&o)}
		switch {
		case x.opt.Origin == OriginNone:
		case s.Origin != "":
			one.direct = x.originAs(s.Origin, &one.origin)
		case o.Address != "":
			one.direct = originOf(x, &one.origin)
		}
		if one.direct != nil {
			one.direct.further = s
		}
		v.list = append(v.list, one)
	}
	return v
}

// examineSeveral asks for a made-up link of each ESP, in the form of its own,
// and compares with what the ESPs answer directly.
func (x *exam) examineSeveral(to *front, first *answer) {
	if len(x.opt.Also) == 0 {
		return
	}
	if slices.ContainsFunc([]string{"cdn-host-unknown", "https-no-answer", "filter-challenge", "filter-refuses-all"}, x.report.Has) {
		x.unseen(catalogue.ESP, "which ESP answers whose links", "no answer of an ESP comes through", "")
		return
	}
	v := x.newSeveral(to)
	for i, s := range v.list {
		a, own := first, i == 0 && x.esp.known
		if !own || a == nil {
			a = to.ask(question{target: s.links.click})
		}
		found := report.Links{ESP: s.name, Retired: s.retired}
		switch {
		case s.retired:
			found.By, found.Seen = v.examineRetired(s, a)
		case own: // what is wrong with it was found before
			found.By, found.Seen = v.proves(s, a)
		default:
			found.By, found.Seen = v.examineLinks(s, a)
		}
		if x.bounds.exhausted {
			return
		}
		x.report.Links = append(x.report.Links, found)
	}
	x.examineUnsubscribes()
}

// directly is an ESP's own answer to a target; nil where there is none.
func (v *several) directly(s *sender, target string) *answer {
	if s.direct == nil {
		return nil
	}
	if a := s.direct.ask(s.direct.correct(target)); a.err == nil {
		return a
	}
	return nil
}

// telling reports whether an answer is one that not any server gives.
func (s *sender) telling(a *answer) bool { return a.status < 400 || s.signs(a) }

// signs reports whether an answer has a mark of the ESP's.
func (s *sender) signs(a *answer) bool {
	switch s.origin.Family {
	case esp.FamilyCustomerIO:
		return isTokenError(a)
	case esp.FamilySparkPost:
		return isSparkPost(a)
	case esp.FamilySES:
		return a.header.Has("x-amz-ses-region")
	}
	return false
}

// proves says which ESP gave an answer to a link of s, where that was seen.
func (v *several) proves(s *sender, a *answer) (by, seen string) {
	if s.signs(a) {
		return s.name, "a mark of it: " + a.brief()
	}
	own := v.directly(s, s.links.click)
	switch {
	case own == nil && a.redirects() && a.get("Location") == testURL:
		return s.name, "redirected to where the link says (" + strconv.Itoa(a.status) + ")"
	case own == nil || !a.like(own):
	case s.telling(own):
		return s.name, "as " + s.direct.name + " itself (" + strconv.Itoa(a.status) + ")"
	default:
		open, through := v.directly(s, s.links.open), v.front.ask(question{target: s.links.open})
		if open != nil && open.status < 400 && through.like(open) {
			return s.name, "an open as " + s.direct.name + " itself (" + strconv.Itoa(open.status) + ")"
		}
		return "", "not seen: it and " + s.direct.name + " answer made-up links with " + strconv.Itoa(a.status) + ", as any server does"
	}
	return "", a.brief()
}

// examineLinks says what is wrong with the links of a further ESP.
func (v *several) examineLinks(s *sender, a *answer) (by, seen string) {
	what := s.name + ": " + a.asked.brief() + ": " + a.brief()
	if a.errorPage() != "" {
		v.note("esp-links-fail", "%s; %s", what, v.ownAnswer(s))
		return "", a.brief()
	}
	if by, seen = v.proves(s, a); by != "" {
		return by, seen
	}
	own := v.directly(s, s.links.click)
	if own == nil || a.like(own) {
		because := strings.TrimPrefix(seen, "not seen: ")
		if own == nil {
			because = v.ownAnswer(s)
		}
		v.note("esp-links-unproven", "not seen: which ESP answers links of %s, because %s", s.name, because)
		return "", seen
	}
	if other, like := v.another(s, a); other != nil {
		v.note("esp-links-at-another", "%s, as %s answers it directly; %s", what, other.direct.name, v.ownAnswer(s))
		return other.name, seen
	} else if id := v.reason(s, a); id != "" {
		v.note(id, "%s; %s%s", what, v.ownAnswer(s), like)
	}
	return "", seen
}

// reason is the finding about links whose answer is neither the ESP's nor seen
// to be another's.
func (v *several) reason(s *sender, a *answer) (id string) {
	if wrong := s.direct.ask(variant{target: s.links.click, host: s.direct.name}); wrong.err == nil && a.like(wrong) {
		return "esp-host-overridden"
	}
	if a.status == 404 || a.status == 410 {
		return "esp-links-404"
	}
	return "esp-links-not-reached"
}

// ownAnswer says what an ESP answers directly to its own link.
func (v *several) ownAnswer(s *sender) string {
	switch own := v.directly(s, s.links.click); {
	case own != nil:
		return s.direct.name + " itself answers " + own.brief()
	case s.direct != nil:
		return s.direct.name + " gave no answer to compare with"
	case v.opt.Origin == OriginNone:
		return "the ESPs were not asked directly (--origin none)"
	}
	return "the preset " + s.name + " has no origin of its own"
}

// another is the one other ESP that answers a link of s as the front did. A
// refusal that any server gives shows nobody: like then says who answers so.
func (v *several) another(s *sender, a *answer) (other *sender, like string) {
	var names []string
	for _, o := range v.list {
		if o == s {
			continue
		}
		direct := v.directly(o, s.links.click)
		switch {
		case direct == nil || !a.like(direct):
		case o.telling(direct) && other == nil:
			other = o
		default:
			names = append(names, o.name)
		}
	}
	if other == nil && len(names) > 0 {
		like = "; " + strings.Join(names, ", ") + " would answer it like that, and so would other servers"
	}
	return other, like
}

// examineRetired finds out whether an ESP that is to be asked for nothing still
// gets requests.
func (v *several) examineRetired(s *sender, a *answer) (by, seen string) {
	if strings.Contains(strings.ToLower(a.text()), "· "+string(outcome.Retired)) {
		return "", "answered here, with the page of a retired ESP (" + strconv.Itoa(a.status) + ")"
	}
	if a.redirects() && strings.Contains(a.get("Location"), testHost) && !s.signs(a) {
		v.unseen(catalogue.ESP, "whether the retired "+s.name+" still gets requests", "whoever reads the link redirects to where it says", "look into its statistics")
		return "", a.brief()
	}
	if by, seen = v.proves(s, a); by != "" {
		v.note("esp-retired-asked", "%s: %s: %s, %s", s.name, a.asked.brief(), a.brief(), seen)
		return by, seen
	}
	if own := v.directly(s, s.links.click); own == nil || a.like(own) {
		v.unseen(catalogue.ESP, "whether the retired "+s.name+" still gets requests", v.ownAnswer(s)+", and the set-up "+a.brief(), "look into its statistics")
		return "", a.brief()
	}
	return "", "another answer than the ESP's: " + a.brief()
}

// note is find, for a finding that several ESPs may have.
func (v *several) note(id, format string, args ...any) {
	for i := range v.report.Findings {
		if f := &v.report.Findings[i]; f.ID == id && !v.bounds.exhausted {
			f.Seen += "; " + fmt.Sprintf(format, args...)
			return
		}
	}
	v.find(id, format, args...)
}

// examineUnsubscribes asks the origin that gets the unsubscribes of retired
// ESPs for a path that is nobody's.
func (x *exam) examineUnsubscribes() {
	switch {
	case x.opt.Unsubscribes == "":
		return
	case x.opt.Origin == OriginNone:
		x.unseen(catalogue.ESP, "whether "+quoted(x.opt.Unsubscribes)+" answers, which gets unsubscribes of retired ESPs", "origins were not asked directly (--origin none)", "")
		return
	}
	d := x.originAs(x.opt.Unsubscribes, &core.Origin{TLS: true})
	d.further = new(Sender) // it is nobody's ESP
	a := d.ask(variant{target: testPath, host: d.name})
	switch {
	case a.err != nil:
		x.find("unsubscribes-no-answer", "%s: %s", d.to.address, briefError(a.err))
	case a.status >= 500:
		x.find("unsubscribes-no-answer", "%s: %s: %s", d.to.address, a.asked.brief(), a.brief())
	default:
		x.fact(catalogue.ESP, "unsubscribes", "%s answers %d", d.to.address, a.status)
	}
}
