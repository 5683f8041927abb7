package hostcall

// Status is fastly_status: how a host call ended.
type Status uint32

// The statuses (typenames.witx).
const (
	OK             Status = 0
	Error          Status = 1
	InvalidArg     Status = 2
	BadHandle      Status = 3
	BufferTooSmall Status = 4
	Unsupported    Status = 5
	HTTPUser       Status = 8 // what was to be sent is at fault, a body that breaks off say
	None           Status = 10
	Again          Status = 14
)

var statusNames = [...]string{
	OK: "ok", Error: "error", InvalidArg: "invalid_argument", BadHandle: "bad_handle",
	BufferTooSmall: "buffer_too_small", Unsupported: "unsupported", 6: "bad_alignment",
	7: "http_invalid", HTTPUser: "http_user", 9: "http_incomplete", None: "none",
	11: "http_head_too_large", 12: "http_invalid_status", 13: "limit_exceeded", Again: "again",
}

// String returns the status in words, as the click log has it.
func (s Status) String() string {
	if s < Status(len(statusNames)) {
		return statusNames[s]
	}
	return "unknown_status"
}
