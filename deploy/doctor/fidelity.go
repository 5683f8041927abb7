package doctor

import (
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/hostsim/wire"
)

func (x *exam) examineFidelity() (stop string) {
	x.again = append(x.again, x.click)
	x.examineDestination()
	x.proveTarget()
	x.examineSlash()
	x.examineOdd()
	x.examineLone()
	x.examinePost()
	x.examineHead()
	x.examineCookies()
	x.concludeFidelity()
	return ""
}

// concludeFidelity says what of a link was seen to arrive.
func (x *exam) concludeFidelity() {
	if len(x.proof.target) > 0 {
		x.good("fidelity-ok", "%s", strings.Join(x.proof.target, "; "))
		return
	}
	because := "the ESP answers a made-up link alike without them"
	if x.direct == nil {
		because = x.whyNoDirect()
	}
	x.find("fidelity-unproven", "not seen: whether path and query arrive as they were sent, because %s", because).Fix = x.askForLink()
}

// same asks the ESP the same directly. ok is false where that may not be done.
func (x *exam) same(target, method string) (a *answer, ok bool) {
	if x.direct == nil {
		return nil, false
	}
	w := x.direct.right(target)
	w.method = method
	a = x.direct.ask(w)
	return a, a.err == nil
}

// examineDestination reads the redirect of the made-up click: where the ESP believed the link, it
// shows byte for byte what arrived. Where the ESP itself answers so, nothing was changed by the set-up.
func (x *exam) examineDestination() {
	want, reading := x.origin.Family.Destination(x.links.click)
	if reading == core.Unread || !x.click.believes() {
		return
	}
	switch got := x.click.get("Location"); {
	case got == want:
		x.proof.target = append(x.proof.target, "the redirect of a made-up click repeats its destination byte for byte")
	case x.direct == nil:
		x.judgeBelieved(nil)
	}
}

// proveTarget asks the ESP without the path and with another query. Where it then answers otherwise, and
// the set-up's answer was the right one, both have arrived.
func (x *exam) proveTarget() {
	if x.direct == nil || !x.click.like(x.direct.asIs) {
		return
	}
	var arrived []string
	if a, ok := x.same("/", ""); ok && !a.like(x.direct.asIs) {
		arrived = append(arrived, "path")
	}
	if bare, _, asked := strings.Cut(x.links.click, "?"); asked {
		if a, ok := x.same(bare+"?"+madeUpID, ""); ok && !a.like(x.direct.asIs) {
			arrived = append(arrived, "query")
		}
	}
	switch len(arrived) {
	case 1:
		x.proof.target = append(x.proof.target, "the "+arrived[0]+" of a made-up link arrives: the ESP answers otherwise without it")
	case 2:
		x.proof.target = append(x.proof.target, "path and query of a made-up link arrive: the ESP answers otherwise without them")
	}
}

// examineSlash asks for a path that holds "%2F", as links of SES and Postmark do, and for the same
// without it. It reports whether servers on the way refuse the one and not the other.
func (x *exam) examineSlash() (refused bool) {
	const plain, escaped = madeUpOther + "/slash", madeUpOther + "%2Fslash"
	straight, ok := x.same(escaped, "")
	if !ok {
		return false
	}
	a := x.front(question{target: escaped})
	if a.err == nil && (a.like(straight) || a.status < 400) {
		return false
	}
	b := x.front(question{target: plain})
	if direct, ok := x.same(plain, ""); !ok || !b.like(direct) {
		return false // it is not for the slash
	}
	x.find("target-slash-refused", "%s: %s; the ESP answers %s. Without %%2F the set-up answers as the ESP does", quoted(escaped), a.brief(), straight.brief())
	return true
}

// examineOdd sends bytes that proxies decode, refuse or rewrite.
func (x *exam) examineOdd() {
	target := x.links.odd()
	a := x.front(question{target: target})
	x.again = append(x.again, a)
	straight, asked := x.same(target, "")
	switch {
	case a.err == nil && asked && a.like(straight):
		x.proof.target = appendWhere(x.proof.target, "a link with %2F, //, | and quotes is answered as the ESP answers it")
	case a.err == nil && !asked && a.like(x.click):
	case a.redirects() && x.isOwn(a):
		x.find("target-changed", "%s is redirected to %s", quoted(target), quoted(a.get("Location")))
	case asked:
		x.find("target-odd-refused", "a link with %s: %s; the ESP answers %s", quoted(oddTail), a.brief(), straight.brief())
	case a.err != nil || a.status >= 400 && x.click.status < 400:
		x.find("target-odd-refused", "a link with %s: %s; without: %s; not seen: who refuses it, because %s", quoted(oddTail), a.brief(), x.click.brief(), x.whyNoDirect())
	}
}

// appendWhere adds to what was seen, where something was: by itself it shows no more than that nothing
// was refused.
func appendWhere(list []string, also string) []string {
	if len(list) == 0 {
		return nil
	}
	return append(list, also)
}

