package outcome

// Failure is why an origin gave no answer: its number is the tag
// of Fastly's send_error_detail. Zero: nobody says.
type Failure uint32

// The failures that have a name here.
const (
	DNSTimeout             Failure = 2
	DNSError               Failure = 3
	DestinationNotFound    Failure = 4
	DestinationUnavailable Failure = 5
	DestinationUnroutable  Failure = 6
	ConnectionRefused      Failure = 7
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

// Unreached reports whether no connection was made, so that the origin cannot
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

// Code returns the code of the click log for the failure.
func (f Failure) Code() Code {
	switch {
	case f.TimedOut():
		return ESPTimeout
	case f.TLS():
		return ESPTLS
	}
	return ESPUnreachable
}
