package abi

import (
	"context"
	"time"
)

// Promise is a sandbox's place in the queue for one more client request.
type Promise interface {
	// Ready returns a channel that is closed when Wait will not block.
	Ready() <-chan struct{}
	// Wait takes the request; nil means that there will be none. It ends with
	// ctx, too.
	Wait(ctx context.Context) *Next
	// Abandon gives the place back. A request that has come in the meantime
	// goes elsewhere.
	Abandon()
}

// Next is a request for a sandbox that has answered another one.
type Next struct {
	Down    *Downstream
	Outside Outside
}

// Limits of Viceroy (src/sandbox.rs, src/execute.rs).
const (
	maxAccepted    = 5 // requests per sandbox, after its first
	maxNextTimeout = 10 * time.Second
)

// promise is the item of next_request. Without a place in the queue it is ready
// at once and brings no request.
type promise struct{ place Promise }

var _ item = (*promise)(nil)

func (p *promise) ready() <-chan struct{} {
	if p.place == nil {
		return closed
	}
	return p.place.Ready()
}

func (p *promise) abandon() {
	if p.place != nil {
		p.place.Abandon()
	}
}

// Flags of next_request_options_mask.
const nextTimeout, nextKnown = 2, 3

func nextRequest(f *frame) {
	mask, r := f.flags(0, nextKnown), f.record(f.u32(1), 8, 8)
	if f.ok() && f.s.promise != nil {
		f.fail(LimitExceeded)
	}
	timeout := maxNextTimeout
	if ms := r.u64(0); mask&nextTimeout != 0 && ms < uint64(maxNextTimeout/time.Millisecond) {
		timeout = time.Duration(ms) * time.Millisecond
	}
	f.newItem(2, func() item {
		f.s.promise = &promise{place: f.s.queue(timeout)}
		return f.s.promise
	})
}

// queue asks for a place. After one refusal a sandbox gets no place any more.
func (s *Sandbox) queue(timeout time.Duration) Promise {
	if s.accepted >= maxAccepted {
		return nil
	}
	place := s.outside.NextRequest(timeout)
	if s.accepted++; place == nil {
		s.accepted = maxAccepted
	}
	return place
}

func nextRequestWait(f *frame) {
	if !f.s.responded {
		f.fail(Unsupported)
	}
	p := takeItem[*promise](f, f.u32(0))
	if !f.ok() {
		return
	}
	f.s.promise = nil
	if p.place == nil {
		f.fail(None)
		return
	}
	idle := f.s.idle()
	next := p.place.Wait(f.s.ctx)
	idle()
	if next == nil {
		f.fail(None)
		return
	}
	f.s.outside = next.Outside
	f.s.accept(next.Down)
	f.a = f.a[1:]
	reqBodyDownstreamGet(f)
}

func nextRequestAbandon(f *frame) {
	p := takeItem[*promise](f, f.u32(0))
	if f.ok() {
		p.abandon()
		f.s.promise = nil
	}
}
