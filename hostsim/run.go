package hostsim

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero/sys"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
)

// Reasons for which a request's context ends.
var (
	errTimeLimit  = errors.New("time limit")
	errCPULimit   = errors.New("CPU time limit")
	errClientGone = errors.New("client went away")
)

// run is one client request, from its start to its Exchange.
type run struct {
	host *Host
	down *abi.Downstream
	idle bool // stands for a sandbox between two requests
	// bounds the response, and the guest while it serves this request
	ctx     context.Context
	cancel  context.CancelCauseFunc
	rec     *recorder
	started time.Time
	out     capped
	err     capped
	gone    atomic.Bool // the client has gone and there was no answer yet
	// closed by the client's side when the response has gone out, or cannot
	replied chan struct{}
	done    chan struct{} // everything is over, the exchange is complete
}

// begin hands a request to a sandbox that waits for one, or to a new one. It
// returns nil when the host is closed.
func (h *Host) begin(down *abi.Downstream, summary RequestSummary) *run {
	if !h.enter() {
		return nil
	}
	down.ID = h.nextID.Add(1) - 1
	if h.cfg.Production {
		addClientFields(down)
	}
	r := h.newRun(down, summary)
	r.limit()
	if !h.queue.offer(r) {
		h.start(r)
	}
	return r
}

func (h *Host) newRun(down *abi.Downstream, summary RequestSummary) *run {
	r := &run{host: h, down: down, started: time.Now(), replied: make(chan struct{}), done: make(chan struct{})}
	r.rec = &recorder{x: &Exchange{ID: down.ID, Sandbox: down.ID, Request: summary}, onLog: h.cfg.OnLog,
		reply: make(chan *abi.Outgoing, 1), hints: make(chan struct{}, 1), calls: h.cfg.Limits.Calls, bodies: h.cfg.Limits.SentBody,
		started: r.started}
	r.out.limit, r.err.limit = h.cfg.Limits.Output, h.cfg.Limits.Output
	r.ctx, r.cancel = context.WithCancelCause(h.ctx)
	return r
}

// limit starts the time limit.
func (r *run) limit() { r.cancelAfter(r.host.cfg.Limits.Time, errTimeLimit) }

func (r *run) cancelAfter(d time.Duration, cause error) {
	timer := time.AfterFunc(d, func() { r.cancel(cause) })
	context.AfterFunc(r.ctx, func() { timer.Stop() })
}

// newIdle makes the run of a sandbox that waits for a request. Its output is
// not kept. Its time limit starts when the wait has ended without a request.
func (h *Host) newIdle() *run {
	r := h.newRun(&abi.Downstream{}, RequestSummary{})
	r.idle, r.rec.calls, r.out.limit, r.err.limit = true, 0, 0, 0
	close(r.replied)
	return r
}

// end is called by the guest's goroutine when the guest has finished this
// request.
func (r *run) end(ending Ending, responded bool) {
	x := r.rec.x
	x.Ending, x.Responded, x.Duration = ending, responded, time.Since(r.started)
	x.Stdout, x.Stderr = r.out.buf, r.err.buf
	if !ending.OK() {
		r.host.cfg.Log.Error("guest failed", "id", x.ID, "method", x.Request.Method, "host", x.Request.Host, "target", x.Request.Target,
			"ending", ending.String(), "message", ending.Message)
	}
}

// finish waits for what outlives the guest's part, and completes the exchange.
func (r *run) finish() {
	r.rec.sends.Wait()
	<-r.replied
	r.cancel(nil)
	r.rec.seal()
	close(r.done)
	if r.idle {
		return
	}
	if r.host.cfg.OnExchange != nil {
		r.host.cfg.OnExchange(r.rec.x)
	}
	r.host.guests.Done()
}

// fallback answers for a guest that did not.
func fallback(ending Ending) *abi.Outgoing {
	switch {
	case ending.OK():
		return &abi.Outgoing{Status: 200, Body: &abi.Body{}}
	case ending.Kind == TimedOut, ending.Kind == Cancelled:
		return &abi.Outgoing{Status: 503, Body: abi.BodyOf([]byte("guest ended: " + ending.String() + "\n"))}
	}
	text := fmt.Sprintf("guest ended: %s\n%s\n", ending, ending.Message)
	return &abi.Outgoing{Status: 500, Body: abi.BodyOf([]byte(text))}
}

// ending classifies how a call of the guest returned. The reasons for ending it
// early come first: they look like exits.
func (s *session) ending(err error) Ending {
	var exit *sys.ExitError
	isExit := errors.As(err, &exit)
	limits := &s.host.cfg.Limits
	switch cause := context.Cause(s.ctx); {
	case err == nil, isExit && exit.ExitCode() == 0:
		return Ending{Kind: Exited}
	case errors.Is(cause, errTimeLimit):
		return Ending{Kind: TimedOut, Message: fmt.Sprintf("still running after %s", limits.Time)}
	case errors.Is(cause, errCPULimit):
		return Ending{Kind: TimedOut, Message: fmt.Sprintf("used more than %s of CPU time", limits.CPU)}
	case cause != nil:
		return Ending{Kind: Cancelled, Message: cause.Error()}
	case s.world.refused:
		return Ending{Kind: OutOfMemory, Code: code(exit), Message: fmt.Sprintf("memory beyond %d pages refused; %v", limits.MemoryPages, err)}
	case isExit:
		return Ending{Kind: Exited, Code: exit.ExitCode(), Message: err.Error()}
	}
	return Ending{Kind: Trapped, Message: err.Error()}
}

func code(exit *sys.ExitError) uint32 {
	if exit == nil {
		return 0
	}
	return exit.ExitCode()
}
