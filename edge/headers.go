package main

import (
	"math/bits"

	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// headerSet says which of the headers that matter a message has. It is read from
// one host call that lists the names, so that nothing is removed, or asked for,
// that is not there.
type headerSet uint64

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
	hdrContentLength
	hdrCookie
	hdrCDNLoop
	hdrForwardedFor
	hdrForwardedHost
	hdrCacheControl
	hdrLocation
	hdrRobotsTag
	hdrUserAgent
	hdrAccept
	hdrAcceptLanguage
	hdrFrom
	hdrSignatureAgent
	hdrFetchSite
	hdrFetchMode
	hdrFetchDest
	hdrFetchUser
	hdrSecPurpose
	hdrPurpose
	hdrXPurpose
	hdrXMoz
)

// hopByHop are the headers that concern one connection only (RFC 9110, 7.6.1),
// whether or not Connection names them.
const hopByHop = hdrConnection | hdrKeepAlive | hdrProxyConnection | hdrProxyAuthenticate |
	hdrProxyAuthorization | hdrTE | hdrTrailer | hdrTransferEncoding | hdrUpgrade | hdrHTTP2Settings

var headerNames = [...]string{
	"connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization",
	"te", "trailer", "transfer-encoding", "upgrade", "http2-settings", "content-length",
	"cookie", "cdn-loop", "x-forwarded-for", "x-forwarded-host", "cache-control", "location", "x-robots-tag",
	"user-agent", "accept", "accept-language", "from", "signature-agent",
	"sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "sec-fetch-user",
	"sec-purpose", "purpose", "x-purpose", "x-moz",
}

// headersOfLength has the known names of each length, so that a name is compared
// with two or three of them. It is made once, before the snapshot.
var headersOfLength = func() (of [32]headerSet) {
	for i, name := range headerNames {
		of[len(name)] |= 1 << i
	}
	return of
}()

// read takes a list of names, each followed by a NUL, in any letter case.
func (h *headerSet) read(list string) {
	for *h = 0; list != ""; {
		var name string
		name, list = hostcall.Next(list)
		if len(name) >= len(headersOfLength) {
			continue
		}
		for rest := headersOfLength[len(name)]; rest != 0; rest &= rest - 1 {
			if i := bits.TrailingZeros64(uint64(rest)); equalFold(name, headerNames[i]) {
				*h |= 1 << i
				break
			}
		}
	}
}

func (h headerSet) has(any headerSet) bool { return h&any != 0 }

// each calls f with the name of every header in the set.
func (h headerSet) each(f func(name string)) {
	for ; h != 0; h &= h - 1 {
		f(headerNames[bits.TrailingZeros64(uint64(h))])
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
