package origins

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Fault is a way in which an origin fails.
type Fault uint8

// The faults.
const (
	Up            Fault = iota // none
	Refuse                     // connections are refused, and open ones are dropped
	Reset                      // the request is read, then the connection is reset
	Slow                       // no answer until the fault is changed or the client goes away
	ServerError                // 500 to everything
	TooMany                    // 429 with Retry-After to everything
	WrongLocation              // redirects lead to WrongDestination
	Drip                       // every answer, TLS included, leaves byte by byte
)

// WrongDestination is where redirects lead under the fault [WrongLocation].
const WrongDestination = "https://elsewhere.example.net/"

var faultNames = [...]string{"up", "refuse", "reset", "slow", "500", "429", "wrong-location", "drip"}

// FaultNames lists the faults, [Up] left out.
func FaultNames() []string { return slices.Clone(faultNames[Refuse:]) }

// String returns the name that [ParseFault] reads.
func (f Fault) String() string {
	if int(f) >= len(faultNames) {
		return fmt.Sprintf("fault %d", uint8(f))
	}
	return faultNames[f]
}

// ParseFault reads the name of a fault: up, refuse, reset, slow, 500, 429,
// wrong-location or drip.
func ParseFault(name string) (Fault, error) {
	if f := slices.Index(faultNames[:], name); f >= 0 {
		return Fault(f), nil
	}
	return Up, fmt.Errorf("unknown fault %q: use one of %s", name, strings.Join(faultNames[:], ", "))
}

// faultState is the fault in force. A request that waits under Slow waits for
// changed.
type faultState struct {
	mu      sync.Mutex
	fault   Fault
	changed chan struct{}
}

func (s *faultState) get() (Fault, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault, s.changed
}

func (s *faultState) set(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
	close(s.changed)
	s.changed = make(chan struct{})
}

// SetFault makes a backend's origin fail, or fixes it with [Up]. Requests that
// wait under [Slow] continue with the new fault. The error says that there is
// no such backend, or that the port, given up under [Refuse], is taken: then
// the origin still refuses.
func (f *Fleet) SetFault(backend string, fault Fault) error {
	o := f.origins[backend]
	switch {
	case o == nil:
		return fmt.Errorf("unknown backend %q: this fleet has %s", backend, strings.Join(f.Backends(), ", "))
	case int(fault) >= len(faultNames):
		return fmt.Errorf("backend %q: unknown fault %d", backend, uint8(fault))
	case fault == Refuse:
		o.fault.set(fault)
		o.each((*port).refuse)
		return nil
	}
	var err error
	o.each(func(p *port) { err = errors.Join(err, p.listen()) })
	if err != nil {
		return fmt.Errorf("backend %q: listen again: %w", backend, err)
	}
	o.fault.set(fault)
	o.each(func(p *port) { p.drip.Store(fault == Drip) })
	return nil
}

// applyFault applies the fault and reports whether the request is still to be
// answered.
func (o *origin) applyFault(w http.ResponseWriter, r *http.Request) bool {
	fault, changed := o.fault.get()
	for fault == Slow && o.wait(r, changed) {
		fault, changed = o.fault.get()
	}
	switch fault {
	case Slow, Reset, Refuse: // still Slow: the client or the fleet has gone
		o.reached(r).reset(r.RemoteAddr)
		return false
	case ServerError:
		text(w, http.StatusInternalServerError, "Internal Server Error")
		return false
	case TooMany:
		w.Header().Set("Retry-After", "1")
		text(w, http.StatusTooManyRequests, "Too Many Requests")
		return false
	}
	return true
}

// wait reports whether the fault has changed; if not, the client has gone.
func (o *origin) wait(r *http.Request, changed <-chan struct{}) bool {
	select {
	case <-changed:
		return true
	case <-r.Context().Done():
	case <-o.fleet.done:
	}
	return false
}
