// Package senderror says why a request to an origin failed, from the errors of
// dialling, of TLS and of package wire. Start with [Dial], [Handshake] and
// [Exchange], one for each stage of a request.
package senderror

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"syscall"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// Tag says why a request failed. The numbers are those of send_error_detail_tag
// in the ABI (typenames.witx).
type Tag uint32

// The tags.
const (
	TagUninitialized          Tag = 0
	TagOK                     Tag = 1
	TagDNSTimeout             Tag = 2
	TagDNSError               Tag = 3
	TagDestinationNotFound    Tag = 4
	TagDestinationUnavailable Tag = 5
	TagDestinationUnroutable  Tag = 6
	TagConnectionRefused      Tag = 7
	TagConnectionTerminated   Tag = 8
	TagConnectionTimeout      Tag = 9
	TagConnectionLimit        Tag = 10
	TagTLSCertificateError    Tag = 11
	TagTLSConfigurationError  Tag = 12
	TagHTTPIncompleteResponse Tag = 13
	TagHTTPHeadTooLarge       Tag = 14
	TagHTTPResponseTimeout    Tag = 16
	TagHTTPStatusInvalid      Tag = 17
	TagHTTPProtocolError      Tag = 19
	TagHTTPURIInvalid         Tag = 21
	TagInternalError          Tag = 22
	TagTLSAlertReceived       Tag = 23
	TagTLSProtocolError       Tag = 24
	TagH2Error                Tag = 25
)

var tagNames = map[Tag]string{
	TagUninitialized: "uninitialized", TagOK: "ok", TagDNSTimeout: "dns_timeout", TagDNSError: "dns_error",
	TagDestinationNotFound: "destination_not_found", TagDestinationUnavailable: "destination_unavailable",
	TagDestinationUnroutable: "destination_ip_unroutable", TagConnectionRefused: "connection_refused",
	TagConnectionTerminated: "connection_terminated", TagConnectionTimeout: "connection_timeout",
	TagConnectionLimit:     "connection_limit_reached",
	TagTLSCertificateError: "tls_certificate_error", TagTLSConfigurationError: "tls_configuration_error",
	TagHTTPIncompleteResponse: "http_incomplete_response", TagHTTPHeadTooLarge: "http_response_header_section_too_large",
	TagHTTPResponseTimeout: "http_response_timeout", TagHTTPStatusInvalid: "http_response_status_invalid",
	TagHTTPProtocolError: "http_protocol_error", TagHTTPURIInvalid: "http_request_uri_invalid",
	TagInternalError: "internal_error", TagTLSAlertReceived: "tls_alert_received", TagTLSProtocolError: "tls_protocol_error",
	TagH2Error: "h2_error",
}

// String returns the tag's name in the ABI.
func (t Tag) String() string {
	if name, ok := tagNames[t]; ok {
		return name
	}
	return fmt.Sprintf("tag %d", uint32(t))
}

// Error is a request that failed.
type Error struct {
	Tag Tag
	// with TagDNSError: 3 for a name that does not exist (RFC 6895), else 0
	DNSRcode uint16
	TLSAlert uint8 // with TagTLSAlertReceived: the alert (RFC 8446, section 6)
	Err      error
}

// Error names the tag and the cause.
func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Tag, e.Err) }

// Unconnected reports whether there never was a connection.
func (e *Error) Unconnected() bool {
	switch e.Tag {
	case TagDNSTimeout, TagDNSError, TagDestinationNotFound, TagDestinationUnavailable, TagDestinationUnroutable, TagConnectionRefused, TagConnectionTimeout, TagConnectionLimit:
		return true
	}
	return false
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// The causes of contexts that end a connection attempt, and the wait for an
// answer.
var (
	ErrConnectTimeout   = errors.New("connect timeout")
	ErrFirstByteTimeout = errors.New("first byte timeout")
)

// ErrBetweenBytes ends a body whose origin kept silent for longer than the
// between-bytes timeout.
var ErrBetweenBytes = errors.New("between bytes timeout")

// CertError marks a certificate that was refused here, so that it is not
// mistaken for an alert from the other side.
type CertError struct{ Err error }

// Error names the reason.
func (e *CertError) Error() string { return "certificate refused: " + e.Err.Error() }

// Unwrap returns the reason.
func (e *CertError) Unwrap() error { return e.Err }

// Dial says why a connection could not be made.
func Dial(ctx context.Context, err error) *Error {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsTimeout:
		return &Error{Tag: TagDNSTimeout, Err: err}
	case errors.As(err, &dns):
		return &Error{Tag: TagDNSError, DNSRcode: rcode(dns), Err: err}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &Error{Tag: TagConnectionRefused, Err: err}
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return &Error{Tag: TagDestinationUnroutable, Err: err}
	case ctx.Err() != nil, wire.IsTimeout(err):
		return &Error{Tag: TagConnectionTimeout, Err: cmp.Or(context.Cause(ctx), err)}
	}
	return &Error{Tag: TagDestinationUnavailable, Err: err}
}

func rcode(err *net.DNSError) uint16 {
	if err.IsNotFound {
		return 3
	}
	return 0
}

// Handshake says why TLS could not be set up on a connection.
func Handshake(ctx context.Context, err error) *Error {
	var cert *CertError
	var refused *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &cert), errors.As(err, &refused):
		return &Error{Tag: TagTLSCertificateError, Err: err}
	case ctx.Err() != nil:
		return &Error{Tag: TagConnectionTimeout, Err: cmp.Or(context.Cause(ctx), err)}
	case errors.As(err, &record):
		return &Error{Tag: TagTLSProtocolError, Err: err}
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return &Error{Tag: TagConnectionTerminated, Err: err}
	}
	if alert, ok := remoteAlert(err); ok {
		return &Error{Tag: TagTLSAlertReceived, TLSAlert: alert, Err: err}
	}
	return &Error{Tag: TagTLSProtocolError, Err: err}
}

// remoteAlert digs the alert's number out of crypto/tls, which reports it as an
// unexported uint8 type.
func remoteAlert(err error) (uint8, bool) {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return 0, false
	}
	if v := reflect.ValueOf(op.Err); v.Kind() == reflect.Uint8 {
		return uint8(v.Uint()), true
	}
	return 0, true
}

// Exchange says why there is no answer to a request that was sent, or that
// could not be sent whole.
func Exchange(ctx context.Context, err error) *Error {
	alert, alerted := remoteAlert(err)
	switch {
	case errors.Is(context.Cause(ctx), ErrFirstByteTimeout):
		return &Error{Tag: TagHTTPResponseTimeout, Err: ErrFirstByteTimeout}
	case ctx.Err() != nil:
		return &Error{Tag: TagInternalError, Err: cmp.Or(context.Cause(ctx), err)}
	case errors.Is(err, wire.ErrRequestBody): // no tag is for it: it is not the origin's fault
		return &Error{Tag: TagInternalError, Err: err}
	case alerted: // TLS 1.3 reports a refused client certificate only after the handshake
		return &Error{Tag: TagTLSAlertReceived, TLSAlert: alert, Err: err}
	case errors.Is(err, wire.ErrHeadTooLarge):
		return &Error{Tag: TagHTTPHeadTooLarge, Err: err}
	case errors.Is(err, wire.ErrStatus):
		return &Error{Tag: TagHTTPStatusInvalid, Err: err}
	case errors.Is(err, wire.ErrMalformed):
		return &Error{Tag: TagHTTPProtocolError, Err: err}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Tag: TagHTTPIncompleteResponse, Err: err}
	}
	return &Error{Tag: TagConnectionTerminated, Err: err}
}
