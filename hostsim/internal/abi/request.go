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
	cache   cacheOverride
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

// Flags of cache_override_tag. The last is the time limit of a lookup, which is
// taken and ignored.
const cachePass, cacheTTL, cacheStale, cachePCI, cacheKnown = 1, 2, 4, 8, 31

// cacheOverride is what a guest has set for one request. Only pass has an
// effect without a cache (see remote).
type cacheOverride struct {
	tag             uint32
	maxAge, staleIn uint32 // seconds
	surrogates      []string
}

func reqCacheOverride(f *frame) {
	f.overrideCache(cacheOverride{tag: f.flags(1, cacheKnown), maxAge: f.u32(2), staleIn: f.u32(3)})
}

func (f *frame) overrideCache(o cacheOverride) {
	if r := f.request(0); f.ok() {
		r.pass, r.cache = o.tag&cachePass != 0, o
	}
}

// overrideKeys are surrogate keys in memory.
func (f *frame) overrideKeys(ptr, n uint32) []string {
	if n == 0 {
		return nil
	}
	text := string(f.view(ptr, n))
	if !wire.ValidValue(text) {
		f.fail(Inval)
	}
	f.spend(len(text))
	return validSurrogates(text)
}

func reqCacheOverrideV2(f *frame) {
	tag := f.flags(1, cacheKnown)
	f.overrideCache(cacheOverride{tag, f.u32(2), f.u32(3), f.overrideKeys(f.u32(4), f.u32(5))})
}

// reqCacheOverrideV3 takes the same as a record: ttl, stale-while-revalidate,
// surrogate keys (address, length), timeout of the lookup in milliseconds.
func reqCacheOverrideV3(f *frame) {
	tag, r := f.flags(1, cacheKnown), f.record(f.u32(2), 20, 4)
	f.overrideCache(cacheOverride{tag, r.u32(0), r.u32(4), f.overrideKeys(r.u32(8), r.u32(12))})
}

func reqAutoDecompress(f *frame) {
	encodings := f.flags(1, 1)
	if r := f.request(0); f.ok() {
		r.gunzip = encodings != 0
	}
}
