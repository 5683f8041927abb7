package main

import (
	"math/bits"

	"github.com/clickedge/clickedge/core/word"
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
	hdrSetCookie
	hdrClearSiteData
	hdrAuthorization
	hdrFastlyKey
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
	"set-cookie", "clear-site-data", "authorization", "fastly-key",
}

// A name is told from others by its first and its last eight bytes, which are read
// as two numbers: no two of ours agree in these. Comparing all bytes would cost more
// than all the rest, and whoever makes up a longer name with the ends of another
// gains nothing: it lets us ask for, or remove, a header that is not there.
// lowered has the bit that tells lower case from upper, in eight bytes. No name has
// a byte that this confuses with a letter.
const lowered = 0x20 * word.Ones

// ends returns the ends of the name list[from:to] in lower case. A name of less than
// eight bytes is its own first end, and has no last. read has the usual cases of it
// written out, since a call per name is what a click would notice.
func ends(list string, from, to int) (first, last uint64) {
	n := uint(to - from)
	switch {
	case n >= 8:
		return word.At(list, from) | lowered, word.At(list, to-8) | lowered
	case to >= 8:
		return word.At(list, to-8)>>1>>(63-8*n) | lowered, 0 // n may be 0
	}
	for i := to - 1; i >= from; i-- { // at the list's own beginning: no eight bytes end with it
		first = first<<8 | uint64(list[i])
	}
	return first | lowered, 0
}

// nameTable has each known name where factor leads its ends, and no two at one
// place.
type nameTable struct {
	factor uint64
	slots  [1 << nameBits]nameSlot
}

type nameSlot struct {
	first, last uint64
	bit         headerSet
}

const nameBits = 7

var names = func() (t nameTable) {
	for t.factor = 0x9e3779b97f4a7c15; !t.fill(); t.factor += 2 {
	}
	return t
}()

func (t *nameTable) fill() bool {
	clear(t.slots[:])
	for i, name := range headerNames {
		first, last := ends(name, 0, len(name))
		slot := &t.slots[(first+last*3)*t.factor>>(64-nameBits)]
		if slot.bit != 0 {
			return false
		}
		*slot = nameSlot{first, last, 1 << i}
	}
	return true
}

// read takes a list of names, each followed by a NUL, in any letter case.
func (h *headerSet) read(list string) {
	var set headerSet
	factor, from := names.factor, 0
	for at := 0; at < len(list); at += 8 {
		var ended uint64
		if at+8 <= len(list) {
			ended = word.ZeroBytes(word.At(list, at))
		} else {
			ended = lastNULs(list, at)
		}
		for ; ended != 0; ended &= ended - 1 {
			to := at + word.First(ended)
			n := uint64(to - from)
			var first, last uint64
			switch {
			case n >= 8:
				first, last = word.At(list, from)|lowered, word.At(list, to-8)|lowered
			case to >= 8:
				first = word.At(list, to-8)>>1>>(63-8*n) | lowered // n may be 0
			default:
				first, last = ends(list, from, to)
			}
			if slot := &names.slots[(first+last*3)*factor>>(64-nameBits)]; slot.first == first && slot.last == last {
				set |= slot.bit
			}
			from = to + 1
		}
	}
	*h = set
}

// lastNULs is word.ZeroBytes for the last bytes of list, from at on, of which there are less
// than eight.
func lastNULs(list string, at int) uint64 {
	if len(list) >= 8 { // what lies before at is shifted out
		return word.ZeroBytes(word.At(list, len(list)-8)) >> (8 * uint(at+8-len(list)))
	}
	var w uint64
	for i := range len(list) {
		if list[i] == 0 {
			w |= 0x80 << (8 * i)
		}
	}
	return w
}

func (h headerSet) has(any headerSet) bool { return h&any != 0 }

// each calls f with the name of every header in the set.
func (h headerSet) each(f func(name string)) {
	for ; h != 0; h &= h - 1 {
		f(headerNames[bits.TrailingZeros64(uint64(h))])
	}
}
