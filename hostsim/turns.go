package hostsim

import (
	"context"
	"slices"
	"sync"
)

// turns bounds how many guests compute at the same time. The others wait in
// order. A guest that waits in a host call has no turn: hundreds of guests may
// wait for backends, of which some are served by this process.
type turns struct {
	mu      sync.Mutex
	free    int
	waiting []chan struct{}
}

func newTurns(n int) *turns { return &turns{free: n} }

// take waits for a turn, or until ctx ends. It reports whether it has one.
func (t *turns) take(ctx context.Context) bool {
	t.mu.Lock()
	if t.free > 0 {
		t.free--
		t.mu.Unlock()
		return true
	}
	given := make(chan struct{})
	t.waiting = append(t.waiting, given)
	t.mu.Unlock()
	select {
	case <-given:
		return true
	case <-ctx.Done():
		return t.leave(given)
	}
}

// leave takes a waiting guest out, and reports whether it has got a turn in the
// meantime.
func (t *turns) leave(given chan struct{}) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(t.waiting, given)
	if i < 0 {
		return true
	}
	t.waiting = slices.Delete(t.waiting, i, i+1)
	return false
}

// give returns a turn.
func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) == 0 {
		t.free++
		return
	}
	close(t.waiting[0])
	t.waiting = t.waiting[1:]
}

// wanted reports whether a guest waits for a turn.
func (t *turns) wanted() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting) > 0
}
