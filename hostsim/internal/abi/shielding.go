package abi

import (
	"time"
	"unicode/utf8"

	"github.com/clickedge/clickedge/hostsim/internal/origin"
)

// Shield is a shielding site: the one this host claims to be, or another one
// with its addresses.
type Shield struct {
	Local      bool
	Plain, TLS string // URLs
}

// shieldInfo writes one byte, 1 for the local site, and the two URLs with a NUL
// behind each.
func shieldInfo(f *frame) {
	name := f.text(0)
	if !f.ok() {
		return
	}
	shield, ok := f.s.svc.Shields[name]
	if !ok {
		f.fail(Inval)
	}
	info := "\x00" + shield.Plain + "\x00" + shield.TLS + "\x00"
	if shield.Local {
		info = "\x01" + info[1:]
	}
	f.fillCounted(2, []byte(info))
}

// fillCounted is fill for calls that do not tell the length they need.
func (f *frame) fillCounted(i int, value []byte) {
	if f.ok() && uint64(len(value)) > uint64(f.u32(i+1)) {
		f.fail(BufLen)
	}
	copy(f.view(f.u32(i), uint32(len(value))), value)
	f.put32(i+2, uint32(len(value)))
}

// Flags of shield_backend_options, and the size of shield_backend_config.
const (
	shieldReserved = 1 << iota
	shieldCacheKey
	shieldFirstByte
	shieldBetweenBytes
	shieldKnown      = 15
	shieldConfigSize = 16
)

// backendForShield registers a backend for a shield's URL. It has no host of
// its own: the request's is passed on.
func backendForShield(f *frame) {
	target, mask := f.text(0), f.flags(2, shieldKnown)
	if f.ok() && mask&shieldReserved != 0 {
		f.fail(Inval)
	}
	config := f.record(f.u32(3), shieldConfigSize, 4)
	if mask&shieldCacheKey != 0 && !utf8.Valid(f.view(config.u32(0), config.u32(4))) {
		f.fail(Inval)
	}
	b := &origin.Backend{}
	if f.ok() && b.ParseURL(target) != nil {
		f.fail(Inval)
	}
	if b.Prefix == "" {
		target += "/"
	}
	if mask&shieldFirstByte != 0 {
		b.FirstByteTimeout = time.Duration(config.u32(8)) * time.Millisecond
	}
	if mask&shieldBetweenBytes != 0 {
		b.BetweenBytesTimeout = time.Duration(config.u32(12)) * time.Millisecond
	}
	b.SNI = ""
	name := "******" + target + "*****"
	f.addDynamic(name, b)
	f.fillCounted(4, []byte(name))
}
