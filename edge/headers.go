package main

import "github.com/clickedge/clickedge/edge/internal/hostcall"

// headerSet says which of the headers that matter a message has. It is read from
// one host call that lists the names, so that nothing is removed, or asked for,
// that is not there.
type headerSet uint32

const (
	hdrConnection headerSet = 1 << iota
	hdrKeepAlive
	hdrProxyConnection
	hdrProxyAuthenticate
	hdrProxyAuthorization
	hdrTE
	hdrTrailer
	hdrTransferEncoding
	hdrUpgrade
	hdrHTTP2Settings
	hdrCookie
	hdrCDNLoop
	hdrForwardedFor
	hdrForwardedHost
	hdrCacheControl
	hdrLocation
)

// hopByHop are the headers that concern one connection only (RFC 9110, 7.6.1),
// whether or not Connection names them.
const hopByHop = hdrConnection | hdrKeepAlive | hdrProxyConnection | hdrProxyAuthenticate |
	hdrProxyAuthorization | hdrTE | hdrTrailer | hdrTransferEncoding | hdrUpgrade | hdrHTTP2Settings

var headerNames = [...]string{
	"connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization",
	"te", "trailer", "transfer-encoding", "upgrade", "http2-settings",
	"cookie", "cdn-loop", "x-forwarded-for", "x-forwarded-host", "cache-control", "location",
}

// read takes a list of names, each followed by a NUL, in any letter case.
func (h *headerSet) read(list string) {
	for *h = 0; list != ""; {
		var name string
		name, list = hostcall.Next(list)
		for i, known := range headerNames {
			if equalFold(name, known) {
				*h |= 1 << i
				break
			}
		}
	}
}

func (h headerSet) has(one headerSet) bool { return h&one != 0 }

// each calls f with the name of every header in the set.
func (h headerSet) each(f func(name string)) {
	for i, name := range headerNames {
		if h&(1<<i) != 0 {
			f(name)
		}
	}
}

// equalFold compares a name of any case with one in lower case.
func equalFold(name, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