func (x *exam) isOwn(a *answer) bool {
	_, host, _ := location(a.get("Location"))
	return host == "" || host == x.opt.Host
}

// examineLone sends a lone "%", as a gateway leaves when it cuts a link.
func (x *exam) examineLone() {
	straight, asked := x.same(x.links.lone(), "")
	if !asked {
		return // an error may be the ESP's own
	}
	a := x.front(question{target: x.links.lone()})
	if !a.like(straight) && (a.err != nil || a.status == 400 || a.status >= 500) {
		x.find("target-lone-percent", "a link that ends in a lone %%: %s; the ESP answers %s", a.brief(), straight.brief())
	}
}

// takesPost lists the families whose links are sent POST: pages and one-click unsubscribe (RFC 8058).
func takesPost(f core.Family) bool {
	switch f {
	case core.FamilySES, core.FamilySparkPost, core.FamilyPostmark, core.FamilyMandrill, core.FamilyMailjet:
		return false
	}
	return true
}

// examinePost sends a POST to a path that is no link and to a made-up click, so that nothing can come of
// it: none is a link by which somebody could leave a list.
func (x *exam) examinePost() {
	if x.known && !takesPost(x.origin.Family) {
		return
	}
	for _, target := range []string{x.links.post, x.links.click} {
		a := x.front(question{method: "POST", target: target, body: madeUpID + "=made-up"})
		x.again = append(x.again, a)
		if x.judgePost(a) {
			return
		}
	}
}

func (x *exam) judgePost(a *answer) (told bool) {
	target := a.asked.target
	straight, asked := x.same(target, "POST")
	switch {
	case asked && a.err == nil && a.like(straight):
	case a.challenges():
		x.find("filter-challenge", "%s: %s", a.asked.brief(), a.brief())
	case a.redirects() && asked:
		x.find("post-redirected", "%s: %s; the ESP answers %s", a.asked.brief(), a.brief(), straight.brief())
	case a.redirects() && x.isOwn(a):
		x.find("post-redirected", "%s: %s", a.asked.brief(), a.brief())
	case a.redirects(), a.err == nil && a.status < 400, a.err == nil && a.status == 404 && !asked:
	case asked && a.status == 404 && straight.status >= 400:
	case asked:
		x.find("post-refused", "%s: %s; the ESP answers %s", a.asked.brief(), a.brief(), straight.brief())
	default:
		return x.judgePostAlone(a)
	}
	return x.report.Has("post-redirected") || x.report.Has("post-refused") || x.report.Has("filter-challenge")
}

// judgePostAlone holds a refused POST against the GET, where the ESP may not be asked: an error that it
// gives itself cannot be told from one of the set-up.
func (x *exam) judgePostAlone(a *answer) (told bool) {
	if a.asked.target != x.links.post {
		return false
	}
	b := x.front(question{target: a.asked.target})
	if a.err == nil && a.status == b.status {
		return false
	}
	x.unseen(catalogue.Fidelity, "who refuses POST ("+a.brief()+"; GET: "+b.brief()+")", x.whyNoDirect(), "")
	return false
}

func (x *exam) examineHead() {
	a := x.front(question{method: "HEAD", target: x.links.open})
	x.again = append(x.again, a)
	if a.err == nil && (a.status == x.baseline.status || a.status < 400) {
		return
	}
	straight, asked := x.same(x.links.open, "HEAD")
	switch {
	case asked && straight.status == a.status:
	case asked:
		x.find("head-refused", "HEAD: %s; GET: %s; the ESP answers HEAD with %s", a.brief(), x.baseline.brief(), straight.brief())
	default:
		x.find("head-refused", "HEAD: %s; GET: %s; not seen: who refuses it, because %s", a.brief(), x.baseline.brief(), x.whyNoDirect())
	}
}

// cookieBytes is less than a line of 8 KiB, which servers accept, and with the other fields more
// than the 8,192 bytes that SES does.
const cookieBytes = 8100

func (x *exam) examineCookies() {
	switch x.origin.Family {
	case core.FamilySES:
		probe := x.origin.Health
		cookie := wire.NewHeader("Cookie", madeUpID+"="+strings.Repeat("x", cookieBytes-len(madeUpID)-1))
		if a := x.front(question{method: probe.Method, target: probe.Path, more: cookie}); a.err != nil || a.status >= 400 {
			x.find("cookies-not-stripped", "%s with %d bytes of cookies: %s", a.asked.brief(), cookieBytes, a.brief())
		}
	case core.FamilyIterable:
		if x.direct != nil && x.direct.asIs.header.Has("Set-Cookie") && !x.click.header.Has("Set-Cookie") {
			x.find("cookies-lost", "the ESP sets a cookie, and the answer has none")
		}
	}
}
