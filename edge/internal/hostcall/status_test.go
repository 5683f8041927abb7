package hostcall

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

// Natively there is no host: every call says so, and none hangs or panics.
func TestWithoutAHost(t *testing.T) {
	_, _, st := Downstream()
	require.Equal(t, Unsupported, st)
	_, st = Request(0).Send(0, "backend")
	require.Equal(t, Unsupported, st)
	_, st = Pending(0).Ready(1)
	require.Equal(t, Unsupported, st)
	_, _, _, st = Pending(0).Wait()
	require.Equal(t, Unsupported, st)
	require.False(t, Request(0).Analysed())
	require.Zero(t, Request(0).Bot(&Buffer{}))
	_, st = NewRequest()
	require.Equal(t, Unsupported, st)
}
