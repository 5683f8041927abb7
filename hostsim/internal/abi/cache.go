package abi

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// Cache is the cache of a service, shared by its sandboxes: objects of the core
// cache, and responses of the HTTP cache, under keys that never meet. Under each
// key there is one object for each variant of the request headers that its vary
// rules name. A transaction obliges one guest to fetch what is missing or
// stale; the others wait for it, or use the stale object as long as its options
// allow.
type Cache struct {
	mu   sync.Mutex
	now  func() time.Time
	keys map[string]*cacheKey
	used int // bytes of bodies, and handleCost for each object
	size int
}

// NewCache makes an empty cache for size bytes (0: no limit); now is its clock.
// A body for which there is no room ends with an error.
func NewCache(now func() time.Time, size int) *Cache {
	return &Cache{now: now, size: size, keys: map[string]*cacheKey{}}
}

// cacheKey holds the variants of one key.
type cacheKey struct {
	name     string
	rules    []varyRule // the latest first
	variants map[string]*cacheSlot
	changed  chan struct{} // closed when an obligation is met or given up
	choices  int           // how often a guest has settled for a stale object
}

// cacheSlot is a variant: an object, a guest that is obliged to bring one, or
// both.
type cacheSlot struct {
	object  *cacheObject
	obliged bool
	chosen  int // cacheKey.choices when the object was settled for; 0: never
}

// cacheObject is what was inserted. Only stale and hits change.
type cacheObject struct {
	cacheOptions
	inserted time.Time
	headers  wire.Header
	body     *collector
	response *storedResponse // nil: an object of the core cache
	// uncacheable: there is no response, and lookups shall not wait for one.
	// The sandbox that has recorded that does not notice.
	uncacheable bool
	by          *identity
	stale       bool // purged softly
	hits        uint64
}

// identity stands for a sandbox without keeping it in memory.
type identity struct{ _ byte }

// cacheOptions are those of an insertion or update.
type cacheOptions struct {
	maxAge, initialAge, staleFor time.Duration
	staleIfError                 time.Duration
	vary                         varyRule
	varyText                     string // as the guest wrote it
	metadata                     []byte
	length                       int64 // -1: not known
	surrogates                   []string
	sensitive                    bool
}

func (o *cacheObject) age(now time.Time) time.Duration { return now.Sub(o.inserted) + o.initialAge }
func (o *cacheObject) fresh(now time.Time) bool        { return !o.stale && o.age(now) < o.maxAge }

// usable: fresh, or stale and within the time for that. A response that was
// purged softly has no fresh time left, only the other.
func (o *cacheObject) usable(now time.Time) bool {
	if o.response != nil && o.stale && o.staleFor == 0 || o.uncacheable {
		return false
	}
	return o.age(now) < o.maxAge+o.staleFor
}

// usableIfError: a response that may stand in for a failed revalidation.
func (o *cacheObject) usableIfError(now time.Time) bool {
	return o.response != nil && o.staleIfError > 0 && o.age(now) < o.maxAge+o.staleIfError
}

// broken: a response whose body will never be complete.
func (o *cacheObject) broken() bool {
	if o.response == nil {
		return false
	}
	_, _, err := o.body.state(0)
	return err != nil && err != io.EOF
}

// varyRule is a sorted list of header names in lower case.
type varyRule []string

// variant names the variant of a request: the values of the headers in the
// rule.
func (v varyRule) variant(headers wire.Header) string {
	var b strings.Builder
	for _, name := range v {
		fmt.Fprintf(&b, "%s=%q;", name, headers.Values(name))
	}
	return b.String()
}

// obligation is a guest's duty to insert or update a variant.
type obligation struct {
	key     *cacheKey
	variant string
	headers wire.Header
	// what can be updated; nil: an object has to be inserted
	present *cacheObject
	slot    *cacheSlot
}

// cacheEntry is what a lookup found, and the obligation that came with it.
type cacheEntry struct {
	key         string
	object      *cacheObject // nil: nothing found
	length      int64        // of the object when it was found, -1: not known
	hits        uint64
	usable      bool // when it was found
	chosen      bool // stale, and another guest has settled for it after an error
	direct      bool // recorded as uncacheable: neither wait nor insert
	duty        *obligation
	alwaysRange bool
	reading     uint32 // handle of the body that reads the object
	readingSet  bool
}

