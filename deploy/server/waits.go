package server

import (
	"sync"
	"time"
)

// waits are the hosts for which a CA is not asked for a while, since it has
// refused: CAs allow few attempts an hour. The zero value has none.
type waits struct {
	mu   sync.Mutex
	list map[string]wait
}

type wait struct {
	until    time.Time
	attempts int
}

// How long after a failure the next attempt comes: twice as long each time.
const (
	firstWait = 10 * time.Minute
	mostWait  = 6 * time.Hour
)

// until is when the CA may be asked again; the zero time: now.
func (w *waits) until(host string, now time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if until := w.list[host].until; until.After(now) {
		return until
	}
	return time.Time{}
}

// add records a failure; news is false if it is waited for already.
func (w *waits) add(host string, now time.Time) (until time.Time, news bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	one := w.list[host]
	if one.until.After(now) {
		return one.until, false
	}
	if w.list == nil {
		w.list = map[string]wait{}
	}
	one.until = now.Add(min(firstWait<<min(one.attempts, 8), mostWait))
	one.attempts++
	w.list[host] = one
	return one.until, true
}

func (w *waits) clear(host string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.list, host)
}

func (w *waits) clearAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = nil
}

// waiting is the error for a host that waits.
type waiting struct{ until time.Time }

// Error says until when.
func (w *waiting) Error() string { return "not before " + w.until.UTC().Format(time.RFC3339) }
