package abi

import (
	"sync"
	"time"
	"unicode/utf8"
)

// Limits of rate counters and penalty boxes, from the documentation of Fastly's
// SDKs; how many entries a counter or a box has room for is the host's own.
const (
	maxRateName    = 64 // characters
	maxRateDelta   = 1000
	minRateLimit   = 10
	maxRateLimit   = 10000
	maxRateEntries = 10_000
	maxRateTables  = 1000
	ratePrecision  = 100 * time.Millisecond
	rateMemory     = time.Minute
)

// Rates are the rate counters and penalty boxes of a service. Fastly's may
// count up to a tenth too few; these count exactly, and what is not documented
// is said where it is decided.
type Rates struct {
	mu       sync.Mutex
	now      func() time.Time
	counters map[string]map[string]*rateEntry
	boxes    map[string]map[string]time.Time // when an entry is let out
}

// NewRates makes counters without entries; now is their clock.
func NewRates(now func() time.Time) *Rates {
	return &Rates{now: now, counters: map[string]map[string]*rateEntry{}, boxes: map[string]map[string]time.Time{}}
}

// rateEntry has what was counted in the last minute, in steps of ratePrecision,
// the oldest first.
type rateEntry struct {
	steps []rateStep
	last  time.Time
}

type rateStep struct {
	at time.Time
	n  uint64
}

// increment counts n; a full counter forgets the entry that was not incremented
// for the longest time. It reports whether there is room for the counter.
func (r *Rates) increment(counter, entry string, n uint32) bool {
	now := r.now()
	entries := r.counters[counter]
	if entries == nil {
		if len(r.counters) >= maxRateTables {
			return false
		}
		entries = map[string]*rateEntry{}
		r.counters[counter] = entries
	}
	e := entries[entry]
	if e == nil {
		if len(entries) >= maxRateEntries {
			delete(entries, least(entries, func(a, b *rateEntry) bool { return a.last.Before(b.last) }))
		}
		e = &rateEntry{}
		entries[entry] = e
	}
	e.add(now, uint64(n))
	return true
}

func (e *rateEntry) add(now time.Time, n uint64) {
	e.last = now
	for len(e.steps) > 0 && now.Sub(e.steps[0].at) > rateMemory+10*time.Second {
		e.steps = e.steps[1:]
	}
	at := now.Truncate(ratePrecision)
	if last := len(e.steps) - 1; last >= 0 && !e.steps[last].at.Before(at) {
		e.steps[last].n += n
		return
	}
	e.steps = append(e.steps, rateStep{at, n})
}

// since adds up what was counted after a time, or at it.
func (r *Rates) since(counter, entry string, from time.Time) (sum uint64) {
	if e := r.counters[counter][entry]; e != nil {
		for _, step := range e.steps {
			if !step.at.Before(from) {
				sum += step.n
			}
		}
	}
	return sum
}

// inWindow is the sum over the last seconds, the present moment included.
func (r *Rates) inWindow(counter, entry string, seconds uint32) uint64 {
	return r.since(counter, entry, r.now().Add(-time.Duration(seconds)*time.Second+1))
}

// count is the sum over so many buckets of ten seconds, of which the present
// one may just have begun.
func (r *Rates) count(counter, entry string, seconds uint32) uint64 {
	begun := r.now().Truncate(10 * time.Second)
	return r.since(counter, entry, begun.Add(-time.Duration(seconds-10)*time.Second))
}

// penalize puts an entry into a box. Times are rounded up to the minute on the
// platform, "so that the effective minimum is two minutes": here, to the next
// full minute of the clock. A full box lets out the entry with the shortest
// time left.
func (r *Rates) penalize(box, entry string, seconds uint32) bool {
	entries := r.boxes[box]
	if entries == nil {
		if len(r.boxes) >= maxRateTables {
			return false
		}
		entries = map[string]time.Time{}
		r.boxes[box] = entries
	}
	if _, there := entries[entry]; !there && len(entries) >= maxRateEntries {
		delete(entries, least(entries, time.Time.Before))
	}
	ttl := time.Duration(seconds) * time.Second
	entries[entry] = r.now().Add(ttl.Truncate(time.Minute)).Truncate(time.Minute).Add(time.Minute)
	return true
}

