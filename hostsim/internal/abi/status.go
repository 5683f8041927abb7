package abi

import "fmt"

// Status is what a host call returns: fastly_status in typenames.witx.
type Status uint32

// The statuses of the ABI.
const (
	OK Status = iota
	Error
	Inval
	BadHandle
	BufLen
	Unsupported
	BadAlign
	HTTPInvalid
	HTTPUser
	HTTPIncomplete
	None
	HTTPHeadTooLarge
	HTTPInvalidStatus
	LimitExceeded
	Again
)

var statusNames = [...]string{"ok", "error", "inval", "badf", "buflen", "unsupported", "badalign", "httpinvalid", "httpuser",
	"httpincomplete", "none", "httpheadtoolarge", "httpinvalidstatus", "limitexceeded", "again"}

// String returns the status's name in the witx.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return fmt.Sprintf("status %d", uint32(s))
}

// InvalidHandle is what out-parameters get where there is no handle
// (fastly_shared's INVALID_*_HANDLE).
const InvalidHandle = 0xfffffffe
