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

var statusNames = map[Status]string{
	OK: "ok", Error: "error", InvalidArg: "invalid_argument", BadHandle: "bad_handle",
	BufferTooSmall: "buffer_too_small", Unsupported: "unsupported", 6: "bad_alignment",
	7: "http_invalid", HTTPUser: "http_user", 9: "http_incomplete", None: "none",
	11: "http_head_too_large", 12: "http_invalid_status", 13: "limit_exceeded", Again: "again",
}

// String returns the status in words, as the click log has it.
func (s Status) String() string {
	if name, ok := statusNames[s]; ok {
		return name
	}
	return "unknown_status"
}

// Failure is why a backend gave no response: the tag of send_error_detail.
type Failure uint32

// The failures that callers tell apart.
const (
	DNSTimeout             Failure = 2
	DNSError               Failure = 3
	DestinationNotFound    Failure = 4
	DestinationUnavailable Failure = 5
	DestinationUnroutable  Failure = 6
	ConnectionRefused      Failure = 7
	ConnectionTerminated   Failure = 8
	ConnectionTimeout      Failure = 9
	ConnectionLimit        Failure = 10
	TLSCertificate         Failure = 11
	TLSConfiguration       Failure = 12
	ResponseTimeout        Failure = 16
	TLSAlert               Failure = 23
	TLSProtocol            Failure = 24
)

var failureNames = [...]string{
	"", "", "dns_timeout", "dns_error", "destination_not_found", "destination_unavailable",
	"destination_ip_unroutable", "connection_refused", "connection_terminated", "connection_timeout",
	"connection_limit_reached", "tls_certificate_error", "tls_configuration_error", "http_incomplete_response",
	"response_header_section_too_large", "response_body_too_large", "http_response_timeout",
	"http_response_status_invalid", "http_upgrade_failed", "http_protocol_error",
	"http_request_cache_key_invalid", "http_request_uri_invalid", "internal_error", "tls_alert_received",
	"tls_protocol_error", "h2_error",
}

// String returns the failure in words, as the click log has it; "" if the host
// gave no detail.
func (f Failure) String() string {
	if int(f) < len(failureNames) {
		return failureNames[f]
	}
	return "unknown_failure"
}

// Unreached reports whether no connection was made, so that the backend cannot
// have seen the request. TLS alerts and protocol errors do not count: they may
// also come after the handshake, when the request has been sent.
func (f Failure) Unreached() bool {
	switch f {
	case DNSTimeout, DNSError, DestinationNotFound, DestinationUnavailable, DestinationUnroutable,
		ConnectionRefused, ConnectionTimeout, ConnectionLimit, TLSCertificate, TLSConfiguration:
		return true
	}
	return false
}

// TimedOut reports whether a timeout was the reason.
func (f Failure) TimedOut() bool {
	return f == DNSTimeout || f == ConnectionTimeout || f == ResponseTimeout
}

// TLS reports whether TLS could not be set up.
func (f Failure) TLS() bool {
	return f == TLSCertificate || f == TLSConfiguration || f == TLSAlert || f == TLSProtocol
}
