package hostsim

import (
	"context"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
)

// Engine runs WebAssembly for a Host. The default is wazero; another one, for
// example wasmtime, is put into Config.Engine. An engine supplies WASI itself,
// from what Guest says, and links the host calls to Guest.Call.
type Engine interface {
	// Compile makes a module ready to run. It fails when the module imports
	// something that is neither WASI nor in HostCalls; ctx bounds compiling
	// only.
	Compile(ctx context.Context, module []byte) (Program, error)
}

// Program is a compiled module.
type Program interface {
	// Run makes a fresh instance, calls Guest.Entry (for another entry than
	// "_start", an exported "_initialize" first) and frees the instance. It is
	// called from many goroutines at once and returns when the guest has ended:
	// nil or a *sys.ExitError of wazero's for a guest that returned or called
	// proc_exit, any other error for a trap. When ctx ends, Run must soon
	// return.
	Run(ctx context.Context, g *Guest) error
	// Close frees the compiled code. No Run is under way then.
	Close(ctx context.Context) error
}

// Memory is a guest's linear memory.
type Memory interface {
	// Read returns a view of n bytes from offset on, not a copy, or false when
	// they are not all within the memory. The view is valid until the guest
	// runs again.
	Read(offset, n uint32) ([]byte, bool)
	// Size returns the memory's size in bytes.
	Size() uint32
}

// HostCall is one function of the ABI that a guest can import. Its result is
// always one i32, a Status.
type HostCall struct {
	Module, Name string
	Params       string // one letter per parameter: i for i32, I for i64
	fn           *abi.Function
}

var hostCalls = func() []*HostCall {
	list := make([]*HostCall, 0, len(abi.Functions()))
	for _, fn := range abi.Functions() {
		list = append(list, &HostCall{fn.Module, fn.Name, fn.Params, fn})
	}
	return list
}()

// Writes reports whether a core argument is the address of a result: a number,
// or a buffer that a text is given into. Texts, lists and options are read.
func (c *HostCall) Writes(arg int) bool {
	for _, p := range c.fn.Parameters {
		if p.At != arg {
			continue
		}
		return p.Kind == 'o' || p.Kind == 'p' && !isInput(p.Name)
	}
	return false
}

// isInput reports whether the record at an address is one that the host reads,
// by the name that the witx gives to the parameter.
func isInput(name string) bool {
	switch name {
	case "options", "addr_octets", "ip_octets", "insp_info", "cache_override_ptr":
		return true
	}
	return strings.HasSuffix(name, "configuration")
}

// HostCalls lists the 255 functions of the ABI as it is in Viceroy 0.22. The
// list must not be changed.
func HostCalls() []*HostCall { return hostCalls }

// Guest is one run of a Program: what it sees through WASI, and its host calls.
type Guest struct {
	Entry          string      // the exported function to call
	Args           []string    // argv, the program's name first
	Env            [][2]string // name and value
	Stdout, Stderr io.Writer
	Now            func() time.Time // the wall clock
	// ends early when the request does; it does not count as CPU time
	Sleep func(time.Duration)
	Rand  io.Reader // safe for parallel use
	FS    fs.FS     // read-only, at "/"; nil: none
	// the most that linear memory may grow to, in pages of 64 KiB
	MemoryPages uint32

	session  *session
	refused  bool
	profiled *profiled // nil: there is no profile
	memory   *memory   // of the default engine
}

// Call makes a host call for the guest; args are its core arguments and m is
// the memory that they point into. An error means that the request is over: the
// engine ends the guest before it sees the call's result. Only the guest's
// goroutine uses Call.
func (g *Guest) Call(c *HostCall, m Memory, args []uint64) (Status, error) {
	s := g.session
	call := Call{Module: c.Module, Name: c.Name}
	trace, started := s.host.cfg.traces(), time.Time{}
	if trace {
		call.Args, started = c.fn.Words(m, args), time.Now()
		// the engine may put the result in the first one's place
		args = slices.Clone(args)
	}
	answered := s.sandbox.Responded()
	st := s.sandbox.Call(c.fn, m, args)
	if call.Status = Status(st); trace {
		call.Start = max(started.Sub(s.current.started), 0)
		call.Duration, call.Results = time.Since(started), c.fn.Results(m, args, s.sandbox.Wrote())
	}
	// next_request_wait belongs to the request that it brings: the one before
	// is over
	s.current.rec.call(call)
	if !answered && s.sandbox.Responded() && s.current.gone.Load() {
		// the call that answers a client who has gone does not return, as in
		// Viceroy
		s.cancel(errClientGone)
	}
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	return Status(st), nil
}

// traces reports whether a host call is to be described.
func (c *Config) traces() bool {
	if c.TraceIf != nil {
		return c.TraceIf()
	}
	return c.Trace
}

// Tick lets a guest that computes for long without a host call be ended, or
// wait for its turn. An error means what it means in Call. An engine that can
// end a guest by other means need not call it.
func (g *Guest) Tick() error {
	s := g.session
	if s.host.turns.wanted() {
		s.sandbox.Idle(func() {})
	}
	return context.Cause(s.ctx)
}

// MemoryRefused reports that the guest asked for more than MemoryPages, so that
// its ending becomes OutOfMemory. An engine that cannot know this does not call
// it.
func (g *Guest) MemoryRefused() { g.refused = true }
