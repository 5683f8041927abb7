package senderror

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/wire"
)

func TestTags(t *testing.T) {
	over, cancel := context.WithCancelCause(t.Context())
	cancel(ErrFirstByteTimeout)
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for _, c := range []struct {
		got  *Error
		want Tag
	}{
		{Dial(t.Context(), refused), TagConnectionRefused},
		{Dial(t.Context(), &net.DNSError{IsNotFound: true}), TagDNSError},
		{Dial(t.Context(), &net.DNSError{IsTimeout: true}), TagDNSTimeout},
		{Dial(t.Context(), syscall.EHOSTUNREACH), TagDestinationUnroutable},
		{Dial(over, errors.New("x")), TagConnectionTimeout},
		{Dial(t.Context(), errors.New("x")), TagDestinationUnavailable},
		{Handshake(t.Context(), &CertError{errors.New("x")}), TagTLSCertificateError},
		{Handshake(t.Context(), &tls.CertificateVerificationError{Err: x509.HostnameError{}}), TagTLSCertificateError},
		{Handshake(t.Context(), tls.RecordHeaderError{}), TagTLSProtocolError},
		{Handshake(t.Context(), io.EOF), TagConnectionTerminated},
		{Handshake(over, io.EOF), TagConnectionTimeout},
		{Exchange(over, io.EOF), TagHTTPResponseTimeout},
		{Exchange(t.Context(), io.EOF), TagConnectionTerminated},
		{Exchange(t.Context(), io.ErrUnexpectedEOF), TagHTTPIncompleteResponse},
		{Exchange(t.Context(), fmt.Errorf("x: %w", wire.ErrHeadTooLarge)), TagHTTPHeadTooLarge},
		{Exchange(t.Context(), wire.ErrMalformed), TagHTTPProtocolError},
		{Exchange(t.Context(), wire.ErrRequestBody), TagInternalError},
	} {
		require.Equal(t, c.want, c.got.Tag, c.got.Error())
		require.Error(t, c.got.Unwrap())
	}
	require.Equal(t, uint16(3), Dial(t.Context(), &net.DNSError{IsNotFound: true}).DNSRcode)
	require.True(t, Dial(t.Context(), refused).Unconnected())
	require.False(t, Exchange(t.Context(), io.EOF).Unconnected())
}
