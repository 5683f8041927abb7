package doctor

import (
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// examineHost finds out as what the ESP is asked, by asking it directly in the right way and in the
// wrong ones.
func (x *exam) examineHost() (stop string) {
	d := x.direct
	if d != nil {
		if d.asIs = d.ask(d.right(x.links.click)); d.asIs.err != nil {
			x.proof.noDirect = "its origin gave no answer (" + plain(d.asIs.err) + ")"
			x.fact(catalogue.ESP, "origin", "not asked: %s", plain(d.asIs.err))
			x.direct, d = nil, nil
		}
	}
	if d == nil {
		return x.examineHostAlone()
	}
	x.fact(catalogue.ESP, "origin", "%s answers %s", d.to.address, d.asIs.brief())
	x.forgetServer()
	if !x.click.like(d.asIs) {
		return x.explain(d)
	}
	x.proveESP(d)
	if stop := x.proveHost(d); stop != "" {
		return stop
	}
	x.examineTrust(d)
	return ""
}

// proveESP records that the set-up answers as the ESP does. An error that any server gives is no sign
// of one.
func (x *exam) proveESP(d *direct) {
	if d.asIs.status < 400 || isToken(d.asIs) {
		x.sawESP("a made-up click is answered as by %s itself (%d)", d.name, d.asIs.status)
		return
	}
	if open := d.ask(d.right(x.links.open)); open.err == nil && open.status < 400 && x.baseline.like(open) {
		x.sawESP("a made-up open is answered as by %s itself (%d)", d.name, open.status)
		return
	}
	x.proof.noESP = fmt.Sprintf("it and %s answer made-up links with %d, as any server does", d.name, d.asIs.status)
	x.anotherESP()
}

// proveHost compares with the answer to another Host. Where that is the same, nothing is seen.
func (x *exam) proveHost(d *direct) (stop string) {
	other := d.ask(way{target: x.links.click, host: d.name})
	if other.err == nil && !other.like(d.asIs) {
		x.proof.host = append(x.proof.host, "under another Host the ESP answers otherwise")
		return ""
	}
	x.proof.noHost = "the ESP answers a made-up link alike whatever Host is"
	if isToken(d.asIs) {
		return x.judgeUnknownDomain(d)
	}
	return ""
}

func isToken(a *answer) bool {
	return a.err == nil && strings.Contains(strings.ToLower(a.text()), tokenText)
}

// judgeUnknownDomain asks the other region, where the first refuses made-up links for their token
// under every Host: it may be that only the other one knows the domain.
func (x *exam) judgeUnknownDomain(d *direct) (stop string) {
	const what = "whether the link domain belongs to this region's account"
	there := x.otherRegion()
	if there == nil {
		x.unseen(catalogue.ESP, what, "the other region was not asked, and this one refuses made-up links under any Host",
			"give a link with --link, or the other region's origin with --other-origin")
		return ""
	}
	there.asIs = there.ask(there.right(x.links.click))
	if there.asIs.err != nil || isToken(there.asIs) {
		x.unseen(catalogue.ESP, what, "both regions refuse made-up links alike", "give a link with --link")
		return ""
	}
	x.find("esp-wrong-region", "%s refuses a made-up link of %s as it does under any Host; %s, which knows the domain, answers %s",
		d.name, x.opt.Host, there.name, there.asIs.brief())
	return "the set-up leads to a region that does not know the link domain"
}

// examineHostAlone reads what the answers show by themselves, where the ESP may not be asked.
func (x *exam) examineHostAlone() (stop string) {
	if x.click.status == 403 && x.baseline.status == 403 && !isToken(x.click) && x.origin.Family != core.FamilySES {
		x.find("filter-refuses-all", "%s: %s; %s: %s", x.baseline.asked.brief(), x.baseline.brief(), x.click.asked.brief(), x.click.brief())
		return "every request is refused"
	}
	if want, reading := x.origin.Family.Destination(x.links.click); reading != core.Unread && x.click.get("Location") == want {
		x.sawESP("a made-up click is redirected to where it says")
	}
	if len(x.proof.esp) == 0 && x.known {
		return x.anotherESP()
	}
	return ""
}

// explain looks for the mistake that gives the answer that came.
func (x *exam) explain(d *direct) (stop string) {
	const changed = "links do not arrive at the ESP as they were sent"
	if x.judgeLocation(d) {
		return changed
	}
	if x.examineSlash() {
		return changed
	}
	if stop := x.anotherESP(); stop != "" {
		return stop
	}
	var fits []wrongWay
	for _, w := range d.wrongWays(x.links.click) {
		if a := d.ask(w.way); x.click.like(a) && !a.like(d.asIs) {
			fits = append(fits, w)
		}
	}
	region, told := x.tryOtherRegion(d, len(fits) > 0)
	if told {
		return region
	}
	if len(fits) > 0 {
		x.sayFits(d, fits)
		return changed
	}
	id := "esp-not-reached"
	if x.click.refused() && x.baseline.refused() {
		id = "filter-refuses-all"
	}
	x.find(id, "%s: %s; the ESP answers %s", x.click.asked.brief(), x.click.brief(), d.asIs.brief())
	return "what answers is not the ESP"
}

// sayFits names every mistake that gives the answer: where several do, none of them was seen alone.
func (x *exam) sayFits(d *direct, fits []wrongWay) {
	first := fits[0]
	seen := first.seen
	var others []string
	for _, w := range fits[1:] {
		seen += ", and " + strings.TrimPrefix(w.seen, "the answer is ")
		if w.id != first.id {
			others = append(others, w.id)
		}
	}
	if first.id == "esp-host-overridden" && x.origin.Family == core.FamilyCustomerIO && x.regionFits(d) {
		seen += ", and a region that does not know the domain answers alike"
		others = append(others, "esp-wrong-region")
	}
	if len(fits) > 1 || len(others) > 0 {
		seen += ": which of them it is was not seen"
	}
	f := x.find(first.id, "%s: %s; %s; asked as it should be the ESP answers %s", x.click.asked.brief(), x.click.brief(), seen, d.asIs.brief())
	x.alternatives[f.ID] = others
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

// regionFits reports whether the other region may be what answers: it does answer so, or it could not
// be asked.
func (x *exam) regionFits(d *direct) bool {
	there := x.otherRegion()
	if there == nil {
		return true
	}
	a := there.ask(there.right(x.links.click))
	return a.err != nil || x.click.like(a)
}

// tryOtherRegion looks whether the answer is that of the ESP's other region. Where the region was
// guessed, the guess is put right; where it was given, the CDN leads to the wrong one. Where another
// mistake explains the answer as well, nothing is told.
func (x *exam) tryOtherRegion(d *direct, explained bool) (stop string, told bool) {
	there := x.otherRegion()
	if there == nil || explained && !x.report.ESPGuessed {
		return "", false
	}
	there.asIs = there.ask(there.right(x.links.click))
	if there.asIs.err != nil || !x.click.like(there.asIs) || there.asIs.like(d.asIs) {
		return "", false
	}
	if !x.report.ESPGuessed {
		x.find("esp-wrong-region", "the answer is that of %s, not of %s", there.name, x.origin.Address)
		return "another region answers than the one that was given", true
	}
	if explained && isToken(x.click) {
		return "", false // the refusal of a domain that is not known there: the guess may be right
	}
	x.origin, x.report.ESP, x.direct = *there.origin, there.origin.Preset, there
	x.fact(catalogue.ESP, "region", "%s, as only its origin knows the link domain", there.origin.Preset)
	x.proveESP(there)
	if stop := x.proveHost(there); stop != "" {
		return stop, true
	}
	x.examineTrust(there)
	return "", true
}

// believes reports whether the ESP has taken the made-up link for a good one: its redirect then shows
// what of the link has arrived.
func (a *answer) believes() bool {
	return a.redirects() && strings.Contains(a.get("Location"), madeUpHost)
}

// examineTrust sends an X-Forwarded-Host of its own. Where the answer is then the ESP's to that, anybody
// can choose the domain as which the ESP is asked.
func (x *exam) examineTrust(d *direct) {
	a := x.front(question{target: x.links.click, more: wire.NewHeader("X-Forwarded-Host", madeUpHost)})
	if a.err != nil || a.like(x.click) {
		return
	}
	w := d.right(x.links.click)
	w.forwarded = madeUpHost
	if straight := d.ask(w); straight.err == nil && a.like(straight) {
		x.find("esp-forwarded-host-trusted", "with X-Forwarded-Host: %s the answer is %s instead of %s, as the ESP answers it directly", madeUpHost, a.brief(), x.click.brief())
	}
}
