package abi

import (
	"context"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// Flags, size and strategies of cache_replace_options.
const (
	replaceHeaders  = 2
	replaceStrategy = 4
	replaceService  = 8
	replaceRange    = 16
	replaceKnown    = 31
	replaceSize     = 16

	replaceAtOnce    = 1 // race all others; the old object stays until then
	replaceForceMiss = 2 // the old object goes, and lookups wait
	replaceInTurn    = 3 // wait for those that are obliged already
)

// cacheReplace is an object that a guest is about to replace.
type cacheReplace struct {
	*cacheLookup
	headers wire.Header
}

var _ item = (*cacheReplace)(nil)

// replace finds the object to be replaced. All strategies but the first oblige
// the guest, so that others wait for it, or use what is still there.
func (c *Cache) replace(q *search, strategy uint32) (e *cacheEntry, wait <-chan struct{}) {
	if strategy == replaceAtOnce {
		return c.lookup(q.key, q.headers), nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.at(q.key)
	_, slots := k.matching(q.headers)
	e = found(q.key, nil)
	for _, slot := range slots {
		if slot.obliged && strategy == replaceInTurn {
			return nil, k.changed
		}
		if slot.object != nil && e.object == nil {
			e = c.hit(q.key, slot.object, c.now())
		}
	}
	if strategy == replaceForceMiss || e.object == nil {
		e.duty = c.oblige(k, q).duty
		return e, nil
	}
	variant := e.object.vary.variant(q.headers)
	slot := k.variants[variant]
	slot.obliged = true
	e.duty = &obligation{key: k, variant: variant, headers: q.headers, slot: slot}
	return e, nil
}

// awaitReplace repeats replace until it is the guest's turn.
func (c *Cache) awaitReplace(ctx context.Context, q *search, strategy uint32) *cacheEntry {
	return awaitEntry(ctx, func() (*cacheEntry, <-chan struct{}) { return c.replace(q, strategy) })
}

func cacheReplaceCall(f *frame) {
	mask, r := f.flags(2, replaceKnown), f.record(f.u32(3), replaceSize, 4)
	headers := f.headersOf(mask&replaceHeaders != 0, r.u32(0))
	strategy := uint32(replaceAtOnce)
	if mask&replaceStrategy != 0 {
		strategy = r.u32(4)
	}
	if strategy < replaceAtOnce || strategy > replaceInTurn {
		f.fail(Inval)
	}
	if mask&(replaceService|reservedFlag) != 0 {
		f.fail(Unsupported)
	}
	key := f.cacheKey()
	if f.spend(handleCost); !f.ok() {
		return
	}
	cache := f.s.svc.Cache
	done := f.s.idle()
	e := cache.awaitReplace(f.s.ctx, &search{key: key, headers: headers, by: f.s.identity, since: -1}, strategy)
	if done(); e == nil {
		f.fail(Error)
		return
	}
	e.alwaysRange = mask&replaceRange != 0
	f.put32(4, f.s.addItem(&cacheReplace{lookedUp(cache, e), headers}))
}

// cacheReplaceInsert ends the handle. Without headers of its own, those of the
// lookup count.
func cacheReplaceInsert(f *frame) {
	options, headers := f.writeOptions(2, true)
	r := takeItem[*cacheReplace](f, f.u32(0))
	if !f.ok() {
		return
	}
	if headers == nil {
		headers = r.headers
	}
	e := r.entry
	handle, body := f.startCacheBody(options.length)
	f.s.svc.Cache.insert(e.key, &cacheObject{cacheOptions: options, headers: headers, body: body}, e.duty)
	e.duty = nil
	f.put32(3, handle)
}

// onReplaced lifts a call about an object that is to be replaced: none when
// there is none.
func onReplaced(call func(*frame, *cacheEntry)) hostCall {
	return func(f *frame) {
		r := itemAs[*cacheReplace](f, f.u32(0))
		if f.ok() && r.entry.object == nil {
			f.fail(None)
		}
		if f.ok() {
			call(f, r.entry)
		}
	}
}

// cacheReplaceState is 0 without an object: an SDK takes any failure for its
// own mistake, whatever the ABI's text says.
func cacheReplaceState(f *frame) {
	if r := itemAs[*cacheReplace](f, f.u32(0)); f.ok() {
		f.put32(1, f.entryState(r.entry))
	}
}

func cacheReplaceBody(f *frame) {
	if f.checkBodyOptions(); f.ok() {
		onReplaced(cacheBody)(f)
	}
}