func (c *Cache) at(key string) *cacheKey {
	k := c.keys[key]
	if k == nil {
		k = &cacheKey{name: key, variants: map[string]*cacheSlot{}, changed: make(chan struct{})}
		c.keys[key] = k
	}
	return k
}

// matching returns the slots that match a request, those of the latest rule
// first.
func (k *cacheKey) matching(headers wire.Header) (names []string, slots []*cacheSlot) {
	for _, rule := range k.rules {
		name := rule.variant(headers)
		if slot := k.variants[name]; slot != nil {
			names, slots = append(names, name), append(slots, slot)
		}
	}
	return names, slots
}

func found(key string, o *cacheObject) *cacheEntry {
	e := &cacheEntry{key: key, object: o, length: -1}
	if o != nil {
		e.length = o.known()
	}
	return e
}

// hit is found for a lookup; c.mu is held.
func (c *Cache) hit(key string, o *cacheObject, now time.Time) *cacheEntry {
	usable := o.usable(now)
	if usable {
		o.hits++
	}
	e := found(key, o)
	e.usable, e.hits = usable, o.hits
	return e
}

// lookup takes part in no transaction. What it finds may be stale.
func (c *Cache) lookup(key string, headers wire.Header) *cacheEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.keys[key]; k != nil {
		_, slots := k.matching(headers)
		for _, slot := range slots {
			if o := slot.object; o != nil && !o.uncacheable && !o.broken() {
				return c.hit(key, o, c.now())
			}
		}
	}
	return found(key, nil)
}

// search is one question to the cache.
type search struct {
	key     string
	headers wire.Header
	by      *identity
	since   int // cacheKey.choices when the wait began
}

// transaction looks a key up once. With neither an object nor an obligation,
// another guest has the obligation, and wait is closed when that may have
// changed.
func (c *Cache) transaction(q *search) (e *cacheEntry, wait <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, now := c.at(q.key), c.now()
	names, slots := k.matching(q.headers)
	if e := c.ready(q, slots, now); e != nil {
		return e, nil
	}
	for _, slot := range slots {
		if slot.obliged {
			q.since = k.choices
			return found(q.key, nil), k.changed
		}
	}
	for i, slot := range slots {
		if o := slot.object; o != nil && !o.uncacheable && !o.broken() && (o.usable(now) || o.response != nil) {
			slot.obliged = true
			e = c.hit(q.key, o, now)
			e.duty = &obligation{key: k, variant: names[i], headers: q.headers, present: o, slot: slot}
			return e, nil
		}
	}
	return c.oblige(k, q), nil
}

// ready is the outcome that needs neither a wait nor an obligation; nil when
// there is none. c.mu is held.
func (c *Cache) ready(q *search, slots []*cacheSlot, now time.Time) *cacheEntry {
	for _, slot := range slots {
		o := slot.object
		switch {
		case o == nil || o.broken():
		case o.uncacheable:
			if o.fresh(now) && o.by != q.by {
				return &cacheEntry{key: q.key, length: -1, direct: true}
			}
		case o.fresh(now), o.usable(now) && slot.obliged:
			return c.hit(q.key, o, now)
		case slot.chosen > q.since && q.since >= 0:
			e := c.hit(q.key, o, now)
			e.usable, e.chosen = true, true
			return e
		}
	}
	return nil
}

// oblige demands an object under the latest rule; c.mu is held.
func (c *Cache) oblige(k *cacheKey, q *search) *cacheEntry {
	if len(k.rules) == 0 {
		k.rules = []varyRule{nil}
	}
	variant := k.rules[0].variant(q.headers)
	slot := k.variants[variant]
	if slot == nil {
		slot = &cacheSlot{}
		k.variants[variant] = slot
	} else if slot.object != nil && !slot.object.uncacheable {
		c.drop(slot)
	}
	slot.obliged = true
	e := found(q.key, nil)
	e.duty = &obligation{key: k, variant: variant, headers: q.headers, slot: slot}
	return e
}

// await repeats transaction until there is an outcome.
func (c *Cache) await(ctx context.Context, q *search) *cacheEntry {
	return awaitEntry(ctx, func() (*cacheEntry, <-chan struct{}) { return c.transaction(q) })
}

