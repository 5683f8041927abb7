package abi

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// Flags and sizes of the records of cache.witx.
const (
	lookupHeaders = 2
	lookupService = 4
	lookupRange   = 8
	lookupKnown   = 15
	lookupSize    = 12

	writeHeaders    = 2
	writeVary       = 4
	writeInitialAge = 8
	writeStale      = 16
	writeSurrogates = 32
	writeLength     = 64
	writeMetadata   = 128
	writeEdgeMaxAge = 512
	writeService    = 1024
	writeKnown      = 2047
	writeSize       = 80
	bodyFrom        = 2
	bodyTo          = 4
	bodyKnown       = 7
	bodyRangeSize   = 16
	reservedFlag    = 1
	maxCacheKey     = 4096
	maxSurrogates   = 16 << 10
	maxSurrogate    = 1024
	stateFound      = 1
	stateUsable     = 2
	stateStale      = 4
	stateMustInsert = 8
)

// coreKey and httpKey keep the keys of the two caches apart.
const coreKey, httpKey = "core ", "http "

// cacheLookup is an item: an entry that is there, or will be.
type cacheLookup struct {
	cache  *Cache
	done   chan struct{}
	cancel context.CancelFunc
	mu     sync.Mutex
	entry  *cacheEntry // after done; nil when the wait was cut short
	gone   bool
}

var _ item = (*cacheLookup)(nil)

func (l *cacheLookup) ready() <-chan struct{} { return l.done }

func lookedUp(c *Cache, e *cacheEntry) *cacheLookup {
	return &cacheLookup{cache: c, done: closed, cancel: func() {}, entry: e}
}

// settle sets the outcome. When the lookup was closed in the meantime, its
// obligation is given up.
func (l *cacheLookup) settle(e *cacheEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entry = e; l.gone && e != nil {
		l.cache.giveUp(e.duty)
	}
	close(l.done)
}

// giveUp releases the entry and its obligation.
func (l *cacheLookup) giveUp() {
	l.cancel()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone = true; l.entry != nil {
		l.cache.giveUp(l.entry.duty)
		l.entry.duty = nil
	}
}

// cacheKey is the key in arguments 0 and 1.
func (f *frame) cacheKey() string {
	key := f.copied(0)
	if len(key) > maxCacheKey {
		f.fail(Inval)
	}
	return coreKey + key
}

// lookupOptions are those in arguments 2 and 3: the headers of a request, and
// whether ranges always count.
func (f *frame) lookupOptions() (headers wire.Header, always bool) {
	mask := f.flags(2, lookupKnown)
	r := f.record(f.u32(3), lookupSize, 4)
	if headers = f.headersOf(mask&lookupHeaders != 0, r.u32(0)); mask&(lookupService|reservedFlag) != 0 {
		f.fail(Unsupported)
	}
	return headers, mask&lookupRange != 0
}

func (f *frame) headersOf(given bool, handle uint32) wire.Header {
	if !given || !f.ok() {
		return nil
	}
	if r := f.requestAt(handle); r != nil {
		return r.header.Clone()
	}
	return nil
}

func cacheLookupCall(f *frame) {
	headers, always := f.lookupOptions()
	key := f.cacheKey()
	f.newItem(4, func() item {
		e := f.s.svc.Cache.lookup(key, headers)
		e.alwaysRange = always
		return lookedUp(f.s.svc.Cache, e)
	})
}

// startTransaction looks up at once. When another guest has the obligation, it
// waits in the background.
func (f *frame) startTransaction() *cacheLookup {
	headers, always := f.lookupOptions()
	key := f.cacheKey()
	return f.transact(&search{key: key, headers: headers, by: f.s.identity, since: -1}, always)
}

func (f *frame) transact(q *search, always bool) *cacheLookup {
	if f.spend(handleCost); !f.ok() {
		return nil
	}
	cache := f.s.svc.Cache
	e, wait := cache.transaction(q)
	e.alwaysRange = always
	if wait == nil {
		return lookedUp(cache, e)
	}
	ctx, cancel := context.WithCancel(f.s.ctx)
	l := &cacheLookup{cache: cache, done: make(chan struct{}), cancel: cancel}
	f.s.pending.Go(func() {
		defer cancel()
		e := cache.await(ctx, q)
		if e != nil {
			e.alwaysRange = always
		}
		l.settle(e)
	})
	return l
}

