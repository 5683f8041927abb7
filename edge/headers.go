package main

import "math/bits"

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

// A name is found by a hash that is computed while its end is looked for. Only the
// hash and the length are compared, since a comparison of the bytes costs more than
// all the rest. Whoever makes up a name with the hash of another gains nothing: it
// lets us ask for, or remove, a header that is not there.
const hashSeed, hashFactor = 2166136261, 16777619 // FNV-1

// nameTable has each known name where factor leads its hash, and no two at one
// place.
type nameTable struct {
	factor uint32
	slots  [256]struct {
		hash   uint32
		length uint8
		index  uint8
	}
}

var names = func() (t nameTable) {
	for t.factor = 1; !t.fill(); t.factor += 2 {
	}
	return t
}()

func (t *nameTable) fill() bool {
	clear(t.slots[:])
	for i, name := range headerNames {
		hash := uint32(hashSeed)
		for j := range len(name) {
			hash = hash*hashFactor ^ uint32(name[j])
		}
		slot := &t.slots[hash*t.factor>>24]
		if slot.length != 0 {
			return false
		}
		slot.hash, slot.length, slot.index = hash, uint8(len(name)), uint8(i)
	}
	return true
}

// read takes a list of names, each followed by a NUL, in any letter case.
func (h *headerSet) read(list string) {
	var set headerSet
	hash, from := uint32(hashSeed), 0
	for i := 0; i < len(list); i++ {
		if c := list[i]; c != 0 {
			hash = hash*hashFactor ^ uint32(c|0x20) // no name has a byte that this confuses with a letter
			continue
		}
		if slot := &names.slots[hash*names.factor>>24]; slot.hash == hash && int(slot.length) == i-from {
			set |= 1 << slot.index
		}
		hash, from = hashSeed, i+1
	}
	*h = set
}

func (h headerSet) has(any headerSet) bool { return h&any != 0 }

// each calls f with the name of every header in the set.
func (h headerSet) each(f func(name string)) {
	for ; h != 0; h &= h - 1 {
		f(headerNames[bits.TrailingZeros64(uint64(h))])
	}
}
