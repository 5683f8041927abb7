// Package header reads the header fields of a message: [Set] says which of
// those that matter it has, [Next] takes a list of values apart.
package header

import (
	"math/bits"

	"github.com/clickedge/clickedge/core/word"
)

// Set is the set of the header fields that matter and that a message has. It is
// read from one list of their names, so that nothing is removed, or asked for,
// that is not there.
type Set uint64

// The fields that matter, in the order of fieldNames.
const (
	Connection Set = 1 << iota
	KeepAlive
	ProxyConnection
	ProxyAuthenticate
	ProxyAuthorization
	TE
	Trailer
	TransferEncoding
	Upgrade
	HTTP2Settings
	ContentLength
	Cookie
	CDNLoop
	ForwardedFor
	ForwardedHost
	CacheControl
	Location
	RobotsTag
	UserAgent
	Accept
	AcceptLanguage
	From
	SignatureAgent
	FetchSite
	FetchMode
	FetchDest
	FetchUser
	SecPurpose
	Purpose
	XPurpose
	XMoz
	SetCookie
	ClearSiteData
	Authorization
	FastlyKey
)

// HopByHop are the fields that concern one connection only (RFC 9110, 7.6.1),
// whether or not Connection names them.
const HopByHop = Connection | KeepAlive | ProxyConnection | ProxyAuthenticate |
	ProxyAuthorization | TE | Trailer | TransferEncoding | Upgrade | HTTP2Settings

// Body is there where a request has a body.
const Body = ContentLength | TransferEncoding

// All is every field that matters.
const All = Set(1)<<len(fieldNames) - 1

var fieldNames = [...]string{
	"connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization",
	"te", "trailer", "transfer-encoding", "upgrade", "http2-settings", "content-length",
	"cookie", "cdn-loop", "x-forwarded-for", "x-forwarded-host", "cache-control", "location", "x-robots-tag",
	"user-agent", "accept", "accept-language", "from", "signature-agent",
	"sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "sec-fetch-user",
	"sec-purpose", "purpose", "x-purpose", "x-moz",
	"set-cookie", "clear-site-data", "authorization", "fastly-key",
}

// A name is known by its first and last eight bytes, read as two numbers: no
// two of ours agree in these. Comparing all bytes would cost more than all the
// rest. Whoever makes up a longer name with the ends of another gains nothing:
// we ask for, or remove, a header that is not there.

// lowered is the bit that makes a letter lower case, in each of eight bytes. No
// name has a byte that this turns into a letter.
const lowered = 0x20 * word.Ones

// ends returns the first and last eight bytes of the name list[from:to] in
// lower case. A name of less than eight bytes is its own first, and has no
// last. Read repeats the usual cases inline: a call for each name would cost
// more.
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

// nameTable is a perfect hash of the known names: with this factor no two of
// them have the same slot.
type nameTable struct {
	factor uint64
	slots  [1 << nameBits]nameSlot
}

type nameSlot struct {
	first, last uint64
	bit         Set
}

const nameBits = 7

var names = func() (t nameTable) {
	for t.factor = 0x9e3779b97f4a7c15; !t.fill(); t.factor += 2 {
	}
	return t
}()

func (t *nameTable) fill() bool {
	clear(t.slots[:])
	for i, name := range fieldNames {
		first, last := ends(name, 0, len(name))
		slot := &t.slots[(first+last*3)*t.factor>>(64-nameBits)]
		if slot.bit != 0 {
			return false
		}
		*slot = nameSlot{first, last, 1 << i}
	}
	return true
}

// Read takes a list of names, each followed by a NUL, in any letter case.
func (h *Set) Read(list string) {
	var set Set
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

// lastNULs is word.ZeroBytes for the last bytes of list, from at on, of which
// there are less than eight.
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

// Has reports whether any of these fields is there.
func (h Set) Has(any Set) bool { return h&any != 0 }

// Name returns the name of the set's first field, in lower case. The set must
// not be empty.
func (h Set) Name() string { return fieldNames[bits.TrailingZeros64(uint64(h))] }

// Rest returns the set without its first field.
func (h Set) Rest() Set { return h & (h - 1) }
