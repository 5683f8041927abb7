package abi

import (
	"context"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clickedge/clickedge/hostsim/internal/origin"
	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Service is what all sandboxes of one service share. Its fields are not
// changed once the first sandbox runs.
type Service struct {
	Backends map[string]*origin.Backend
	// Dynamic, when set, changes a backend that a guest registers.
	Dynamic func(name string, b *origin.Backend)
	// ConfigStores are those at the start; see ChangeConfig.
	ConfigStores map[string]map[string]string
	SecretStores map[string]map[string][]byte
	KV           *KVStores // nil: none
	Cache        *Cache
	// HTTPCache: sends go through the cache, and fastly_http_cache is there.
	HTTPCache bool
	Rates     *Rates
	// Inspect is the verdict on a request; nil: all are allowed.
	Inspect func(*Inspection) Verdict
	Geo     map[netip.Addr][]byte // JSON
	Devices map[string][]byte     // by user agent; JSON
	ACLs    map[string][]ACLEntry
	Shields map[string]Shield
	// NoLoopbackGeo: there is no answer for loopback addresses that are not in
	// Geo.
	NoLoopbackGeo bool
	// GeoLookup answers in place of Geo; nil: it does not.
	GeoLookup func(netip.Addr) ([]byte, Status)
	// NoWebSockets: the service has no WebSocket passthrough.
	NoWebSockets bool
	FastlyKeys   map[string]bool // values of Fastly-Key that are valid
	// LogFault decides what a log call returns; nil: always OK. line is nil for
	// endpoint_get.
	LogFault func(endpoint string, line []byte) Status
	// KVFault decides how an operation on a KV store goes; nil: always at once,
	// and well.
	KVFault func(KVOperation) KVOutcome
	// After measures the time limits of a guest's waits; nil: time.After.
	After func(time.Duration) <-chan time.Time
	// BackendFields, when set, changes the fields of a backend request before
	// it is sent.
	BackendFields func(*wire.Header)
	// HostBytes is the budget of host memory per sandbox: headers, buffered
	// bodies, handles, log lines.
	HostBytes int
	// Sends, SecretReads and ConfigReads are how many of them a sandbox may do;
	// 0: no limit.
	Sends, SecretReads, ConfigReads int

	configs configStores
}

// TLS is what a guest can ask about the client's TLS connection. With a nil
// *TLS every such call returns none.
type TLS struct {
	Protocol    string // "TLSv1.3"
	Cipher      string // OpenSSL name
	ServerName  string
	ClientHello []byte
	JA3         [16]byte
	JA4         string
}

// Downstream is a client's request.
type Downstream struct {
	ID       uint64
	Method   string
	URI      URI
	Version  Version
	Header   wire.Header
	Body     *Body
	ClientIP netip.Addr
	ServerIP netip.Addr
	TLS      *TLS
	// H2Fingerprint is that of the client's HTTP/2 connection; "" for none.
	H2Fingerprint string
}

// Outgoing is a response on its way to the client.
type Outgoing struct {
	Status int
	Header wire.Header
	Body   *Body
	Manual bool // the guest frames the body by its own fields
	// Join is the backend's connection behind a 101, to be joined with the
	// client's; nil otherwise.
	Join io.ReadWriteCloser
}

// Close closes a response, sent or not.
func (o *Outgoing) Close() {
	o.Body.Close()
	if o.Join != nil {
		o.Join.Close()
	}
}

// Outside is what a sandbox calls outside itself. Its methods may be called
// from several goroutines.
type Outside interface {
	// Respond takes the response for the client; it is called once per client
	// request and must not block.
	Respond(*Outgoing)
	// Log takes one log line, without the line end.
	Log(endpoint string, line []byte)
	// Sending is called before a backend request is sent; the function it
	// returns is called with the outcome.
	Sending(backend string, req *wire.Request) func(status int, err error)
	// Hold is called before backend requests may follow at any time; the
	// function it returns says that there will be none any more.
	Hold() func()
	// Inform takes an informational response; it must not block.
	Inform(status int, header wire.Header)
	// Fault is called before a backend, a log or a store is used, and returns
	// what goes wrong with it this time; nil: nothing.
	Fault(site FaultSite, name string) *Fault
	// NextRequest gives the sandbox a place in the queue for another client
	// request; nil: there is none.
	NextRequest(timeout time.Duration) Promise
}

// FaultSite is what a fault strikes.
type FaultSite string

// The sites of faults.
const (
	FaultBackend FaultSite = "backend"
	FaultLog     FaultSite = "log"
	FaultStore   FaultSite = "store"
)

// Fault is what goes wrong.
type Fault struct {
	Send   *senderror.Error // the outcome of a backend request; nil: it goes out
	Delay  time.Duration    // before that
	Status Status           // of a log call
}

// Sandbox is the host's side of one guest instance. It is used by the goroutine
// that runs the guest.
type Sandbox struct {
	svc     *Service
	ctx     context.Context
	outside Outside
	start   time.Time
	idled   time.Duration // under idleMu
	idling  time.Time     // since when; zero: the guest runs; under idleMu
	idleMu  sync.Mutex
	spent   int
	sends   int
	polls   int // in a row that found nothing ready
	// has something when a backend request is over
	answered chan struct{}
	reads    int // of secrets
	lookups  int // in config stores

	requests  table[requestRow]
	responses table[response]
	items     []item
	logs      table[string]
	stores    table[map[string]string]
	vaults    table[map[string][]byte]
	secrets   table[[]byte]
	kvs       table[string]
	acls      table[[]ACLEntry]
	dynamic   map[string]*origin.Backend

	downRequest, downBody uint32
	responded             bool
	identity              *identity
	promise               *promise
	accepted              int // places in the queue that were given out

	mu      sync.Mutex
	owned   []func()
	over    bool
	pending sync.WaitGroup

	// Waiting, when set, is called when the guest begins to wait in a host call
	// (true) and when it goes on (false), which it does when that call returns.
	Waiting func(bool)

	frame frame
	wrote []uint32 // addresses of numbers, by the call under way
}

// NewSandbox makes a sandbox for one client request. ctx bounds everything that
// the sandbox does, backend requests that outlive the guest included; when it
// ends, calls that wait return.
func NewSandbox(ctx context.Context, svc *Service, outside Outside, down *Downstream) *Sandbox {
	s := &Sandbox{svc: svc, ctx: ctx, outside: outside, start: time.Now(), answered: make(chan struct{}, 1), identity: &identity{}}
	Open.Add(1)
	s.accept(down)
	return s
}

func (s *Sandbox) accept(down *Downstream) {
	req := &request{method: down.Method, uri: down.URI, message: message{version: down.Version, header: down.Header.Clone()}}
	s.downRequest = s.requests.add(&requestRow{request: req, down: down})
	s.downBody = s.addItem(down.Body)
	s.responded = false
}

// Call runs one host call. args are its core arguments; m is the memory of the
// guest that calls.
func (s *Sandbox) Call(fn *Function, m Memory, args []uint64) Status {
	s.frame, s.wrote = frame{s: s, m: m, a: args}, s.wrote[:0]
	fn.call(&s.frame)
	st := s.frame.st
	s.frame = frame{}
	return st
}

// Wrote is the addresses to which the last call wrote numbers, until the next
// one.
func (s *Sandbox) Wrote() []uint32 { return s.wrote }

// Responded reports whether the guest has answered the client.
func (s *Sandbox) Responded() bool { return s.responded }

// EndGuest is called when the guest has ended, for whatever reason: streaming
// bodies that it left open are cut off, and a guest that ended well without an
// answer has answered 200.
func (s *Sandbox) EndGuest(fallback *Outgoing) {
	if s.promise != nil {
		s.promise.abandon()
	}
	for _, it := range s.items {
		switch it := it.(type) {
		case *streaming:
			it.pipe.end(false, nil)
		case interface{ giveUp() }:
			it.giveUp()
		case interface{ dropKV() }:
			it.dropKV()
		}
	}
	if !s.responded {
		s.responded = true
		s.outside.Respond(fallback)
	}
}

// WaitSends waits for backend requests that the guest started and did not wait
// for.
func (s *Sandbox) WaitSends() { s.pending.Wait() }

// Open counts the sandboxes that Close has not been called for. Tests look for
// leaks in it.
var Open atomic.Int64

// Close closes everything that the sandbox still holds. It is called after
// EndGuest, when the response has gone out.
func (s *Sandbox) Close() {
	s.mu.Lock()
	owned := s.owned
	if !s.over {
		Open.Add(-1)
	}
	s.owned, s.over = nil, true
	s.mu.Unlock()
	for _, close := range owned {
		close()
	}
}

// own makes Close call close; after Close, it is called at once.
func (s *Sandbox) own(close func()) {
	s.mu.Lock()
	over := s.over
	if !over {
		s.owned = append(s.owned, close)
	}
	s.mu.Unlock()
	if over {
		close()
	}
}

// spend takes n bytes of the host memory budget. Nothing is given back: the
// budget bounds a guest and does not measure it.
func (s *Sandbox) spend(n int) bool {
	if s.svc.HostBytes > 0 && s.spent+n > s.svc.HostBytes {
		return false
	}
	s.spent += n
	return true
}

// idle marks the start of a wait; the function it returns marks the end.
// Waiting does not count as vCPU time.
func (s *Sandbox) idle() func() {
	from := time.Now()
	s.idleMu.Lock()
	s.idling = from
	s.idleMu.Unlock()
	s.waiting(true)
	return func() {
		s.waiting(false)
		s.idleMu.Lock()
		defer s.idleMu.Unlock()
		s.idled += time.Since(from)
		s.idling = time.Time{}
	}
}

func (s *Sandbox) waiting(begins bool) {
	if s.Waiting != nil {
		s.Waiting(begins)
	}
}

// Idle calls wait, which does not count as vCPU time.
func (s *Sandbox) Idle(wait func()) {
	defer s.idle()()
	wait()
}

// Sleep waits for d, or until the sandbox's context ends, so that a guest cannot
// sleep past its time limit.
func (s *Sandbox) Sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	defer s.idle()()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.ctx.Done():
	}
}

// Worked is the time that the guest has not waited: a local host has no better
// measure of CPU time. It may be called by any goroutine.
func (s *Sandbox) Worked() time.Duration {
	s.idleMu.Lock()
	defer s.idleMu.Unlock()
	worked := time.Since(s.start) - s.idled
	if !s.idling.IsZero() {
		worked -= time.Since(s.idling)
	}
	return worked
}
