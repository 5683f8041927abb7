package main

import (
	"os"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// answer is a response that is made here.
type answer struct {
	status int
	header [8][2]string // up to the first empty name
	body   []byte
}

// redirect sends the reader to a destination that has passed the grammar.
func (x *exchange) redirect(d *core.Decision) {
	x.record.Destination = d.Host
	resp, st := hostcall.NewResponse()
	st = worse(st, resp.SetStatus(302))
	st = worse(st, resp.SetHeader("location", d.Location))
	if st = worse(st, resp.SetHeader("cache-control", "no-store")); st != hostcall.OK {
		x.sendFailure()
		return
	}
	body, _ := hostcall.NewBody()
	x.depart(resp, body, 302)
}

// page sends a page that says why there is nothing else.
func (x *exchange) page(p core.Page) {
	p.RequestID = x.record.RequestID
	if x.site != nil {
		p.Home = x.site.Home
	}
	x.record.Code = p.Code
	a := answer{status: p.StatusCode(), header: [8][2]string{
		{"content-type", "text/html; charset=utf-8"},
		{"cache-control", "no-store"},
		{"x-robots-tag", "noindex"},
		{"content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"},
		{"x-content-type-options", "nosniff"},
		// The page's address may hold a recipient: the home page need not know it.
		{"referrer-policy", "no-referrer"},
	}}
	if wait := p.RetryHeader(); wait != "" {
		a.header[6] = [2]string{"retry-after", wait}
	} else if p.Code == core.BadMethod {
		a.header[6] = [2]string{"allow", "GET, HEAD"}
	}
	a.body = p.AppendHTML(make([]byte, 0, 2<<10))
	x.sendAnswer(&a)
}

// reply sends what is answered from here: an open's pixel, app-link files, and
// what crawlers and probes ask for.
func (x *exchange) reply(r core.ReplyBody) {
	mediaType, body := r.Content(x.site)
	a := answer{status: 200, body: body, header: [8][2]string{
		{"content-type", mediaType},
		{"cache-control", "no-store"},
		{"x-robots-tag", "noindex"},
		{"x-content-type-options", "nosniff"},
	}}
	if r.Cached() {
		a.header[1][1] = "public, max-age=3600"
	}
	if r == core.ReplyHealth {
		a.body = core.AppendHealth(nil, x.record.Version, sites.Len())
		if sites.Len() == 0 {
			a.status = core.NoSites.Notice().Status
		}
	}
	x.sendAnswer(&a)
}

// sendAnswer sends a response of ours.
func (x *exchange) sendAnswer(a *answer) {
	resp, st := hostcall.NewResponse()
	st = worse(st, resp.SetStatus(a.status))
	for _, h := range a.header {
		if h[0] == "" {
			break
		}
		st = worse(st, resp.SetHeader(h[0], h[1]))
	}
	if st != hostcall.OK {
		x.sendFailure()
		return
	}
	body, _ := hostcall.NewBody()
	if x.request.Method != "HEAD" {
		body.Write(a.body)
	}
	x.depart(resp, body, a.status)
}

// sendFailure sends a bare 500 where the host has refused a header, rather than half
// an answer, a 302 without Location say.
func (x *exchange) sendFailure() {
	x.record.Action, x.record.Code = core.Refuse, core.Internal
	resp, _ := hostcall.NewResponse()
	resp.SetStatus(500)
	body, _ := hostcall.NewBody()
	x.depart(resp, body, 500)
}

// sendBack sends the ESP's response to the reader as it is, but for the headers
// of its connection, for its cookies, for X-Robots-Tag, and for a redirect that the
// ESP left cacheable: a click that a browser answers from its cache is not counted.
func (x *exchange) sendBack(resp hostcall.Response, body hostcall.Body, status int) {
	names, _ := resp.HeaderNames(&x.buf)
	var set headerSet
	set.read(names)
	if set.has(hopByHop) && x.removeConnectionHeaders(set, resp) {
		names, _ = resp.HeaderNames(&x.buf) // what Connection named is there no more
		set.read(names)
	}
	if set.has(hdrSetCookie | hdrClearSiteData) {
		x.keepSetCookies(set, resp)
	}
	if !set.has(hdrRobotsTag) {
		resp.SetHeader("x-robots-tag", "noindex")
	}
	if core.IsRedirect(status) {
		x.sendOn(set, resp, status)
	}
	x.depart(resp, body, status)
}

// sendOn notes where a redirect of the ESP's leads, and sees to it that no browser
// keeps it unasked. As a rule its host is plain to see where the first Location
// begins, and where that ends need not be looked for.
func (x *exchange) sendOn(set headerSet, resp hostcall.Response, status int) {
	if set.has(hdrLocation) {
		list, _ := resp.HeaderValues(&x.buf, "location")
		host := destination.PlainHost(list)
		if host == "" {
			host = destination.HostOf(firstValue(list), x.secure(), x.site.Host)
		}
		x.record.Destination = host
	}
	if !set.has(hdrCacheControl) || core.KeptByDefault(status, "") && core.KeptByDefault(status, x.cacheControl(resp)) {
		resp.SetHeader("cache-control", "no-store")
	}
}

// cacheControl returns the header's values in one line.
func (x *exchange) cacheControl(resp hostcall.Response) string {
	list, _ := resp.HeaderValues(&x.buf, "cache-control")
	return strings.ReplaceAll(list, "\x00", ",")
}

// depart writes the line of the log and lets a response leave. The line goes
// first: where the reader has hung up, the host may end the sandbox right there,
// and the ESP has counted the click by then. Only what waits for the ESP's word
// after the answer is written later, by finish.
func (x *exchange) depart(resp hostcall.Response, body hostcall.Body, status int) {
	x.record.Status = status
	x.record.Micros = max(0, now()-x.start) / 1000 // the wall clock may step back
	if !x.tells {
		x.log()
	}
	x.answered = true
	if st := resp.SendDownstream(body); st != hostcall.OK {
		x.record.Action, x.record.Code = core.Refuse, core.Internal
		_, _ = os.Stderr.WriteString("internal error: the host did not take the answer (" + st.String() + "); request " + x.record.RequestID + "\n")
	}
}