func cacheTransactionAsync(f *frame) {
	if l := f.startTransaction(); f.ok() {
		f.put32(4, f.s.addItem(l))
	}
}

func cacheTransaction(f *frame) {
	l := f.startTransaction()
	if !f.ok() {
		return
	}
	// Viceroy gives out a busy handle on the way, which shows in the number of
	// the next
	f.s.addItem(nil)
	if f.await(l); f.ok() {
		f.put32(4, f.s.addItem(l))
	} else {
		l.giveUp()
	}
}

// await waits for an entry; the request's end ends the wait.
func (f *frame) await(l *cacheLookup) *cacheEntry {
	if !f.ok() {
		return nil
	}
	defer f.s.idle()()
	select {
	case <-l.done:
	case <-f.s.ctx.Done():
	}
	if !isClosed(l.done) || l.entry == nil {
		f.fail(Error)
		return nil
	}
	return l.entry
}

func (f *frame) cacheEntry() *cacheEntry {
	l := itemAs[*cacheLookup](f, f.u32(0))
	return f.await(l)
}

// cacheBusyWait moves what was found to a handle of its own. The busy handle
// stays, with nothing behind it, until it is closed.
func cacheBusyWait(f *frame) {
	e := f.cacheEntry()
	if f.spend(handleCost); !f.ok() {
		return
	}
	cache := f.s.svc.Cache
	f.s.items[f.u32(0)] = lookedUp(cache, found(e.key, nil))
	f.put32(1, f.s.addItem(lookedUp(cache, e)))
}

// writeOptions are those in the record at argument i, with the mask in
// argument i-1. In a transaction, its request's headers count, and no others.
func (f *frame) writeOptions(i int, withHeaders bool) (o cacheOptions, headers wire.Header) {
	mask, r := f.flags(i-1, writeKnown), f.record(f.u32(i), writeSize, 8)
	if headers = f.headersOf(mask&writeHeaders != 0 && withHeaders, r.u32(8)); !withHeaders && mask&writeHeaders != 0 {
		f.fail(Inval)
	}
	o = writeTimes(mask, r)
	if mask&writeVary != 0 {
		o.vary = f.varyRule(f.view(r.u32(12), r.u32(16)))
	}
	if mask&writeMetadata != 0 {
		o.metadata = slices.Clone(f.view(r.u32(56), r.u32(60)))
	}
	if mask&writeLength != 0 {
		o.length = int64(r.u64(48))
	}
	if mask&writeService != 0 {
		f.fail(Unsupported)
	}
	if mask&writeEdgeMaxAge != 0 && r.u64(64) > r.u64(0) {
		f.fail(Inval)
	}
	if mask&writeSurrogates != 0 {
		o.surrogates = f.surrogates(f.view(r.u32(40), r.u32(44)))
	}
	if mask&reservedFlag != 0 {
		f.fail(Unsupported)
	}
	if f.spend(len(o.metadata) + handleCost); f.ok() && !f.s.svc.Cache.room(0) {
		f.fail(LimitExceeded)
	}
	return o, headers
}

// writeTimes reads what is always there, and the durations that may be.
func writeTimes(mask uint32, r record) cacheOptions {
	o := cacheOptions{maxAge: nanoseconds(r.u64(0)), length: -1}
	if mask&writeInitialAge != 0 {
		o.initialAge = nanoseconds(r.u64(24))
	}
	if mask&writeStale != 0 {
		o.staleFor = nanoseconds(r.u64(32))
	}
	return o
}

// nanoseconds is a duration of at most 73 years, so that sums of them do not
// overflow.
func nanoseconds(n uint64) time.Duration { return time.Duration(min(n, 1<<61)) }

// varyRule reads names with single spaces between them.
func (f *frame) varyRule(text []byte) (rule varyRule) {
	if !utf8.Valid(text) {
		f.fail(Inval)
	}
	for _, name := range strings.Split(strings.ToLower(string(text)), " ") {
		if !wire.ValidName(name) {
			f.fail(Error)
		}
		rule = append(rule, name)
	}
	slices.Sort(rule)
	return slices.Compact(rule)
}

