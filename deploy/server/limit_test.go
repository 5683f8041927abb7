package server

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// fromAddresses is a listener whose connections come from given addresses.
type fromAddresses struct {
	net.Listener
	from []string
}

type fromAddress struct {
	net.Conn
	addr *net.TCPAddr
}

func (c *fromAddress) RemoteAddr() net.Addr { return c.addr }

func (l *fromAddresses) Accept() (net.Conn, error) {
	if len(l.from) == 0 {
		return nil, net.ErrClosed
	}
	ip := net.ParseIP(l.from[0])
	l.from = l.from[1:]
	near, _ := net.Pipe()
	return &fromAddress{near, &net.TCPAddr{IP: ip, Port: 1}}, nil
}

func (l *fromAddresses) Close() error { return nil }

func TestLimitPerAddress(t *testing.T) {
	l := newLimiter(&fromAddresses{from: []string{"192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8::3",
		"2001:db8:0:1::1", "127.0.0.1", "127.0.0.1", "::1", "::1", "::1", "192.0.2.1"}}, 100, 2)
	var got []string
	var conns []net.Conn
	accept := func() {
		conn, err := l.Accept()
		require.NoError(t, err)
		got, conns = append(got, conn.RemoteAddr().(*net.TCPAddr).IP.String()), append(conns, conn)
	}
	for range 11 {
		accept()
	}
	require.Equal(t, []string{"192.0.2.1", "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "127.0.0.1", "127.0.0.1", "::1", "::1", "::1"}, got)
	require.Equal(t, 11, l.connections())
	require.NoError(t, conns[0].Close())
	conns[0].Close() // counts once
	accept()
	require.Equal(t, "192.0.2.1", got[11])
	for _, conn := range conns {
		conn.Close()
	}
	require.Zero(t, l.connections())
	require.Empty(t, l.open)
	require.Empty(t, l.slots)
}

func TestLimitOfAll(t *testing.T) {
	l := newLimiter(&fromAddresses{from: []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}}, 2, 2)
	first, err := l.Accept()
	require.NoError(t, err)
	_, err = l.Accept()
	require.NoError(t, err)
	third := make(chan error)
	go func() {
		_, err := l.Accept()
		third <- err
	}()
	select {
	case <-third:
		require.Fail(t, "it was accepted beyond the bound")
	default:
	}
	first.Close()
	require.NoError(t, <-third)
	go func() {
		_, err := l.Accept()
		third <- err
	}()
	l.Close()
	require.ErrorIs(t, <-third, net.ErrClosed, "a listener that is closed does not wait for room")
}
