package hostsim

import "github.com/clickedge/clickedge/hostsim/internal/abi"

// KVOperation is an operation on a KV store (object store too) that a guest has
// started.
type KVOperation struct {
	Name  string // lookup, insert, delete or list
	Store string
	Key   string // "" for list
}

// KVOutcome is how such an operation goes. The zero value: at once, and well.
//
// A lookup finds what the store has when it is started; an insertion or a
// deletion takes effect when it is done. What is not done when the guest ends
// is dropped, and never holds up the exchange. Fastly's stores take below 1 ms,
// as a rule, and up to 300 ms for a key that is new or far away; what becomes of
// an operation whose guest has ended is not documented. Viceroy's answer at
// once, but are not ready when a guest asks for the first time.
type KVOutcome struct {
	// Done is closed when the operation is done; nil: it is done at once. A
	// guest that waits for it waits as long.
	Done <-chan struct{}
	// Value is closed when the body of a value or a listing can be read; nil:
	// at once.
	Value <-chan struct{}
	// Error, if not 0, is the outcome that the guest's wait call gives.
	Error KVError
}

// KVError is an outcome of an operation on a KV store: kv_error in the ABI. The
// older object store calls have the status error in its place.
type KVError uint32

// Outcomes that a store here does not give by itself.
const (
	KVInternalError   KVError = 6
	KVTooManyRequests KVError = 7
)

// kvFault is Config.KVFault as the sandboxes call it.
func (c *Config) kvFault() func(abi.KVOperation) abi.KVOutcome {
	if c.KVFault == nil {
		return nil
	}
	return func(op abi.KVOperation) abi.KVOutcome {
		o := c.KVFault(KVOperation(op))
		return abi.KVOutcome{Done: o.Done, Value: o.Value, Error: uint32(o.Error)}
	}
}
