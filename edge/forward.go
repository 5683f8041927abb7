package main

import (
	"net/netip"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// proxy sends the reader's own request on and the ESP's own response back.
func (x *exchange) proxy(d core.Decision) {
	resp, body, why := x.send(d.Origin)
	if why != core.OK {
		x.afterFailure(why, 0)
		return
	}
	status, _ := resp.Status()
	x.record.OriginStatus = status
	if failed(status) && x.reads(d.Kind) {
		resp.Close()
		body.Close()
		x.afterFailure(core.ESPError, status)
		return
	}
	x.sendBack(resp, body, status)
}

// failed tells whether a status says that the ESP could not do its work, rather
// than that the link is bad.
func failed(status int) bool { return status >= 500 || status == 429 }

// reads tells whether a person is waiting for a page: a click, and not a POST,
// whose sender reads the ESP's own status.
func (x *exchange) reads(k core.Kind) bool {
	return (k == core.KindClick || k == core.KindApp) && (x.request.Method == "GET" || x.request.Method == "HEAD")
}

func (x *exchange) afterFailure(why core.Code, status int) {
	d := core.AfterFailure(&x.request, x.site, why)
	x.note(d)
	if d.Action == core.Redirect {
		x.redirect(d.Location)
		return
	}
	x.page(core.Page{Code: d.Code, Status: status})
}

// tell lets the ESP count a click that the reader no longer waits for. Its
// answer is only logged: whether it would have led to the same place is how a
// wrong reading is found.
func (x *exchange) tell(d core.Decision) {
	resp, body, why := x.send(d.Origin)
	if why != core.OK {
		return
	}
	x.record.OriginStatus, _ = resp.Status()
	to, _ := x.text(func(dst []byte) ([]byte, hostcall.Status) { return resp.AppendHeaderValues(dst, "location") })
	x.record.Agrees = "no"
	if first, _ := hostcall.Next(to); first == d.Location {
		x.record.Agrees = "yes"
	}
	resp.Close()
	body.Close()
}

// send edits the request and sends it to the origin. The handles are consumed
// whatever happens.
func (x *exchange) send(o *core.Origin) (hostcall.Response, hostcall.Body, core.Code) {
	if st := x.edit(o); st != hostcall.OK {
		x.record.OriginError = "header_" + st.String()
		return 0, 0, core.Internal
	}
	resp, body, failure, st := x.req.Send(x.body, o.Backend)
	if st == hostcall.OK {
		return resp, body, core.OK
	}
	x.record.OriginError = failure.String()
	if x.record.OriginError == "" {
		x.record.OriginError = st.String()
	}
	switch {
	case failure.TimedOut():
		return 0, 0, core.ESPTimeout
	case failure.TLS():
		return 0, 0, core.ESPTLS
	}
	return 0, 0, core.ESPUnreachable
}

// edit makes of the reader's request what the ESP expects. The target and every
// header that is not named here stay as they came.
func (x *exchange) edit(o *core.Origin) hostcall.Status {
	x.removeConnectionHeaders(x.headers, x.req)
	if o.StripCookies && x.headers.has(hdrCookie) {
		x.req.RemoveHeader("cookie")
	}
	if !o.ForwardedHost && x.headers.has(hdrForwardedHost) {
		// SparkPost takes it for the Host: nobody outside may choose that.
		x.req.RemoveHeader("x-forwarded-host")
	}
	host := x.site.Host
	if o.OriginHost {
		host = o.Address
	}
	st := x.req.SetHeader("host", host)
	if o.ForwardedHost {
		st = worse(st, x.req.SetHeader("x-forwarded-host", x.site.Host))
	}
	st = worse(st, x.req.SetHeader("x-forwarded-proto", x.scheme))
	if via := x.forwardedFor(); via != "" {
		st = worse(st, x.req.SetHeader("x-forwarded-for", via))
	}
	return worse(st, x.req.SetHeader("cdn-loop", x.loopMark()))
}

func worse(a, b hostcall.Status) hostcall.Status {
	if a != hostcall.OK {
		return a
	}
	return b
}

// forwardedFor is the list that came with the request, the reader's address
// appended. SparkPost places readers by it, and refuses too many clicks from one
// address.
func (x *exchange) forwardedFor() string {
	var octets [16]byte
	n, st := x.req.ClientIP(&octets)
	addr, ok := netip.AddrFromSlice(octets[:n])
	if st != hostcall.OK || !ok {
		return ""
	}
	line := make([]byte, 0, 64)
	if x.headers.has(hdrForwardedFor) {
		if before := x.joined("x-forwarded-for"); before != "" {
			line = append(append(line, before...), ", "...)
		}
	}
	return view(addr.Unmap().AppendTo(line))
}

func (x *exchange) loopMark() string {
	line := make([]byte, 0, 64)
	if x.request.CDNLoop != "" {
		line = append(append(line, x.request.CDNLoop...), ", "...)
	}
	return view(core.AppendLoop(line, x.site.Host))
}

// message is what requests and responses have in common here.
type message interface {
	AppendHeaderValues(dst []byte, name string) ([]byte, hostcall.Status)
	RemoveHeader(name string) hostcall.Status
}

// removeConnectionHeaders removes what concerns one connection only: the known
// names, and those that Connection names.
func (x *exchange) removeConnectionHeaders(set headerSet, m message) {
	if set&hopByHop == 0 {
		return
	}
	if set.has(hdrConnection) {
		list, _ := x.text(func(dst []byte) ([]byte, hostcall.Status) { return m.AppendHeaderValues(dst, "connection") })
		for list != "" {
			var line string
			line, list = hostcall.Next(list)
			for _, name := range strings.Split(line, ",") {
				if name = strings.TrimSpace(name); mayBeDropped(name) {
					m.RemoveHeader(name)
				}
			}
		}
	}
	(set & hopByHop).each(func(name string) { m.RemoveHeader(name) })
}

// mayBeDropped guards against a Connection header that names what the ESP or the
// reader needs: Host and the like are never about one connection.
func mayBeDropped(name string) bool {
	for _, kept := range [...]string{"", "close", "host", "content-type", "content-length", "location", "set-cookie", "cdn-loop"} {
		if equalFold(name, kept) {
			return false
		}
	}
	return true
}
