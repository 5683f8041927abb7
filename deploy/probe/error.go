package probe

import "fmt"

// Stage is the step at which a request failed.
type Stage string

// The stages, in the order in which they come.
const (
	StageAsk       Stage = "ask"       // the request itself is invalid
	StageDNS       Stage = "dns"       // the name has no address
	StagePrivate   Stage = "private"   // the address is not on the public internet
	StageConnect   Stage = "connect"   // nothing answers at the address
	StageHandshake Stage = "handshake" // the TLS handshake failed
	StageTrust     Stage = "trust"     // the certificate is not to be trusted
	StageAnswer    Stage = "answer"    // no usable HTTP answer
)

// Error says where a request failed. It wraps the cause: [*net.DNSError],
// [syscall.ECONNREFUSED], [x509.HostnameError], [context.DeadlineExceeded],
// [wire.ErrMalformed] and their like.
type Error struct {
	Stage Stage
	Host  string
	Err   error
}

// Error returns "host: stage: cause".
func (e *Error) Error() string { return fmt.Sprintf("%q: %s: %v", e.Host, e.Stage, e.Err) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

var _ error = (*Error)(nil)
