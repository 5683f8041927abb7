package main

import (
	"net/netip"
	"os"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// proxy sends the reader's own request on and the ESP's own response back.
func (x *exchange) proxy(d *core.Decision) {
	a := x.ask(d.Origin)
	if a.code != core.OK {
		x.afterFailure(a.code, core.Page{})
		return
	}
	status := x.originStatus(a)
	switch {
	case core.Unusable(status):
		a.close()
		x.afterFailure(core.ESPError, core.Page{})
	case core.Failed(status) && x.reads(d.Kind):
		wait, _ := a.resp.HeaderValues(&x.buf, "retry-after")
		first, _ := hostcall.Next(wait)
		a.close()
		x.afterFailure(core.ESPError, core.Page{Status: status, RetryAfter: core.RetryAfterOf(first)})
	default:
		x.sendBack(a.resp, a.body, status)
	}
}

// originStatus reads and notes the status that the ESP answered.
func (x *exchange) originStatus(a attempt) int {
	status, _ := a.resp.Status()
	x.record.OriginStatus = status
	if core.Failed(status) {
		x.record.Missed = "maybe"
	}
	return status
}

// reads tells whether a person is waiting for a page: a click, and not a POST,
// whose sender reads the ESP's own status.
func (x *exchange) reads(k core.Kind) bool {
	return (k == core.KindClick || k == core.KindApp) && (x.request.Method == "GET" || x.request.Method == "HEAD")
}

func (x *exchange) afterFailure(why core.Code, p core.Page) {
	d := core.AfterFailure(&x.request, x.site, why)
	x.note(&d)
	if d.Action == core.Redirect {
		x.redirect(&d)
		return
	}
	p.Code = d.Code
	x.page(p)
}

// tell lets the ESP count a click that the reader no longer waits for. Its
// answer is only logged.
func (x *exchange) tell(d *core.Decision) {
	a := x.ask(d.Origin)
	if a.code != core.OK {
		return
	}
	if status := x.originStatus(a); core.IsRedirect(status) {
		list, _ := a.resp.HeaderValues(&x.buf, "location")
		x.compare(d.Location, status, firstValue(list))
	}
	a.close()
}

// compare notes whether the ESP leads where the reader was sent. If it does not,
// the link was read wrongly, and standard error says so: hosts only, since a path
// may name the reader.
func (x *exchange) compare(ours string, status int, theirs string) {
	x.record.Agrees, x.record.OriginDestination = core.Agreement(ours, status, theirs, x.secure(), x.site.Host)
	if x.record.Agrees != "no" {
		return
	}
	where := x.record.OriginDestination
	switch where {
	case "":
		where = "what is no web page"
	case x.record.Destination:
		where = "another page of " + where
	}
	_, _ = os.Stderr.WriteString("warning: the ESP disagrees: the reader was sent to " + x.record.Destination + ", the ESP leads to " + where +
		"; site " + x.site.Host + ", esp " + x.site.ESP + ", request " + x.record.RequestID + "\n")
}

// firstValue returns the first of a header's values that is not empty, which is
// the Location that a browser would follow.
func firstValue(list string) string {
	first, rest := hostcall.Next(list)
	for first == "" && rest != "" {
		first, rest = hostcall.Next(rest)
	}
	return first
}

// secure reports whether the reader came over TLS.
func (x *exchange) secure() bool { return len(x.scheme) == len("https") }

// edit makes of the reader's request what the ESP expects. The target and every
// header that is not named here stay as they came.
func (x *exchange) edit(o *core.Origin) hostcall.Status {
	if x.headers.has(hopByHop) {
		x.removeConnectionHeaders(x.headers, x.req)
	}
	out := x.site.Outgoing(o)
	st := x.req.SetHeader("host", out.Host)
	if x.headers.has(credentials) {
		st = worse(st, x.keepCredentials(o, out))
	}
	if out.ForwardedHost {
		st = worse(st, x.req.SetHeader("x-forwarded-host", x.site.Host))
	} else if x.headers.has(hdrForwardedHost) {
		x.req.RemoveHeader("x-forwarded-host")
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
	n, st := x.req.ClientIP(&x.octets)
	if st != hostcall.OK || n != 4 && n != 16 {
		return ""
	}
	line := x.line()
	if x.headers.has(hdrForwardedFor) {
		if before := x.joined("x-forwarded-for"); before != "" {
			line = append(append(x.line(), before...), ", "...)
		}
	}
	return view(appendAddr(line, x.octets[:n]))
}

func (x *exchange) loopMark() string {
	line := x.line()
	if x.request.CDNLoop != "" {
		line = append(append(line, x.request.CDNLoop...), ", "...)
	}
	return view(core.AppendLoop(line, x.site.Host))
}

// line is room for a header's value that is made here; what is longer is put
// elsewhere. The host reads it before the next one is made.
func (x *exchange) line() []byte { return x.buf.Free()[:0] }

// appendAddr appends an address of 4 or 16 bytes in the usual form.
func appendAddr(dst []byte, octets []byte) []byte {
	if len(octets) == 4 {
		return appendIPv4(dst, [4]byte(octets))
	}
	addr, _ := netip.AddrFromSlice(octets)
	return addr.Unmap().AppendTo(dst)
}

// appendIPv4 appends an address in dotted form.
func appendIPv4(dst []byte, octets [4]byte) []byte {
	var text [16]byte
	at := 0
	for _, octet := range octets {
		n := uint32(octet)
		if n >= 100 {
			text[at&15] = byte('0' + n/100)
			at++
		}
		if n >= 10 {
			text[at&15] = byte('0' + n/10%10)
			at++
		}
		text[at&15], text[(at+1)&15] = byte('0'+n%10), '.'
		at += 2
	}
	return append(dst, text[:at-1]...) // without the last dot; 15 bytes at most
}

// message is what requests and responses have in common here.
type message interface {
	HeaderValues(b *hostcall.Buffer, name string) (string, hostcall.Status)
	RemoveHeader(name string) hostcall.Status
}

// removeConnectionHeaders removes what concerns one connection only: the known
// names, and those that Connection names. It reports whether there may have been
// others than the known ones.
func (x *exchange) removeConnectionHeaders(set headerSet, m message) (others bool) {
	if set.has(hdrConnection) {
		list, _ := m.HeaderValues(&x.buf, "connection")
		for list != "" {
			var line string
			line, list = hostcall.Next(list)
			for _, name := range strings.Split(line, ",") {
				if name = strings.TrimSpace(name); mayBeDropped(name) {
					m.RemoveHeader(name)
					others = true
				}
			}
		}
	}
	(set & hopByHop).each(func(name string) { m.RemoveHeader(name) })
	return others
}

// kept are the names in a Connection header that are left alone: its own words, and
// what the ESP or the reader needs. Host and the like are never about one
// connection, and without the fields of the content nobody can read it.
var kept = [...]string{
	"", "close", "keep-alive", "host", "content-type", "content-length", "content-encoding", "content-range",
	"location", "set-cookie", "cdn-loop",
}

// mayBeDropped guards against a Connection header that names one of these.
func mayBeDropped(name string) bool {
	for _, k := range kept {
		if strings.EqualFold(name, k) {
			return false
		}
	}
	return true
}
