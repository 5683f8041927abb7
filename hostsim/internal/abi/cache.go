package abi

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// Cache is the core cache of a service, shared by its sandboxes. Under each key
// there is one object for each variant of the request headers that its vary
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
}

// cacheSlot is a variant: an object, a guest that is obliged to bring one, or
// both.
type cacheSlot struct {
	object  *cacheObject
	obliged bool
}

// cacheObject is what was inserted. Only stale changes.
type cacheObject struct {
	cacheOptions
	inserted time.Time
	headers  wire.Header
	body     *collector
	stale    bool // purged softly
}

// cacheOptions are those of an insertion or update.
type cacheOptions struct {
	maxAge, initialAge, staleFor time.Duration
	vary                         varyRule
	metadata                     []byte
	length                       int64 // -1: not known
	surrogates                   []string
}

func (o *cacheObject) age(now time.Time) time.Duration { return now.Sub(o.inserted) + o.initialAge }
func (o *cacheObject) fresh(now time.Time) bool        { return !o.stale && o.age(now) < o.maxAge }
func (o *cacheObject) usable(now time.Time) bool       { return o.age(now) < o.maxAge+o.staleFor }

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
}

// cacheEntry is what a lookup found, and the obligation that came with it.
type cacheEntry struct {
	key         string
	object      *cacheObject // nil: nothing found
	length      int64        // of the object when it was found, -1: not known
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

// lookup takes part in no transaction. What it finds may be stale.
func (c *Cache) lookup(key string, headers wire.Header) *cacheEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.keys[key]; k != nil {
		_, slots := k.matching(headers)
		for _, slot := range slots {
			if slot.object != nil {
				return found(key, slot.object)
			}
		}
	}
	return found(key, nil)
}

// transaction looks a key up once. With neither an object nor an obligation,
// another guest has the obligation, and wait is closed when that may have
// changed.
func (c *Cache) transaction(key string, headers wire.Header) (e *cacheEntry, wait <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, now := c.at(key), c.now()
	names, slots := k.matching(headers)
	obliged := false
	for _, slot := range slots {
		if o := slot.object; o != nil && (o.fresh(now) || o.usable(now) && slot.obliged) {
			return found(key, o), nil
		}
		obliged = obliged || slot.obliged
	}
	if obliged {
		return found(key, nil), k.changed
	}
	for i, slot := range slots {
		if slot.object != nil && slot.object.usable(now) {
			slot.obliged = true
			e = found(key, slot.object)
			e.duty = &obligation{k, names[i], headers, slot.object}
			return e, nil
		}
	}
	if len(k.rules) == 0 {
		k.rules = []varyRule{nil}
	}
	variant := k.rules[0].variant(headers)
	c.drop(k.variants[variant])
	k.variants[variant] = &cacheSlot{obliged: true}
	e = found(key, nil)
	e.duty = &obligation{k, variant, headers, nil}
	return e, nil
}

// await repeats transaction until there is an outcome, or ctx ends: then it
// returns nil.
func (c *Cache) await(ctx context.Context, key string, headers wire.Header) *cacheEntry {
	for {
		e, wait := c.transaction(key, headers)
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

// insert puts an object in place and ends the obligation, if there is one.
func (c *Cache) insert(key string, headers wire.Header, options cacheOptions, body *collector, duty *obligation) *cacheObject {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.at(key)
	if duty != nil {
		k = duty.key
		c.release(duty)
	}
	o := &cacheObject{cacheOptions: options, inserted: c.now(), headers: headers, body: body}
	k.rules = slices.DeleteFunc(k.rules, func(r varyRule) bool { return slices.Equal(r, options.vary) })
	k.rules = slices.Insert(k.rules, 0, options.vary)
	variant := options.vary.variant(headers)
	slot := k.variants[variant]
	if slot == nil {
		slot = &cacheSlot{}
		k.variants[variant] = slot
	}
	if slot.object != nil && slot.object.body != body {
		c.drop(slot)
	}
	if slot.object == nil {
		c.used += handleCost
	}
	slot.object = o
	k.announce()
	return o
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

// purge removes the objects with a surrogate key, or makes them stale.
func (c *Cache) purge(surrogate string, soft bool) {
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
