package abi

import "github.com/clickedge/clickedge/hostsim/wire"

// Version is an HTTP version as the ABI counts them.
type Version uint32

// The HTTP versions of the ABI.
const (
	HTTP09 Version = iota
	HTTP10
	HTTP11
	HTTP2
	HTTP3
)

// message is what requests and responses have in common.
type message struct {
	version Version
	header  wire.Header
	manual  bool // framing is the guest's
}

// request is a request without its body.
type request struct {
	message
	method  string
	uri     URI
	gunzip  bool
	pass    bool
	handOff bool // its outcome is the client's
}

// requestRow keeps what is known of a client's request after the request itself
// has been consumed.
type requestRow struct {
	request *request
	down    *Downstream
}

func reqBodyDownstreamGet(f *frame) {
	f.put32(0, f.s.downRequest)
	f.put32(1, f.s.downBody)
}

func reqNew(f *frame) {
	if f.spend(handleCost); f.ok() {
		r := &request{method: "GET", uri: URI{Target: "/"}, message: message{version: HTTP11}}
		f.put32(0, f.s.requests.add(&requestRow{request: r}))
	}
}

func reqClose(f *frame) { f.takeRequest(0) }

func reqMethodGet(f *frame) {
	if r := f.request(0); f.ok() {
		f.fill(1, []byte(r.method))
	}
}

func reqMethodSet(f *frame) {
	r := f.request(0)
	method := f.copied(1)
	if f.ok() && !wire.ValidName(method) {
		f.fail(Error)
	}
	if f.spend(len(method)); f.ok() {
		r.method = method
	}
}

func reqURIGet(f *frame) {
	if r := f.request(0); f.ok() {
		f.fill(1, []byte(r.uri.String()))
	}
}

func reqURISet(f *frame) {
	r := f.request(0)
	text := f.copied(1)
	if !f.ok() {
		return
	}
	uri, ok := ParseURI(text)
	if !ok {
		f.fail(Error)
	}
	if f.spend(len(text)); f.ok() {
		r.uri = uri
	}
}

// Flags of cache_override_tag. Nothing is cached on a send; only pass has an
// effect (see remote).
const cachePass, cacheKnown = 1, 31

func reqCacheOverride(f *frame) { f.overrideCache(f.flags(1, cacheKnown)) }

func (f *frame) overrideCache(tag uint32) {
	if r := f.request(0); f.ok() {
		r.pass = tag&cachePass != 0
	}
}

func reqCacheOverrideV2(f *frame) {
	tag := f.flags(1, cacheKnown)
	if f.u32(5) > 0 && !wire.ValidValue(f.copied(4)) {
		f.fail(Inval)
	}
	f.overrideCache(tag)
}

// reqCacheOverrideV3 takes the same as a record: ttl, stale-while-revalidate,
// surrogate keys (address, length), timeout of the lookup in milliseconds.
func reqCacheOverrideV3(f *frame) {
	tag, r := f.flags(1, cacheKnown), f.record(f.u32(2), 20, 4)
	if n := r.u32(12); n > 0 && !wire.ValidValue(string(f.view(r.u32(8), n))) {
		f.fail(Inval)
	}
	f.overrideCache(tag)
}

func reqAutoDecompress(f *frame) {
	encodings := f.flags(1, 1)
	if r := f.request(0); f.ok() {
		r.gunzip = encodings != 0
	}
}