// awaitEntry repeats a try until it names nothing to wait for, or ctx ends: then
// it returns nil.
func awaitEntry(ctx context.Context, try func() (*cacheEntry, <-chan struct{})) *cacheEntry {
	for {
		e, wait := try()
		if wait == nil {
			return e
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil
		}
	}
}

// insert puts an object in place, ends the obligation, if there is one, and
// returns an entry for the object. An update keeps how often it was found.
func (c *Cache) insert(key string, o *cacheObject, duty *obligation) *cacheEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, options := c.at(key), o.cacheOptions
	if duty != nil {
		k = duty.key
		c.release(duty)
	}
	o.inserted = c.now()
	if duty != nil && duty.present != nil && duty.present.body == o.body {
		o.hits = duty.present.hits
	}
	k.rules = slices.DeleteFunc(k.rules, func(r varyRule) bool { return slices.Equal(r, options.vary) })
	k.rules = slices.Insert(k.rules, 0, options.vary)
	variant := options.vary.variant(o.headers)
	slot := k.variants[variant]
	if slot == nil {
		slot = &cacheSlot{}
		k.variants[variant] = slot
	}
	if slot.object != nil && slot.object.body != o.body {
		c.drop(slot)
	}
	if slot.object == nil {
		c.used += handleCost
	}
	slot.object = o
	k.announce()
	e := found(key, o)
	e.usable, e.hits = true, o.hits
	return e
}

// settle makes the stale object that a guest was to replace the outcome of all
// transactions that wait. It stays as stale as it was.
func (c *Cache) settle(duty *obligation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.release(duty)
	duty.key.choices++
	duty.slot.chosen = duty.key.choices
	duty.key.announce()
}

func (k *cacheKey) announce() {
	close(k.changed)
	k.changed = make(chan struct{})
}

// release ends an obligation; c.mu is held.
func (c *Cache) release(duty *obligation) {
	if slot := duty.key.variants[duty.variant]; slot != nil {
		slot.obliged = false
	}
}

// giveUp ends an obligation that was not met, so that another guest may take
// it.
func (c *Cache) giveUp(duty *obligation) {
	if duty == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.release(duty)
	c.prune(duty.key, duty.variant)
	duty.key.announce()
}

// drop deletes the object of a slot; c.mu is held.
func (c *Cache) drop(slot *cacheSlot) {
	if slot != nil && slot.object != nil {
		data, _, _ := slot.object.body.state(0)
		c.used -= len(data) + handleCost
		slot.object = nil
	}
}

// prune deletes a variant, and a key, that hold nothing; c.mu is held.
func (c *Cache) prune(k *cacheKey, variant string) {
	if slot := k.variants[variant]; slot != nil && slot.object == nil && !slot.obliged {
		delete(k.variants, variant)
	}
	if len(k.variants) == 0 {
		delete(c.keys, k.name)
	}
}

// room takes n bytes of the cache's size.
func (c *Cache) room(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size > 0 && c.used+n > c.size {
		return false
	}
	c.used += n
	return true
}

// evict drops responses that are neither fresh nor usable when n more bytes
// would not fit, and reports whether they fit then.
func (c *Cache) evict(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	fits := func() bool { return c.size <= 0 || c.used+n <= c.size }
	if fits() {
		return true
	}
	now := c.now()
	for _, k := range c.keys {
		for variant, slot := range k.variants {
			if o := slot.object; o != nil && o.response != nil && !slot.obliged && !o.usable(now) && !o.usableIfError(now) {
				c.drop(slot)
				c.prune(k, variant)
			}
		}
	}
	return fits()
}

// PurgeAll removes all objects. Obligations stay.
func (c *Cache) PurgeAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.keys {
		for variant, slot := range k.variants {
			c.drop(slot)
			c.prune(k, variant)
		}
	}
}

// Purge removes the objects with a surrogate key, or makes them stale.
func (c *Cache) Purge(surrogate string, soft bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.keys {
		for variant, slot := range k.variants {
			if slot.object == nil || !slices.Contains(slot.object.surrogates, surrogate) {
				continue
			}
			if soft {
				slot.object.stale = true
			} else {
				c.drop(slot)
				c.prune(k, variant)
			}
		}
	}
}
