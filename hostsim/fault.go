package hostsim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
	"github.com/clickedge/clickedge/hostsim/senderror"
)

// FaultKind is what goes wrong.
type FaultKind string

// The faults of backends, by the name that a guest learns from
// send_error_detail; of logs; and of stores.
const (
	BackendRefuses FaultKind = "refuses" // connection_refused
	// http_response_timeout, without the wait
	BackendTimesOut FaultKind = "times out"
	// connection_terminated, before there is a response
	BackendResets FaultKind = "resets"
	// the request goes out after Delay
	BackendIsSlow   FaultKind = "is slow"
	BackendBreakTLS FaultKind = "breaks TLS"    // tls_certificate_error
	LogRefuses      FaultKind = "refuses lines" // each write fails with error
	// open answers as for a store that does not exist; KV, config and secret
	// stores, ACLs
	StoreIsMissing FaultKind = "is missing"
)

// Fault makes something go wrong on purpose.
type Fault struct {
	Kind FaultKind
	Name string // of the backend, log endpoint or store
	// Share of the uses that it strikes, above 0 and up to 1; 0 means all.
	// Which ones is drawn from Config.Seed.
	Share float64
	Delay time.Duration // of BackendIsSlow; default 1 second
}

// String is how a fault appears in Exchange.Faults, for example "backend origin
// refuses".
func (f Fault) String() string { return fmt.Sprintf("%s %s %s", faultSites[f.Kind], f.Name, f.Kind) }

var faultSites = map[FaultKind]abi.FaultSite{
	BackendRefuses: abi.FaultBackend, BackendTimesOut: abi.FaultBackend, BackendResets: abi.FaultBackend, BackendIsSlow: abi.FaultBackend,
	BackendBreakTLS: abi.FaultBackend, LogRefuses: abi.FaultLog, StoreIsMissing: abi.FaultStore,
}

var faultTags = map[FaultKind]senderror.Tag{
	BackendRefuses: senderror.TagConnectionRefused, BackendTimesOut: senderror.TagHTTPResponseTimeout,
	BackendResets: senderror.TagConnectionTerminated, BackendBreakTLS: senderror.TagTLSCertificateError,
}

var errOnPurpose = errors.New("fault on purpose")

// asError is how a request to a backend fails; nil when the kind is of another
// sort.
func (k FaultKind) asError() *senderror.Error {
	if tag, fails := faultTags[k]; fails {
		return &senderror.Error{Tag: tag, Err: errOnPurpose}
	}
	return nil
}

// effect is the fault as the sandbox applies it.
func (f Fault) effect() *abi.Fault {
	if err := f.Kind.asError(); err != nil {
		return &abi.Fault{Send: err}
	}
	if f.Kind == BackendIsSlow {
		return &abi.Fault{Delay: orDefault(f.Delay, time.Second)}
	}
	return &abi.Fault{Status: abi.Error}
}

// faults draws the uses that a fault strikes. When requests come one after the
// other, the same seed strikes the same uses.
type faults struct {
	mu   sync.Mutex
	list []Fault
	rand *rand.Rand
}

// newFaults chooses a seed when there is none, and logs it.
func newFaults(cfg *Config) (*faults, error) {
	for _, f := range cfg.Faults {
		if faultSites[f.Kind] == "" || f.Share < 0 || f.Share > 1 {
			return nil, fmt.Errorf("config: fault %q of %q: want one of the kinds, and a share of 0 to 1", f.Kind, f.Name)
		}
	}
	if len(cfg.Faults) == 0 {
		return &faults{}, nil
	}
	if cfg.Seed == 0 {
		cfg.Seed = rand.Uint64() | 1
	}
	cfg.Log.Info("faults on purpose", "seed", cfg.Seed, "faults", fmt.Sprint(cfg.Faults))
	return &faults{list: slices.Clone(cfg.Faults), rand: rand.New(rand.NewPCG(cfg.Seed, 0))}, nil
}

// strike returns the first fault that strikes.
func (f *faults) strike(site abi.FaultSite, name string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.list {
		if faultSites[fault.Kind] == site && fault.Name == name && (fault.Share == 0 || f.rand.Float64() < fault.Share) {
			return fault, true
		}
	}
	return Fault{}, false
}
