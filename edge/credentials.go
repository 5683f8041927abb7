package main

import (
	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// credentials are the headers of a request that may say who the reader, or the
// operator, is to somebody else than the ESP. A request without them pays nothing.
const credentials = hdrCookie | hdrAuthorization | hdrFastlyKey

// keepCredentials takes off the request what the ESP is not to have. A failure
// means that the request must not be sent.
func (x *exchange) keepCredentials(o *core.Origin, out core.Outgoing) hostcall.Status {
	st := hostcall.OK
	if x.headers.has(hdrFastlyKey) {
		st = worse(st, gone(x.req.RemoveHeader("fastly-key")))
	}
	if x.headers.has(hdrAuthorization) && !out.Authorization {
		st = worse(st, gone(x.req.RemoveHeader("authorization")))
	}
	if x.headers.has(hdrCookie) && out.Cookies != core.CookiesPass {
		st = worse(st, x.keepCookies(o, out.Cookies))
	}
	return st
}

// keepCookies leaves the ESP its own cookies, in one field (RFC 6265, 5.4), or
// none. Over HTTP/2 a browser may have sent one field for each cookie.
func (x *exchange) keepCookies(o *core.Origin, mode core.Cookies) hostcall.Status {
	var line []byte
	if mode == core.CookiesOwn {
		list, _ := x.req.HeaderValues(&x.buf, "cookie")
		line = x.line()
		for list != "" {
			var field string
			field, list = hostcall.Next(list)
			line = o.AppendCookies(line, field)
		}
	}
	if len(line) == 0 {
		return gone(x.req.RemoveHeader("cookie"))
	}
	return x.req.SetHeader("cookie", view(line))
}

// gone reads the status of a removal. What was not there, since Connection named
// it say, is gone.
func gone(st hostcall.Status) hostcall.Status {
	if st == hostcall.InvalidArg {
		return hostcall.OK
	}
	return st
}

// keepSetCookies makes the cookies that the ESP sets this host's alone, or takes
// them off the answer. Where the host does not take them back they go.
func (x *exchange) keepSetCookies(set headerSet, resp hostcall.Response) {
	o := x.site.Origin
	if o.Cookies == core.CookiesPass {
		return
	}
	if set.has(hdrClearSiteData) {
		resp.RemoveHeader("clear-site-data")
	}
	if !set.has(hdrSetCookie) {
		return
	}
	if line := x.ownSetCookies(resp); len(line) == 0 || resp.SetHeaderValues("set-cookie", view(line)) != hostcall.OK {
		resp.RemoveHeader("set-cookie")
	}
}

// ownSetCookies returns the values of Set-Cookie as the reader gets them, each
// followed by a NUL.
func (x *exchange) ownSetCookies(resp hostcall.Response) []byte {
	o := x.site.Origin
	if o.Cookies != core.CookiesOwn {
		return nil
	}
	list, _ := resp.HeaderValues(&x.buf, "set-cookie")
	line := x.line()
	for list != "" {
		var field string
		field, list = hostcall.Next(list)
		before := len(line)
		if line = o.AppendSetCookie(line, field); len(line) > before {
			line = append(line, 0)
		}
	}
	return line
}
