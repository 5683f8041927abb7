package outcome

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Only where no connection was made may a request be sent again.
func TestUnreached(t *testing.T) {
	var unreached []string
	for f := range Failure(len(failureNames)) {
		if f.Unreached() {
			unreached = append(unreached, f.String())
		}
	}
	require.Equal(t, []string{"dns_timeout", "dns_error", "destination_not_found", "destination_unavailable", "destination_ip_unroutable",
		"connection_refused", "connection_timeout", "connection_limit_reached", "tls_certificate_error", "tls_configuration_error"}, unreached)
	require.False(t, Failure(0).Unreached(), "a host that says nothing may have sent it")
	require.False(t, Failure(99).Unreached())
	require.Equal(t, "unknown_failure", Failure(99).String())
}

func TestFailureClasses(t *testing.T) {
	for f := range Failure(len(failureNames)) {
		require.False(t, f.TimedOut() && f.TLS(), f.String())
	}
	require.True(t, ResponseTimeout.TimedOut())
	require.False(t, ConnectionRefused.TimedOut())
	require.True(t, TLSAlert.TLS())
}

// A failure gets the code of its class; one that is not known is a connection
// that broke.
func TestCodeOfAFailure(t *testing.T) {
	for f, want := range map[Failure]Code{
		DNSTimeout: ESPTimeout, ConnectionTimeout: ESPTimeout, ResponseTimeout: ESPTimeout,
		TLSCertificate: ESPTLS, TLSConfiguration: ESPTLS, TLSAlert: ESPTLS, TLSProtocol: ESPTLS,
		0: ESPUnreachable, ConnectionRefused: ESPUnreachable, 99: ESPUnreachable,
	} {
		require.Equal(t, want, f.Code(), f.String())
	}
}