func (r *Rates) penalized(box, entry string) bool { return r.now().Before(r.boxes[box][entry]) }

// least is the key of the least value.
func least[V any](entries map[string]V, less func(a, b V) bool) (key string) {
	var value V
	found := false
	for k, v := range entries {
		if !found || less(v, value) {
			key, value, found = k, v, true
		}
	}
	return key
}

// rateName is the name of a counter, a box or an entry.
func (f *frame) rateName(i int) string {
	name := f.text(i)
	if utf8.RuneCountInString(name) > maxRateName {
		f.fail(Inval)
	}
	f.spend(len(name))
	return name
}

func (f *frame) rateDelta(i int) uint32 {
	if f.u32(i) > maxRateDelta {
		f.fail(Inval)
	}
	return f.u32(i)
}

func (f *frame) rateWindow(i int) uint32 {
	switch w := f.u32(i); w {
	case 1, 10, 60:
		return w
	}
	f.fail(Inval)
	return 1
}

// rateTTL is between a minute and an hour.
func (f *frame) rateTTL(i int) uint32 {
	if ttl := f.u32(i); ttl < 60 || ttl > 3600 {
		f.fail(Inval)
	}
	return f.u32(i)
}

// rates locks the counters; the caller unlocks them.
func (f *frame) rates() (r *Rates, unlock func()) {
	r = f.s.svc.Rates
	r.mu.Lock()
	return r, r.mu.Unlock
}

func erlIncrement(f *frame) {
	counter, entry, delta := f.rateName(0), f.rateName(2), f.rateDelta(4)
	if !f.ok() {
		return
	}
	r, unlock := f.rates()
	defer unlock()
	if !r.increment(counter, entry, delta) {
		f.fail(LimitExceeded)
	}
}

// erlRate rounds down.
func erlRate(f *frame) {
	counter, entry, window := f.rateName(0), f.rateName(2), f.rateWindow(4)
	if !f.ok() {
		return
	}
	r, unlock := f.rates()
	defer unlock()
	f.put32(5, uint32(min(r.inWindow(counter, entry, window)/uint64(window), 1<<32-1)))
}

func erlCount(f *frame) {
	counter, entry, duration := f.rateName(0), f.rateName(2), f.u32(4)
	if duration == 0 || duration > 60 || duration%10 != 0 {
		f.fail(Inval)
	}
	if !f.ok() {
		return
	}
	r, unlock := f.rates()
	defer unlock()
	f.put32(5, uint32(min(r.count(counter, entry, duration), 1<<32-1)))
}

func erlAdd(f *frame) {
	box, entry, ttl := f.rateName(0), f.rateName(2), f.rateTTL(4)
	if !f.ok() {
		return
	}
	r, unlock := f.rates()
	defer unlock()
	if !r.penalize(box, entry, ttl) {
		f.fail(LimitExceeded)
	}
}

func erlHas(f *frame) {
	box, entry := f.rateName(0), f.rateName(2)
	if !f.ok() {
		return
	}
	r, unlock := f.rates()
	defer unlock()
	f.put32(4, boolean(r.penalized(box, entry)))
}

// erlCheckRate counts first. An entry above the limit goes into the box; one
// that is in it is blocked whatever its rate.
func erlCheckRate(f *frame) {
	counter, entry, delta, window, limit := f.rateName(0), f.rateName(2), f.rateDelta(4), f.rateWindow(5), f.u32(6)
	if limit < minRateLimit || limit > maxRateLimit {
		f.fail(Inval)
	}
	box, ttl := f.rateName(7), f.rateTTL(9)
	if !f.ok() {
		return
	}
	r, unlock := f.rates()
	defer unlock()
	ok := r.increment(counter, entry, delta)
	blocked := r.penalized(box, entry)
	if r.inWindow(counter, entry, window) > uint64(limit)*uint64(window) {
		blocked = true
		ok = r.penalize(box, entry, ttl) && ok
	}
	if !ok {
		f.fail(LimitExceeded)
	}
	f.put32(10, boolean(blocked))
}
