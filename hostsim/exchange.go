package hostsim

import (
	"fmt"
	"sync"
	"time"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Exchange is what happened during one request. It is complete, and no longer
// changes, when it is handed out.
type Exchange struct {
	ID uint64 // counts from 0
	// Sandbox is the ID of the first exchange of the sandbox that served this
	// one; FASTLY_TRACE_ID is made of it. It differs from ID only for guests
	// that ask for further requests (next_request).
	Sandbox uint64
	Request RequestSummary
	// Response is the status that was sent to the client; 0 when the client
	// went before there was one. ResponseHeader has the guest's fields of it,
	// without those that frame the body. It must not be changed.
	Response       int
	ResponseHeader wire.Header
	// Responded reports whether the guest itself answered. If not, the host
	// did: 200 for a guest that ended well, 500 for one that did not, 503 at
	// the time limit.
	Responded bool
	Ending    Ending
	Logs      []LogLine
	// Calls has the host calls in order, up to Limits.Calls of them; CallCount
	// counts all.
	Calls     []Call
	CallCount int
	Sent      []BackendRequest
	// EarlyHints are the fields of the 103 responses that the guest has sent,
	// in order.
	EarlyHints []wire.Header
	Faults     []string // those of Config.Faults that struck, in order
	Stdout     []byte
	Stderr     []byte
	Duration   time.Duration // from the request to the end of the guest
}

// RequestSummary is the request as the host took it.
type RequestSummary struct {
	Method, Target, Host string
	Header               wire.Header
}

// LogLine is one line written to a log endpoint, without its line end.
type LogLine struct {
	Endpoint string
	Line     string
}

// Call is one host call and what it returned. WASI calls are not recorded.
type Call struct {
	Module, Name string
	Status       Status
	// With Config.Trace or TraceIf: the arguments, and what the call has written, as
	// name=value with texts quoted; and how long the call took, waiting
	// included. The contents of secrets are left out, those of headers and
	// bodies are not.
	Args, Results string
	Duration      time.Duration
	// with them, too: when it was made, from the beginning of the
	// request on
	Start time.Duration
}

// BackendRequest is one request to a backend, as it was written to the wire.
type BackendRequest struct {
	Backend string
	Method  string
	Target  string
	Header  wire.Header
	// Body has the first Limits.SentBody bytes of what was sent of the body,
	// and BodySize counts all of them when that limit is set.
	Body     []byte
	BodySize int64
	// Status is the response's; 0 when there was none, and Err then says why:
	// its text begins with the tag of the ABI's send_error_detail, for example
	// "connection_refused: ...".
	Status int
	Err    error
	// Start is when it was sent, from the beginning of the request on; Duration
	// is how long the head of the answer, or the failure, took.
	Start, Duration time.Duration
}

// EndKind is how a guest ended.
type EndKind int

// The ways to end. A guest may have answered before any of them.
const (
	Exited   EndKind = iota // returned, or called proc_exit; see Ending.Code
	Trapped                 // a WebAssembly trap, or a failure to start
	TimedOut                // Limits.Time
	// failed after memory beyond Limits.MemoryPages was refused
	OutOfMemory
	// the client went away before there was an answer, or the Host was closed
	Cancelled
)

var endNames = [...]string{"exited", "trapped", "timed out", "out of memory", "cancelled"}

// String returns a short text.
func (k EndKind) String() string {
	if int(k) < len(endNames) {
		return endNames[k]
	}
	return fmt.Sprintf("ending %d", int(k))
}

// Ending is how a guest ended.
type Ending struct {
	Kind EndKind
	Code uint32 // exit code, with Exited and OutOfMemory
	// the trap and the guest's stack, or the reason for a cancellation
	Message string
}

// OK reports whether the guest ended well.
func (e Ending) OK() bool { return e.Kind == Exited && e.Code == 0 }

// String describes the ending in one line; Message may have more.
func (e Ending) String() string {
	if e.Kind == Exited {
		return fmt.Sprintf("exited with code %d", e.Code)
	}
	return e.Kind.String()
}

// recorder fills an Exchange. Guest, backend requests and the client's side
// write to it at the same time.
type recorder struct {
	mu    sync.Mutex
	x     *Exchange
	onLog func(LogLine)
	reply chan *abi.Outgoing
	hints chan struct{} // has something when there is a 103 to send
	calls int           // how many calls to keep
	sends sync.WaitGroup
	// how much to keep of each body that is sent, and whether that is over
	bodies int
	sealed bool

	session *session // of the guest's goroutine
	started time.Time
}

var _ abi.Outside = (*recorder)(nil)

// Respond never blocks: a sandbox responds once.
func (r *recorder) Respond(out *abi.Outgoing) { r.reply <- out }

// Log records a line.
func (r *recorder) Log(endpoint string, line []byte) {
	l := LogLine{endpoint, string(line)}
	r.mu.Lock()
	r.x.Logs = append(r.x.Logs, l)
	r.mu.Unlock()
	if r.onLog != nil {
		r.onLog(l)
	}
}

// Sending records a backend request.
func (r *recorder) Sending(backend string, req *wire.Request) func(int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sends.Add(1)
	at := len(r.x.Sent)
	r.x.Sent = append(r.x.Sent, BackendRequest{Backend: backend, Method: req.Method, Target: req.Target, Header: req.Header.Clone(), Start: time.Since(r.started)})
	r.keepBody(at, req)
	return func(status int, err error) {
		defer r.sends.Done()
		r.mu.Lock()
		defer r.mu.Unlock()
		sent := &r.x.Sent[at]
		sent.Status, sent.Err, sent.Duration = status, err, time.Since(r.started)-sent.Start
	}
}

// Hold implements abi.Outside: the exchange is not complete before the function
// is called.
func (r *recorder) Hold() func() {
	r.sends.Add(1)
	return r.sends.Done
}

// Inform records a 103, and wakes whoever waits for the response.
func (r *recorder) Inform(_ int, header wire.Header) {
	r.mu.Lock()
	r.x.EarlyHints = append(r.x.EarlyHints, header.Clone())
	r.mu.Unlock()
	select {
	case r.hints <- struct{}{}:
	default:
	}
}

// hint returns the fields of a 103, the nth from 0; false when there is none
// yet.
func (r *recorder) hint(n int) (wire.Header, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n >= len(r.x.EarlyHints) {
		return nil, false
	}
	return r.x.EarlyHints[n], true
}

// Fault implements abi.Outside.
func (r *recorder) Fault(site abi.FaultSite, name string) *abi.Fault {
	f, struck := r.session.host.faults.strike(site, name)
	if !struck {
		return nil
	}
	r.mu.Lock()
	r.x.Faults = append(r.x.Faults, f.String())
	r.mu.Unlock()
	return f.effect()
}

// NextRequest implements abi.Outside.
func (r *recorder) NextRequest(timeout time.Duration) abi.Promise {
	return r.session.host.queue.add(r.session, timeout)
}

// call needs no lock: only the guest's goroutine writes calls.
func (r *recorder) call(c Call) {
	r.x.CallCount++
	if len(r.x.Calls) < r.calls {
		r.x.Calls = append(r.x.Calls, c)
	}
}

// capped keeps the first bytes of an output and drops the rest.
type capped struct {
	buf   []byte
	limit int
}

func (c *capped) Write(p []byte) (int, error) {
	c.buf = append(c.buf, p[:min(len(p), c.limit-len(c.buf))]...)
	return len(p), nil
}
