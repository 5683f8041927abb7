package abi

import (
	"encoding/binary"
	"io"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// Flags and sizes of the records of http-cache.witx. The record of write options
// had no stale_if_error once: older guests have a shorter one.
const (
	httpReserved    = 1
	httpOverrideKey = 2
	httpBackendName = 4
	httpLookupKnown = 7
	httpLookupSize  = 16

	httpVary         = 2
	httpInitialAge   = 4
	httpStale        = 8
	httpSurrogate    = 16
	httpLength       = 32
	httpSensitiveBit = 64
	httpStaleError   = 128
	httpWriteKnown   = 255
	httpWriteSize    = 56
	httpWriteShort   = 48

	stateUsableIfError = 16
)

// httpLookup is a lookup in the HTTP cache, with the request that was looked
// up.
type httpLookup struct {
	*cacheLookup
	req *request
}

var _ item = (*httpLookup)(nil)

// httpCache makes a call of fastly_http_cache, which is not there unless the
// service has the cache.
func httpCache(call hostCall) hostCall {
	return func(f *frame) {
		if !f.s.svc.HTTPCache {
			unsupported(f)
			return
		}
		call(f)
	}
}

func httpCacheable(f *frame) {
	if r := f.request(0); f.ok() {
		f.put32(1, boolean(cacheableMethod(r.method)))
	}
}

func boolean(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

func httpSuggestedKey(f *frame) {
	if r := f.request(0); f.ok() {
		key := suggestedKey(r)
		f.fill(1, key[:])
	}
}

// httpQuestion is the request in argument 0, and the key under which to look:
// the request's own, or the one in the options at argument 2.
func (f *frame) httpQuestion() (*request, *search) {
	mask, o := f.flags(1, httpLookupKnown), f.record(f.u32(2), httpLookupSize, 4)
	r := f.request(0)
	if !f.ok() {
		return nil, nil
	}
	key := suggestedKey(r)
	if mask&httpOverrideKey != 0 {
		if given := f.view(o.u32(0), o.u32(4)); copy(key[:], given) != len(key) || len(given) != len(key) {
			f.fail(Inval)
		}
	}
	if mask&httpBackendName != 0 {
		f.textAt(o.u32(8), o.u32(12))
	}
	if mask&httpReserved != 0 {
		f.fail(Unsupported)
	}
	copied := *r
	copied.header = r.header.Clone()
	return &copied, &search{key: httpKey + string(key[:]), headers: copied.header, by: f.s.identity, since: -1}
}

func httpLookupCall(f *frame) {
	r, q := f.httpQuestion()
	f.newItem(3, func() item {
		return &httpLookup{lookedUp(f.s.svc.Cache, f.s.svc.Cache.lookup(q.key, q.headers)), r}
	})
}

// httpTransaction does not wait for another guest: whatever asks for the
// outcome does.
func httpTransaction(f *frame) {
	r, q := f.httpQuestion()
	if !f.ok() {
		return
	}
	if l := f.transact(q, false); f.ok() {
		f.put32(3, f.s.addItem(&httpLookup{l, r}))
	}
}

// httpEntry is what the lookup in argument 0 has found; it waits for that.
func (f *frame) httpEntry() (*httpLookup, *cacheEntry) {
	l := itemAs[*httpLookup](f, f.u32(0))
	if !f.ok() {
		return nil, nil
	}
	return l, f.await(l.cacheLookup)
}

// httpObliged is an entry with an obligation; without one the handle is bad.
func (f *frame) httpObliged() (*httpLookup, *cacheEntry) {
	l, e := f.httpEntry()
	if f.ok() && e.duty == nil {
		f.fail(BadHandle)
	}
	return l, e
}

// onResponse lifts a call about a response that was found and can be used: none
// when there is none.
func onResponse(call func(*frame, *cacheEntry)) hostCall {
	return func(f *frame) {
		_, e := f.httpEntry()
		if f.ok() && !e.usable {
			f.fail(None)
		}
		if f.ok() {
			call(f, e)
		}
	}
}

func httpStaleIfError(f *frame, e *cacheEntry) { f.put64(1, uint64(e.object.staleIfError)) }
func httpSensitive(f *frame, e *cacheEntry)    { f.put32(1, boolean(e.object.sensitive)) }
func httpVaryRule(f *frame, e *cacheEntry)     { f.fill(1, []byte(e.object.varyText)) }
func httpSurrogates(f *frame, e *cacheEntry) {
	f.fill(1, []byte(strings.Join(e.object.surrogates, " ")))
}

// httpState says what was the case when the lookup had its outcome. An expired
// response that can only be revalidated is stale, but not found.
func httpState(f *frame) {
	_, e := f.httpEntry()
	if !f.ok() {
		return
	}
	state, cache := uint32(0), f.s.svc.Cache
	cache.mu.Lock()
	if o, now := e.object, cache.now(); o != nil {
		if e.usable {
			state |= stateFound | stateUsable
		}
		if !o.fresh(now) {
			state |= stateStale
		}
		if e.chosen || e.duty != nil && !e.usable && o.usableIfError(now) {
			state |= stateUsableIfError
		}
	}
	cache.mu.Unlock()
	if e.duty != nil {
		state |= stateMustInsert
	}
	f.put32(1, state)
}

// httpWriteOptions are those in the record at argument i, with the mask in
// argument i-1, of those that count.
func (f *frame) httpWriteOptions(i int, counts uint32) (o cacheOptions) {
	mask := f.flags(i-1, httpWriteKnown) & counts
	size := uint32(httpWriteShort)
	if mask&httpStaleError != 0 {
		size = httpWriteSize
	}
	r := f.record(f.u32(i), size, 8)
	o = cacheOptions{maxAge: nanoseconds(r.u64(0)), length: -1, sensitive: mask&httpSensitiveBit != 0}
	if mask&httpVary != 0 {
		o.vary, o.varyText = f.httpVaryRule(f.view(r.u32(8), r.u32(12)))
	}
	if mask&httpInitialAge != 0 {
		o.initialAge = nanoseconds(r.u64(16))
	}
	if mask&httpStale != 0 {
		o.staleFor = nanoseconds(r.u64(24))
	}
	if mask&httpSurrogate != 0 {
		o.surrogates = f.surrogates(f.view(r.u32(32), r.u32(36)))
	}
	if mask&httpLength != 0 {
		o.length = int64(r.u64(40) &^ (1 << 63))
	}
	if mask&httpStaleError != 0 {
		o.staleIfError = nanoseconds(r.u64(48))
	}
	if mask&httpReserved != 0 {
		f.fail(Unsupported)
	}
	f.spend(len(o.varyText) + handleCost)
	return o
}

// httpVaryRule is a list of names with spaces between them. What is no field
// name, such as two with a comma, is kept and names nothing that a request has,
// so nothing varies by it.
func (f *frame) httpVaryRule(text []byte) (rule varyRule, kept string) {
	kept = string(text)
	if len(kept) > maxSurrogates {
		f.fail(Inval)
	}
	for _, name := range strings.Fields(strings.ToLower(kept)) {
		rule = append(rule, name)
	}
	slices.Sort(rule)
	return slices.Compact(rule), kept
}

// stored takes the head of the response in argument 1 for the cache.
func (f *frame) stored() *storedResponse {
	r := f.takeResponse(1)
	if !f.ok() {
		return nil
	}
	return r.stored()
}

func (r *response) stored() *storedResponse {
	return &storedResponse{version: r.version, status: r.status, header: forStorage(r.header)}
}

func httpInsert(f *frame) { f.httpInsert() }

func httpInsertBack(f *frame) {
	if back := f.httpInsert(); f.ok() {
		f.put32(5, f.s.addItem(back))
	}
}

// httpInsert stores the response that the guest is obliged to bring, and
// returns a lookup that has found it.
func (f *frame) httpInsert() *httpLookup {
	options := f.httpWriteOptions(3, httpWriteKnown)
	l, e := f.httpObliged()
	if f.ok() && !f.s.svc.Cache.evict(int(max(options.length, 0))) {
		f.fail(LimitExceeded)
	}
	head := f.stored()
	if !f.ok() {
		return nil
	}
	handle, body := f.startCacheBody(options.length)
	o := &cacheObject{cacheOptions: options, headers: e.duty.headers, body: body, response: head}
	back := f.httpMeet(l, e, o)
	f.put32(4, handle)
	return back
}

// httpMeet ends an obligation with an object, and returns a lookup that has
// found it.
func (f *frame) httpMeet(l *httpLookup, e *cacheEntry, o *cacheObject) *httpLookup {
	cache := f.s.svc.Cache
	back := cache.insert(e.key, o, e.duty)
	e.duty = nil
	return &httpLookup{lookedUp(cache, back), l.req}
}

func httpUpdate(f *frame) { f.httpUpdate() }

func httpUpdateFresh(f *frame) {
	if back := f.httpUpdate(); f.ok() {
		f.put32(4, f.s.addItem(back))
	}
}

func (f *frame) httpUpdate() *httpLookup {
	options := f.httpWriteOptions(3, httpWriteKnown)
	l, e := f.httpObliged()
	if f.ok() && e.duty.present == nil {
		f.fail(BadHandle)
	}
	head := f.stored()
	if !f.ok() {
		return nil
	}
	return f.httpMeet(l, e, e.duty.present.updated(options, head, e.duty.headers))
}

// updated keeps the body.
func (o *cacheObject) updated(options cacheOptions, head *storedResponse, headers wire.Header) *cacheObject {
	options.length = o.length
	return &cacheObject{cacheOptions: options, headers: headers, body: o.body, response: head}
}

// httpChooseStale serves the stale response to the guest and to those that
// wait, when it is within its time for errors.
func httpChooseStale(f *frame) {
	_, e := f.httpObliged()
	cache := f.s.svc.Cache
	if f.ok() && (e.duty.present == nil || !e.duty.present.usableIfError(cache.now())) {
		f.fail(BadHandle)
	}
	if f.ok() {
		cache.choose(e)
	}
}

func (c *Cache) choose(e *cacheEntry) {
	c.settle(e.duty)
	e.duty, e.usable, e.chosen = nil, true, true
}

// httpRecordUncacheable reads the time and the vary rule only.
func httpRecordUncacheable(f *frame) {
	options := f.httpWriteOptions(2, httpVary)
	_, e := f.httpObliged()
	if f.ok() {
		f.s.svc.Cache.recordUncacheable(e, options, f.s.identity)
	}
}

func (c *Cache) recordUncacheable(e *cacheEntry, options cacheOptions, by *identity) {
	nothing := newCollector()
	nothing.add(nil, &Body{}, io.EOF)
	o := &cacheObject{cacheOptions: cacheOptions{maxAge: options.maxAge, vary: options.vary, length: -1}, headers: e.duty.headers,
		body: nothing, uncacheable: true, by: by}
	c.insert(e.key, o, e.duty)
	e.duty = nil
}

func httpAbandon(f *frame) {
	if _, e := f.httpObliged(); f.ok() {
		f.s.svc.Cache.giveUp(e.duty)
		e.duty = nil
	}
}

func httpClose(f *frame) {
	if l := takeItem[*httpLookup](f, f.u32(0)); f.ok() {
		l.giveUp()
	}
}

func httpBackendRequest(f *frame) {
	l, e := f.httpEntry()
	if f.spend(handleCost); !f.ok() {
		return
	}
	var present *cacheObject
	if e.duty != nil {
		present = e.duty.present
	}
	f.put32(1, f.s.requests.add(&requestRow{request: backendRequest(l.req, present)}))
}

// httpPrepare consumes the response and gives out another one: for a 304, the
// stored one with what has changed.
func httpPrepare(f *frame) {
	_, e := f.httpEntry()
	if f.ok() {
		f.response(1)
	}
	if f.spend(handleCost); !f.ok() {
		return
	}
	action, r := prepareForStorage(e, f.takeResponse(1))
	f.put32(2, uint32(action))
	f.put32(3, f.s.responses.add(r))
}

func prepareForStorage(e *cacheEntry, r *response) (storageAction, *response) {
	if r.status == 304 && e.duty != nil && e.duty.present != nil {
		stored := e.duty.present.response
		fresh := *r
		fresh.status, fresh.header = stored.status, refreshed(stored.header, r.header)
		return storeUpdate, &fresh
	}
	return suggestedAction(r.status, r.header), r
}

func httpFoundResponse(f *frame) {
	l, e := f.httpEntry()
	if f.ok() && !e.usable {
		f.fail(None)
	}
	if f.spend(2 * handleCost); !f.ok() {
		return
	}
	r, body := foundResponse(e, l.req, f.u32(1) != 0, f.s.svc.Cache.now())
	f.put32(2, f.s.responses.add(r))
	f.put32(3, f.s.addItem(body))
}

// httpSuggestedOptions writes what was asked for. Texts go where the guest has
// room for them; when one does not fit, the lengths that are needed are
// written, and the status is buflen.
func httpSuggestedOptions(f *frame) {
	mask, given := f.flags(2, httpWriteKnown), f.record(f.u32(3), httpWriteShort, 8)
	_, e := f.httpEntry()
	r := f.response(1)
	if !f.ok() {
		return
	}
	o := suggestedOptions(r.header, e.key, f.s.svc.Cache.now())
	size := uint32(httpWriteShort)
	if mask&httpStaleError != 0 {
		size = httpWriteSize
	}
	out := f.aligned(f.u32(5), size, 8)
	if !f.ok() {
		return
	}
	put := func(at int, n uint64) { binary.LittleEndian.PutUint64(out[at:], n) }
	put(0, uint64(o.maxAge))
	if mask&httpInitialAge != 0 {
		put(16, uint64(o.initialAge))
	}
	if mask&httpStale != 0 {
		put(24, uint64(o.staleFor))
	}
	if mask&httpStaleError != 0 {
		put(48, uint64(o.staleIfError))
	}
	short := f.suggestText(mask&httpVary != 0, given, out, 8, o.varyText)
	short = f.suggestText(mask&httpSurrogate != 0, given, out, 32, strings.Join(o.surrogates, " ")) || short
	f.put32(4, mask&(httpVary|httpInitialAge|httpStale|httpSurrogate|httpStaleError))
	if short {
		f.fail(BufLen)
	}
}

// suggestText writes a text to the address that the guest gives at an offset of
// its record, and address and length to the other record. It reports whether
// the text does not fit.
func (f *frame) suggestText(wanted bool, given record, out []byte, at int, text string) (short bool) {
	if !wanted || !f.ok() {
		return false
	}
	ptr, room := given.u32(at), given.u32(at+4)
	binary.LittleEndian.PutUint32(out[at:], ptr)
	binary.LittleEndian.PutUint32(out[at+4:], uint32(len(text)))
	if uint64(len(text)) > uint64(room) {
		return true
	}
	copy(f.view(ptr, uint32(len(text))), text)
	return false
}

// surrogateKeys are those of Surrogate-Key fields.
func surrogateKeys(h wire.Header) (keys []string) {
	for _, value := range h.Values("Surrogate-Key") {
		keys = append(keys, validSurrogates(value)...)
	}
	return keys
}

// validSurrogates leaves out what cannot be a key, as the platform does with
// fields.
func validSurrogates(text string) []string {
	return slices.DeleteFunc(strings.Fields(text), func(key string) bool {
		return len(key) > maxSurrogate || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' })
	})
}
