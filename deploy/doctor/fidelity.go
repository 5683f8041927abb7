package doctor

import (
	"strings"

	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// examineFidelity returns answers that are compared with those over HTTP/2.
func (b *behind) examineFidelity() (compare []*answer) {
	arrives := append(b.examineDestination(), b.proveTarget()...)
	b.examineSlash()
	odd, alike := b.examineOddBytes()
	if alike && len(arrives) > 0 { // by itself it shows no more than that nothing was refused
		arrives = append(arrives, "a link with %2F, //, | and quotes is answered as the ESP answers it")
	}
	b.examineLonePercent()
	compare = append([]*answer{b.click, odd}, b.examinePost()...)
	compare = append(compare, b.examineHead())
	b.examineCookies()
	b.concludeFidelity(arrives)
	return compare
}

// concludeFidelity says what of a link was seen to arrive.
func (b *behind) concludeFidelity(arrives []string) {
	if len(arrives) > 0 {
		b.pass("fidelity-ok", "%s", strings.Join(arrives, "; "))
		return
	}
	because := "the ESP answers a made-up link alike without them"
	if b.origin == nil {
		because = b.whyNoOrigin()
	}
	b.find("fidelity-unproven", "not seen: whether path and query arrive as they were sent, because %s", because).Fix = b.askForLink()
}

// same asks the ESP the same directly. ok is false where that may not be done.
func (b *behind) same(target, method string) (a *answer, ok bool) {
	if b.origin == nil {
		return nil, false
	}
	w := b.origin.correct(target)
	w.method = method
	a = b.origin.ask(w)
	return a, a.err == nil
}

// examineDestination reads the redirect of the made-up click: where the ESP
// believed the link, it shows byte for byte what arrived. Where the ESP itself
// answers so, nothing was changed by the set-up.
func (b *behind) examineDestination() (arrives []string) {
	want, reading := b.esp.preset.Family.Destination(b.esp.links.click)
	if reading == esp.Unread || !b.click.acceptsTestLink() {
		return nil
	}
	switch got := b.click.get("Location"); {
	case got == want:
		return []string{"the redirect of a made-up click repeats its destination byte for byte"}
	case b.origin == nil:
		b.checkAccepted(nil)
	}
	return nil
}

// proveTarget asks the ESP without the path and with another query. Where it
// then answers otherwise, and the set-up's answer was the right one, both have
// arrived.
func (b *behind) proveTarget() (arrives []string) {
	if b.origin == nil || !b.click.like(b.origin.click) {
		return nil
	}
	if a, ok := b.same("/", ""); ok && !a.like(b.origin.click) {
		arrives = append(arrives, "path")
	}
	if bare, _, asked := strings.Cut(b.esp.links.click, "?"); asked {
		if a, ok := b.same(bare+"?"+testID, ""); ok && !a.like(b.origin.click) {
			arrives = append(arrives, "query")
		}
	}
	switch len(arrives) {
	case 1:
		return []string{"the " + arrives[0] + " of a made-up link arrives: the ESP answers otherwise without it"}
	case 2:
		return []string{"path and query of a made-up link arrive: the ESP answers otherwise without them"}
	}
	return nil
}

// examineSlash asks for a path that holds "%2F", as links of SES and Postmark
// do, and for the same without it. It reports whether servers on the way refuse
// the one and not the other.
func (b *behind) examineSlash() (refused bool) {
	const plain, escaped = testPath + "/slash", testPath + "%2Fslash"
	direct, ok := b.same(escaped, "")
	if !ok {
		return false
	}
	a := b.front.ask(question{target: escaped})
	if a.err == nil && (a.like(direct) || a.status < 400) {
		return false
	}
	other := b.front.ask(question{target: plain})
	if direct, ok := b.same(plain, ""); !ok || !other.like(direct) {
		return false // it is not for the slash
	}
	b.find("target-slash-refused", "%s: %s; the ESP answers %s. Without %%2F the set-up answers as the ESP does", quoted(escaped), a.brief(), direct.brief())
	return true
}

// examineOddBytes sends bytes that proxies decode, refuse or rewrite. alike is
// set where the ESP answers the same directly.
func (b *behind) examineOddBytes() (a *answer, alike bool) {
	target := b.esp.links.withOddBytes()
	a = b.front.ask(question{target: target})
	direct, asked := b.same(target, "")
	switch {
	case a.err == nil && asked && a.like(direct):
		return a, true
	case a.err == nil && !asked && a.like(b.click):
	case a.redirects() && b.isOwn(a):
		b.find("target-changed", "%s is redirected to %s", quoted(target), quoted(a.get("Location")))
	case asked:
		b.find("target-odd-refused", "a link with %s: %s; the ESP answers %s", quoted(oddTail), a.brief(), direct.brief())
	case a.err != nil || a.status >= 400 && b.click.status < 400:
		b.find("target-odd-refused", "a link with %s: %s; without: %s; not seen: who refuses it, because %s", quoted(oddTail), a.brief(), b.click.brief(), b.whyNoOrigin())
	}
	return a, false
}

func (b *behind) isOwn(a *answer) bool {
	_, host, _ := location(a.get("Location"))
	return host == "" || host == b.opt.Host
}

// examineLonePercent sends a lone "%", as a gateway leaves when it cuts a link.
func (b *behind) examineLonePercent() {
	direct, asked := b.same(b.esp.links.cutAtPercent(), "")
	if !asked {
		return // an error may be the ESP's own
	}
	a := b.front.ask(question{target: b.esp.links.cutAtPercent()})
	if !a.like(direct) && (a.err != nil || a.status == 400 || a.status >= 500) {
		b.find("target-lone-percent", "a link that ends in a lone %%: %s; the ESP answers %s", a.brief(), direct.brief())
	}
}

// takesPost lists the families whose links are sent POST: pages and one-click
// unsubscribe (RFC 8058).
func takesPost(f esp.Family) bool {
	switch f {
	case esp.FamilySES, esp.FamilySparkPost, esp.FamilyPostmark, esp.FamilyMandrill, esp.FamilyMailjet:
		return false
	}
	return true
}

// examinePost sends a POST to a path that is no link and to a made-up click, so
// that nothing can come of it: none is a link by which somebody could leave a
// list.
func (b *behind) examinePost() (answers []*answer) {
	if b.esp.known && !takesPost(b.esp.preset.Family) {
		return nil
	}
	for _, target := range []string{b.esp.links.post, b.esp.links.click} {
		a := b.front.ask(question{method: "POST", target: target, body: testID + "=made-up"})
		answers = append(answers, a)
		if b.checkPost(a) {
			break
		}
	}
	return answers
}

func (b *behind) checkPost(a *answer) (found bool) {
	target := a.asked.target
	direct, asked := b.same(target, "POST")
	switch {
	case asked && a.err == nil && a.like(direct):
	case a.challenges():
		b.find("filter-challenge", "%s: %s", a.asked.brief(), a.brief())
	case a.redirects() && asked:
		b.find("post-redirected", "%s: %s; the ESP answers %s", a.asked.brief(), a.brief(), direct.brief())
	case a.redirects() && b.isOwn(a):
		b.find("post-redirected", "%s: %s", a.asked.brief(), a.brief())
	case a.redirects(), a.err == nil && a.status < 400, a.err == nil && a.status == 404 && !asked:
	case asked && a.status == 404 && direct.status >= 400:
	case asked:
		b.find("post-refused", "%s: %s; the ESP answers %s", a.asked.brief(), a.brief(), direct.brief())
	default:
		return b.checkPostAlone(a)
	}
	return b.report.Has("post-redirected") || b.report.Has("post-refused") || b.report.Has("filter-challenge")
}

// checkPostAlone compares a refused POST with the GET, where the ESP may not be
// asked: an error that it gives itself cannot be told from one of the set-up.
func (b *behind) checkPostAlone(a *answer) (found bool) {
	if a.asked.target != b.esp.links.post {
		return false
	}
	get := b.front.ask(question{target: a.asked.target})
	if a.err == nil && a.status == get.status {
		return false
	}
	b.unseen(catalogue.Fidelity, "who refuses POST ("+a.brief()+"; GET: "+get.brief()+")", b.whyNoOrigin(), "")
	return false
}

func (b *behind) examineHead() *answer {
	a := b.front.ask(question{method: "HEAD", target: b.esp.links.open})
	if a.err == nil && (a.status == b.baseline.status || a.status < 400) {
		return a
	}
	direct, asked := b.same(b.esp.links.open, "HEAD")
	switch {
	case asked && direct.status == a.status:
	case asked:
		b.find("head-refused", "HEAD: %s; GET: %s; the ESP answers HEAD with %s", a.brief(), b.baseline.brief(), direct.brief())
	default:
		b.find("head-refused", "HEAD: %s; GET: %s; not seen: who refuses it, because %s", a.brief(), b.baseline.brief(), b.whyNoOrigin())
	}
	return a
}

// cookieBytes is less than a line of 8 KiB, which servers accept, and with the
// other fields more than the 8,192 bytes that SES does.
const cookieBytes = 8100

func (b *behind) examineCookies() {
	switch b.esp.preset.Family {
	case esp.FamilySES:
		if !b.hasProbe() {
			return
		}
		probe := b.esp.preset.Health
		cookie := wire.NewHeader("Cookie", testID+"="+strings.Repeat("x", cookieBytes-len(testID)-1))
		if a := b.front.ask(question{method: probe.Method, target: probe.Path, more: cookie}); a.err != nil || a.status >= 400 {
			b.find("cookies-not-stripped", "%s with %d bytes of cookies: %s", a.asked.brief(), cookieBytes, a.brief())
		}
	case esp.FamilyIterable:
		if b.origin != nil && b.origin.click.header.Has("Set-Cookie") && !b.click.header.Has("Set-Cookie") {
			b.find("cookies-lost", "the ESP sets a cookie, and the answer has none")
		}
	}
}

// checkLocation separates a link that was changed on its way to the ESP from a
// redirect that was changed on its way back. It reports whether it found
// either.
func (b *behind) checkLocation(d *originClient) (found bool) {
	got, want := b.click.get("Location"), d.click.get("Location")
	if !b.click.redirects() || !d.click.redirects() {
		return false
	}
	scheme, host, target := location(got)
	wantScheme, wantHost, wantTarget := location(want)
	switch {
	case target == wantTarget && (host != wantHost || scheme != wantScheme):
		b.find("location-rewritten", "the ESP redirects to %s, the set-up to %s", quoted(want), quoted(got))
		return true
	case b.click.acceptsTestLink() && d.click.acceptsTestLink():
		b.checkAccepted(d)
		return true
	}
	return false
}

// checkAccepted finds out why two redirects of one made-up link differ. d is
// nil where the ESP was not asked.
func (b *behind) checkAccepted(d *originClient) {
	got, want := b.click.get("Location"), testURL
	if d != nil {
		want = d.click.get("Location")
		for _, changed := range changes(b.esp.links.click) {
			if a := d.ask(d.correct(changed.target)); a.err == nil && a.get("Location") == got {
				b.find("target-changed", "%s: redirected to %s; so the ESP answers the link %s, and as it was sent with %s",
					b.click.asked.brief(), quoted(got), changed.how, quoted(want))
				return
			}
		}
	}
	seen := b.click.asked.brief() + ": redirected to " + quoted(got) + " where the ESP's redirect is " + quoted(want)
	if strings.HasPrefix(got, want) {
		b.find("location-rewritten", "%s; what is added stands behind the link's whole destination", seen)
		return
	}
	bare := testLinksTo(&b.esp.preset, plainURL).click
	if plain := b.front.ask(question{target: bare}); !strings.Contains(bare, "%") && plain.redirects() && plain.get("Location") != plainURL && plain.acceptsTestLink() {
		b.find("location-rewritten", "%s; a link to %s, in which nothing could be decoded, is redirected to %s", seen, plainURL, quoted(plain.get("Location")))
		return
	}
	f := b.find("target-changed", "%s; whether the link was changed, or the redirect on its way back, was not seen", seen)
	f.Title += ", or: their redirects are"
	b.alternatives[f.ID] = []string{"location-rewritten"}
}