func (f *frame) surrogates(text []byte) []string {
	if len(text) > maxSurrogates {
		f.fail(Inval)
	}
	keys := strings.FieldsFunc(string(text), func(r rune) bool { return r == ' ' })
	for _, key := range keys {
		f.checkSurrogate(key)
	}
	return keys
}

// checkSurrogate wants visible ASCII.
func (f *frame) checkSurrogate(key string) {
	if len(key) > maxSurrogate || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		f.fail(Inval)
	}
}

// startCacheBody gives out the handle to write a body with, and collects what
// is written.
func (f *frame) startCacheBody(length int64) (handle uint32, c *collector) {
	c, handle = newCollector(), f.s.addItem(&Body{})
	body := f.startStreaming(handle)
	ctx, cache := f.s.ctx, f.s.svc.Cache
	f.s.pending.Go(func() { c.collect(ctx, body, length, cache.room) })
	return handle, c
}

func cacheInsert(f *frame) {
	key := f.cacheKey()
	options, headers := f.writeOptions(3, true)
	if !f.ok() {
		return
	}
	handle, body := f.startCacheBody(options.length)
	f.s.svc.Cache.insert(key, &cacheObject{cacheOptions: options, headers: headers, body: body}, nil)
	f.put32(4, handle)
}

// obliged is the entry in argument 0, which must have an obligation.
func (f *frame) obliged() *cacheEntry {
	e := f.cacheEntry()
	if f.ok() && e.duty == nil {
		f.fail(BadHandle)
	}
	return e
}

func cacheTransactionInsert(f *frame) { f.transactionInsert() }

func cacheTransactionInsertBack(f *frame) {
	if e := f.transactionInsert(); f.ok() {
		f.put32(4, f.s.addItem(lookedUp(f.s.svc.Cache, e)))
	}
}

// transactionInsert inserts the object that the guest is obliged to bring, and
// returns an entry for it.
func (f *frame) transactionInsert() *cacheEntry {
	options, _ := f.writeOptions(2, false)
	e := f.obliged()
	if !f.ok() {
		return nil
	}
	handle, body := f.startCacheBody(options.length)
	back := f.s.svc.Cache.insert(e.key, &cacheObject{cacheOptions: options, headers: e.duty.headers, body: body}, e.duty)
	e.duty = nil
	f.put32(3, handle)
	back.alwaysRange = e.alwaysRange
	return back
}

func cacheTransactionUpdate(f *frame) {
	options, _ := f.writeOptions(2, false)
	e := f.obliged()
	if f.ok() && e.duty.present == nil {
		f.fail(BadHandle)
	}
	if f.ok() {
		o := &cacheObject{cacheOptions: options, headers: e.duty.headers, body: e.duty.present.body}
		f.s.svc.Cache.insert(e.key, o, e.duty)
		e.duty = nil
	}
}

func cacheTransactionCancel(f *frame) {
	if e := f.obliged(); f.ok() {
		f.s.svc.Cache.giveUp(e.duty)
		e.duty = nil
	}
}

func cacheCloseBusy(f *frame) {
	if l := takeItem[*cacheLookup](f, f.u32(0)); f.ok() {
		l.giveUp()
	}
}

func cacheClose(f *frame) {
	l := takeItem[*cacheLookup](f, f.u32(0))
	if f.await(l); l != nil {
		l.giveUp()
	}
}

func cacheState(f *frame) {
	e := f.cacheEntry()
	if !f.ok() {
		return
	}
	state := f.entryState(e)
	if e.duty != nil {
		state |= stateMustInsert
	}
	f.put32(1, state)
}

// entryState sets "found" only for an object that can be used: older SDKs check
// that flag alone.
func (f *frame) entryState(e *cacheEntry) (state uint32) {
	cache := f.s.svc.Cache
	cache.mu.Lock()
	defer cache.mu.Unlock()
	if now := cache.now(); e.object != nil && e.object.usable(now) {
		state = stateFound | stateUsable
		if !e.object.fresh(now) {
			state |= stateStale
		}
	}
	return state
}

