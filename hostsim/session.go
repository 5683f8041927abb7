package hostsim

import (
	"context"
	"sync"
	"time"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
)

// session is one sandbox and its guest. It serves one request, and further ones
// when the guest asks for them. Its fields belong to the guest's goroutine.
type session struct {
	host *Host
	// bounds the guest and its backend requests; ends with the context of the
	// current run
	ctx     context.Context
	cancel  context.CancelCauseFunc
	sandbox *abi.Sandbox
	world   Guest
	first   uint64 // id of the first exchange
	current *run
	unhook  func() bool
	unwatch func() // stops watch; nil: there is no CPU limit
	served  []*run
	hasTurn bool
}

// start runs a new guest for r.
func (h *Host) start(r *run) {
	s := &session{host: h, first: r.rec.x.ID}
	s.ctx, s.cancel = context.WithCancelCause(h.ctx)
	s.attach(r)
	s.sandbox = abi.NewSandbox(s.ctx, h.svc, r.rec, r.down)
	s.watch()
	h.guests.Add(1)
	go func() {
		defer h.guests.Done()
		s.run()
	}()
}

// attach makes r the current run: when the context of r ends, so does the
// guest.
func (s *session) attach(r *run) {
	s.current, r.rec.session, r.rec.x.Sandbox = r, s, s.first
	s.unhook = context.AfterFunc(r.ctx, func() { s.cancel(context.Cause(r.ctx)) })
	s.served = append(s.served, r)
}

// rest completes the exchange of a guest that asks for another request, and
// attaches an idle run until there is one.
func (s *session) rest() {
	s.detach()
	s.current.end(Ending{Kind: Exited}, s.sandbox.Responded())
	go s.current.finish()
	s.attach(s.host.newIdle())
}

// take replaces the idle run by r, the next request.
func (s *session) take(r *run) {
	s.detach()
	go s.current.finish()
	s.attach(r)
	s.watch()
}

// detach stops the current run from ending the guest.
func (s *session) detach() {
	s.unhook()
	if s.unwatch != nil {
		s.unwatch()
	}
}

// run runs the guest, waits for its backend requests and for its responses to
// be sent, and completes its last exchange.
func (s *session) run() {
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
		Now: cfg.Now, Sleep: s.sandbox.Sleep, Rand: cfg.Rand, FS: cfg.FS, MemoryPages: cfg.Limits.MemoryPages, session: s}
	s.sandbox.Idle(s.takeTurn)
	defer s.giveTurn()
	s.sandbox.Waiting = func(begins bool) {
		if begins {
			s.giveTurn()
		} else {
			s.takeTurn()
		}
	}
	return s.ending(s.host.program.Run(s.ctx, &s.world))
}

// takeTurn waits until the guest may compute. Without a turn it goes on only
// when its time is up, and ends with the next host call or loop.
func (s *session) takeTurn() { s.hasTurn = s.host.turns.take(s.ctx) }

func (s *session) giveTurn() {
	if s.hasTurn {
		s.hasTurn = false
		s.host.turns.give()
	}
}

// watch ends a guest that has used up its CPU time for a request. It checks
// again after the time that is left, because a guest that waits uses none.
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

// output writes to the kept stdout or stderr of the current run, and to
// Config.Stdout or Config.Stderr.
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
		also.Write(p) // an error here is not the guest's to handle
	}
	return kept.Write(p)
}
