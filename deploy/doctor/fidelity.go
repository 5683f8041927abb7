package doctor

import (
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/hostsim/wire"
)

func (x *exam) examineFidelity() (stop string) {
	x.examineDestination()
	x.examineOdd()
	x.examineLone()
	x.examinePost()
	x.examineHead()
	x.examineCookies()
	x.good("fidelity-ok", "path, query and odd bytes arrive as they were sent")
	return ""
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
// shows byte for byte what arrived.
func (x *exam) examineDestination() {
	_, host, _ := location(x.click.get("Location"))
	want, reading := x.origin.Family.Destination(x.links.click)
	if got := x.click.get("Location"); reading != core.Unread && host == madeUpHost && got != want {
		x.find("target-changed", "the link leads to %s, the answer to %s", quoted(want), quoted(got))
	}
}

// examineOdd sends bytes that proxies decode, refuse or rewrite.
func (x *exam) examineOdd() {
	target := x.links.odd()
	a := x.front(question{target: target})
	straight, asked := x.same(target, "")
	switch {
	case a.err == nil && asked && a.like(straight), a.err == nil && !asked && a.like(x.click):
	case a.redirects() && x.isOwn(a):
		x.find("target-changed", "%s is redirected to %s", quoted(target), quoted(a.get("Location")))
	case a.err != nil || a.status >= 400 && (asked || x.click.status < 400):
		x.find("target-odd-refused", "a link with %s: %s", quoted(oddTail), a.brief())
	case asked:
		x.find("target-changed", "a link with %s: %s; the ESP answers %s", quoted(oddTail), a.brief(), straight.brief())
	}
}

func (x *exam) isOwn(a *answer) bool {
	_, host, _ := location(a.get("Location"))
	return host == "" || host == x.opt.Host
}

// examineLone sends a lone "%", as a gateway leaves when it cuts a link.
func (x *exam) examineLone() {
	a := x.front(question{target: x.links.lone()})
	if straight, asked := x.same(x.links.lone(), ""); asked && a.like(straight) {
		return
	}
	if a.err != nil || a.status == 400 && x.click.status != 400 || a.status >= 500 {
		x.find("target-lone-percent", "a link that ends in a lone %%: %s", a.brief())
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

// examinePost sends a POST to a path that is no link, so that nothing can come of it.
func (x *exam) examinePost() {
	if x.known && !takesPost(x.origin.Family) {
		return
	}
	a := x.front(question{method: "POST", target: x.links.post, body: madeUpID + "=made-up"})
	b := x.front(question{target: x.links.post})
	if a.err == nil && a.status == b.status {
		return
	}
	if straight, asked := x.same(x.links.post, "POST"); asked && a.err == nil && a.like(straight) {
		return
	}
	if a.err != nil || a.status >= 400 && a.status != 404 {
		x.find("post-refused", "POST: %s; GET: %s", a.brief(), b.brief())
	}
}

func (x *exam) examineHead() {
	a := x.front(question{method: "HEAD", target: x.links.open})
	if a.err == nil && (a.status == x.baseline.status || a.status < 400) {
		return
	}
	if straight, asked := x.same(x.links.open, "HEAD"); asked && straight.status == a.status {
		return
	}
	x.find("head-refused", "HEAD: %s; GET: %s", a.brief(), x.baseline.brief())
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