// onObject lifts a call about an object that was found: none when there is
// none.
func onObject(call func(*frame, *cacheEntry)) hostCall {
	return func(f *frame) {
		e := f.cacheEntry()
		if f.ok() && e.object == nil {
			f.fail(None)
		}
		if f.ok() {
			call(f, e)
		}
	}
}

func cacheMetadata(f *frame, e *cacheEntry) { f.fill(1, e.object.metadata) }
func cacheMaxAge(f *frame, e *cacheEntry)   { f.put64(1, uint64(e.object.maxAge)) }
func cacheAge(f *frame, e *cacheEntry)      { f.put64(1, uint64(e.object.age(f.s.svc.Cache.now()))) }

func cacheHits(f *frame, e *cacheEntry)     { f.put64(1, e.hits) }
func cacheStaleFor(f *frame, e *cacheEntry) { f.put64(1, uint64(e.object.staleFor)) }

func cacheLength(f *frame, e *cacheEntry) {
	if e.length < 0 {
		f.fail(None)
	}
	f.put64(1, uint64(e.length))
}

// cacheGetBody checks its options before it looks up the object.
func cacheGetBody(f *frame) {
	if f.checkBodyOptions(); f.ok() {
		onObject(cacheBody)(f)
	}
}

func (f *frame) checkBodyOptions() {
	mask := f.flags(1, bodyKnown)
	f.record(f.u32(2), bodyRangeSize, 8)
	if mask&reservedFlag != 0 {
		f.fail(Unsupported)
	}
}

// cacheBody gives a body to read the object, or a range of it, with. One may be
// open at a time.
func cacheBody(f *frame, e *cacheEntry) {
	mask, r := f.u32(1), f.record(f.u32(2), bodyRangeSize, 8)
	if f.ok() && e.readingSet {
		if _, open := f.s.items[e.reading].(*Body); open {
			f.fail(BadHandle)
		}
	}
	from, to := int64(-1), int64(-1)
	if mask&bodyFrom != 0 {
		from = int64(r.u64(0) &^ (1 << 63))
	}
	if mask&bodyTo != 0 {
		to = int64(r.u64(8) &^ (1 << 63))
	}
	body := f.cacheRange(e, from, to)
	if f.spend(handleCost); f.ok() {
		e.reading, e.readingSet = f.s.addItem(body), true
		f.put32(3, e.reading)
	}
}

// cacheRange reads from byte from to byte to, both included; without from, the
// last to bytes. A range that does not fit gives the whole body, as in HTTP;
// while the length is not known, so does any range, unless the lookup said
// otherwise.
func (f *frame) cacheRange(e *cacheEntry, from, to int64) *Body {
	if !f.ok() {
		return nil
	}
	body, length := e.object.body, e.object.known()
	if from < 0 && to < 0 || length < 0 && !e.alwaysRange || length >= 0 && !fits(from, to, length) {
		return body.read(0, -1)
	}
	if from < 0 {
		if length < 0 {
			f.collected(body, -1)
			length = e.object.known()
		}
		if to > length {
			return body.read(0, -1)
		}
		from, to = length-to, -1
	} else if length < 0 {
		f.collected(body, from+1)
	}
	if to >= 0 {
		to++
	}
	return body.read(from, to)
}

func (f *frame) collected(c *collector, n int64) {
	defer f.s.idle()()
	if c.await(f.s.ctx, n) != nil {
		f.fail(Error)
	}
}

// known is the length of an object, as it turned out or as it was announced; -1
// when there is neither.
func (o *cacheObject) known() int64 {
	if n := o.body.length(); n >= 0 {
		return n
	}
	return o.length
}

func fits(from, to, length int64) bool {
	switch {
	case from < 0:
		return to >= 1 && to <= length
	case from >= length:
		return false
	}
	return to < 0 || to >= from && to < length
}

// Flags of purge_options_mask.
const (
	purgeSoft   = 1
	purgeKnown  = 3
	purgeAnswer = 2
)

func purgeSurrogate(f *frame) {
	mask := f.flags(2, purgeKnown)
	if f.ok() && mask&purgeAnswer != 0 {
		f.fail(Unsupported)
	}
	key := f.text(0)
	if f.checkSurrogate(key); f.ok() {
		f.s.svc.Cache.Purge(key, mask&purgeSoft != 0)
	}
}
