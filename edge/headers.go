package main

import (
	"math/bits"
	"strings"
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

// candidates has, for each letter that names begin with, the known names: a few.
var candidates = func() (table [32]headerSet) {
	for i, name := range headerNames {
		table[name[0]&31] |= 1 << i
	}
	return table
}()

// read takes a list of names, each followed by a NUL, in any letter case. A name
// that is known tells where the next one begins; only the others are searched for
// their end.
func (h *headerSet) read(list string) {
	for *h = 0; list != ""; {
		known := knownPrefix(list)
		if known < 0 {
			end := strings.IndexByte(list, 0)
			if end < 0 {
				return
			}
			list = list[end+1:]
			continue
		}
		*h |= 1 << known
		list = list[len(headerNames[known])+1:]
	}
}

// knownPrefix returns the index of the known name with which the list begins, -1
// for none.
func knownPrefix(list string) int {
	for among := candidates[list[0]&31]; among != 0; among &= among - 1 {
		known := bits.TrailingZeros64(uint64(among))
		name := headerNames[known]
		if len(list) > len(name) && list[len(name)] == 0 && equalFold(list[:len(name)], name) {
			return known
		}
	}
	return -1
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
	if name == lower { // as a rule
		return true
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
