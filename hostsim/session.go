package hostsim

import (
	"context"
	"sync"
	"time"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
)

// session is one sandbox and its guest. It serves one request, and further ones when the guest asks for them. Its fields
// belong to the guest's goroutine.
type session struct {
	host    *Host
	ctx     context.Context // bounds the guest and its backend requests; ends with the context of the current run
	cancel  context.CancelCauseFunc
	sandbox *abi.Sandbox
	world   Guest
	first   uint64 // id of the first exchange
	current *run
	unhook  func() bool
	unwatch func() // ends watch; nil: nothing is watched
	served  []*run
}

// start runs a guest for r.
func (h *Host) start(r *run) {
	s := &session{host: h, first: r.rec.x.ID}
	s.ctx, s.cancel = context.WithCancelCause(h.ctx)
	s.attach(r)
	s.sandbox = abi.NewSandbox(s.ctx, h.svc, r.rec, r.down)
	s.watch()
	h.guests.Add(1)
	go func() {
		defer h.guests.Done()
		s.live()
	}()
}

// attach makes the guest be about r: what bounds r bounds the guest.
func (s *session) attach(r *run) {
	s.current, r.rec.session, r.rec.x.Sandbox = r, s, s.first
	s.unhook = context.AfterFunc(r.ctx, func() { s.cancel(context.Cause(r.ctx)) })
	s.served = append(s.served, r)
}

// rest ends the current exchange of a guest that waits for another request.
func (s *session) rest() {
	s.detach()
	s.current.end(Ending{Kind: Exited}, s.sandbox.Responded())
	go s.current.finish()
	s.attach(s.host.newIdle())
}

// take leaves the idle run for r.
func (s *session) take(r *run) {
	s.detach()
	go s.current.finish()
	s.attach(r)
	s.watch()
}

// detach frees the guest from the bounds of its current run.
func (s *session) detach() {
	s.unhook()
	if s.unwatch != nil {
		s.unwatch()
	}
}

// live runs the guest and then sees its exchanges through.
func (s *session) live() {
	ending := s.guest()
	s.detach()
	s.current.end(ending, s.sandbox.Responded())
	s.sandbox.EndGuest(fallback(ending))
	s.sandbox.WaitSends()
	for _, r := range s.served {
		<-r.replied
	}
	s.sandbox.Close()
	s.cancel(nil)
	s.current.finish()
}

// guest runs the program once.
func (s *session) guest() Ending {
	cfg := &s.host.cfg
	s.world = Guest{Entry: cfg.Entry, Args: cfg.args(), Env: cfg.environment(s.first), Stdout: output{s, false}, Stderr: output{s, true},
		Now: cfg.Now, Sleep: s.sleep, Rand: cfg.Rand, FS: cfg.FS, MemoryPages: cfg.Limits.MemoryPages, session: s}
	return s.ending(s.host.program.Run(s.ctx, &s.world))
}

// sleep ends with the request: a guest that sleeps must not outlive its time limit.
func (s *session) sleep(d time.Duration) {
	if d > 0 {
		s.sandbox.Sleep(d)
	}
}

// watch ends a guest that has used up its CPU time for a request. It looks again when the guest could have, had it not
// waited.
func (s *session) watch() {
	limit := s.host.cfg.Limits.CPU
	if limit <= 0 {
		return
	}
	from, stop := s.sandbox.Worked(), make(chan struct{})
	s.unwatch = sync.OnceFunc(func() { close(stop) })
	go func() {
		for left := limit; left > 0; left = limit - (s.sandbox.Worked() - from) {
			timer := time.NewTimer(max(left, time.Millisecond))
			select {
			case <-timer.C:
			case <-stop:
				timer.Stop()
				return
			}
		}
		s.cancel(errCPULimit)
	}()
}

// output writes to what the current run keeps of stdout or stderr, and to the outside.
type output struct {
	s   *session
	err bool
}

func (o output) Write(p []byte) (int, error) {
	kept, also := &o.s.current.out, o.s.host.cfg.Stdout
	if o.err {
		kept, also = &o.s.current.err, o.s.host.cfg.Stderr
	}
	if also != nil {
		also.Write(p) // that it cannot be written is nothing that a guest could mend
	}
	return kept.Write(p)
}
