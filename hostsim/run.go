package hostsim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/sys"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
)

// Reasons for which a request's context ends.
var (
	errTimeLimit  = errors.New("time limit")
	errClientGone = errors.New("client went away")
)

// run is one request from its start to its Exchange.
type run struct {
	host    *Host
	ctx     context.Context // bounds guest and backend requests
	cancel  context.CancelCauseFunc
	rec     *recorder
	sandbox *abi.Sandbox
	memory  *memory
	started time.Time
	out     capped
	err     capped
	ended   chan struct{} // the guest has ended; the exchange's ending is set
	replied chan struct{} // closed by the client's side when the response has gone out, or cannot
	done    chan struct{} // everything is over, the exchange is complete
}

// begin starts a guest. It returns nil when the host is closed.
func (h *Host) begin(down *abi.Downstream, summary RequestSummary) *run {
	if !h.enter() {
		return nil
	}
	down.ID = h.nextID.Add(1) - 1
	r := &run{host: h, started: time.Now(), ended: make(chan struct{}), replied: make(chan struct{}), done: make(chan struct{})}
	r.rec = &recorder{x: &Exchange{ID: down.ID, Request: summary}, onLog: h.cfg.OnLog, reply: make(chan *abi.Outgoing, 1), calls: h.cfg.Limits.Calls}
	r.out.limit, r.err.limit = h.cfg.Limits.Output, h.cfg.Limits.Output
	r.ctx, r.cancel = context.WithCancelCause(h.ctx)
	timer := time.AfterFunc(h.cfg.Limits.Time, func() { r.cancel(errTimeLimit) })
	r.sandbox = abi.NewSandbox(r.ctx, h.svc, r.rec, down)
	go func() {
		defer h.guests.Done()
		defer timer.Stop()
		r.live()
	}()
	return r
}

// live runs the guest and then sees the exchange through.
func (r *run) live() {
	ending := r.guest()
	r.rec.x.Ending, r.rec.x.Responded, r.rec.x.Duration = ending, r.sandbox.Responded(), time.Since(r.started)
	r.rec.x.Stdout, r.rec.x.Stderr = r.out.buf, r.err.buf
	r.report(ending)
	r.sandbox.EndGuest(fallback(ending))
	close(r.ended)
	r.sandbox.WaitSends()
	<-r.replied
	r.sandbox.Close()
	r.cancel(nil)
	close(r.done)
	if r.host.cfg.OnExchange != nil {
		r.host.cfg.OnExchange(r.rec.x)
	}
}

func (r *run) report(ending Ending) {
	if ending.OK() {
		return
	}
	x := r.rec.x
	r.host.cfg.Log.Error("guest failed", "id", x.ID, "method", x.Request.Method, "host", x.Request.Host, "target", x.Request.Target,
		"ending", ending.String(), "message", ending.Message)
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

// guest makes an instance, calls the entry and closes the instance.
func (r *run) guest() Ending {
	ctx := context.WithValue(r.ctx, runKey{}, r)
	r.memory = &memory{limit: uint64(r.host.cfg.Limits.MemoryPages) << 16}
	instance, err := r.host.runtime.InstantiateModule(experimental.WithMemoryAllocator(ctx, r.memory), r.host.compiled, r.moduleConfig())
	if err != nil {
		return r.ending(fmt.Errorf("instantiate: %w", err))
	}
	defer instance.Close(context.WithoutCancel(ctx))
	return r.ending(r.enter(ctx, instance))
}

func (r *run) enter(ctx context.Context, instance api.Module) error {
	if r.host.cfg.Entry != "_start" {
		if initialize := instance.ExportedFunction("_initialize"); initialize != nil {
			if _, err := initialize.Call(ctx); err != nil {
				return err
			}
		}
	}
	_, err := instance.ExportedFunction(r.host.cfg.Entry).Call(ctx)
	return err
}

// moduleConfig is the guest's WASI world. No start function: the entry is called by hand.
func (r *run) moduleConfig() wazero.ModuleConfig {
	cfg := &r.host.cfg
	mc := wazero.NewModuleConfig().WithName("").WithStartFunctions().WithArgs("compute-app").
		WithStdout(&r.out).WithStderr(&r.err).WithRandSource(cfg.Rand).
		WithWalltime(func() (int64, int32) {
			now := cfg.Now()
			return now.Unix(), int32(now.Nanosecond())
		}, sys.ClockResolution(time.Microsecond)).
		WithSysNanotime().WithNanosleep(r.sleep)
	for _, pair := range cfg.environment(r.rec.x.ID) {
		mc = mc.WithEnv(pair[0], pair[1])
	}
	if cfg.FS != nil {
		mc = mc.WithFSConfig(wazero.NewFSConfig().WithFSMount(cfg.FS, "/"))
	}
	return mc
}

// sleep ends with the request: a guest that sleeps must not outlive its time limit.
func (r *run) sleep(ns int64) {
	if ns <= 0 {
		return
	}
	from := time.Now()
	timer := time.NewTimer(time.Duration(ns))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.ctx.Done():
	}
	r.sandbox.Idle(time.Since(from))
}

// ending tells how a call of the guest came back. The reasons for cutting it off come first: they look like exits.
func (r *run) ending(err error) Ending {
	var exit *sys.ExitError
	isExit := errors.As(err, &exit)
	switch cause := context.Cause(r.ctx); {
	case err == nil, isExit && exit.ExitCode() == 0:
		return Ending{Kind: Exited}
	case errors.Is(cause, errTimeLimit):
		return Ending{Kind: TimedOut, Message: fmt.Sprintf("still running after %s", r.host.cfg.Limits.Time)}
	case cause != nil:
		return Ending{Kind: Cancelled, Message: cause.Error()}
	case r.memory.refused:
		return Ending{Kind: OutOfMemory, Code: code(exit), Message: fmt.Sprintf("memory beyond %d pages refused; %v", r.host.cfg.Limits.MemoryPages, err)}
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
