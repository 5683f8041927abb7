package hostsim

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
)

// maxWaiting is how many sandboxes may wait for a request, as in Viceroy
// (src/execute.rs).
const maxWaiting = 5

// queue holds the sandboxes that wait for a request. The latest gets the next
// one.
type queue struct {
	mu     sync.Mutex
	places []*place
}

// place is one sandbox's wait. It is over when it has got a request, timed out,
// or was given back.
type place struct {
	queue   *queue
	session *session
	ready   chan struct{}
	timer   *time.Timer
	over    bool // under queue.mu, as is run
	run     *run // a request that the guest has not taken yet
}

var _ abi.Promise = (*place)(nil)

// offer hands r to a waiting sandbox, if there is one.
func (q *queue) offer(r *run) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.places) == 0 {
		return false
	}
	p := q.places[len(q.places)-1]
	p.run = r
	p.leave()
	return true
}

// add returns nil when too many wait.
func (q *queue) add(s *session, timeout time.Duration) abi.Promise {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.places) >= maxWaiting {
		return nil
	}
	p := &place{queue: q, session: s, ready: make(chan struct{})}
	q.places = append(q.places, p)
	p.timer = time.AfterFunc(timeout, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		p.leave()
	})
	return p
}

// leave takes the place out of the queue; the queue's lock is held.
func (p *place) leave() {
	if p.over {
		return
	}
	p.over = true
	p.timer.Stop()
	p.queue.places = slices.DeleteFunc(p.queue.places, func(other *place) bool { return other == p })
	close(p.ready)
}

// Ready implements abi.Promise.
func (p *place) Ready() <-chan struct{} { return p.ready }

// Wait implements abi.Promise. The exchange before is complete: a guest that
// waits does nothing more for it.
func (p *place) Wait(ctx context.Context) *abi.Next {
	p.session.rest()
	select {
	case <-p.ready:
	case <-ctx.Done():
	}
	r := p.take()
	if r == nil {
		p.session.current.limit()
		return nil
	}
	p.session.take(r)
	return &abi.Next{Down: r.down, Outside: r.rec}
}

func (p *place) take() *run {
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	p.leave()
	r := p.run
	p.run = nil
	return r
}

// Abandon implements abi.Promise.
func (p *place) Abandon() {
	if r := p.take(); r != nil {
		r.host.start(r)
	}
}
