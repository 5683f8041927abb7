package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// directPair returns both ends of a connection on loopback; the far one is
// direct.
func directPair(t *testing.T) (near, far net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	near, err = net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { near.Close() })
	conn, err := ln.Accept()
	require.NoError(t, err)
	far = Direct(conn)
	require.IsType(t, (*direct)(nil), far)
	t.Cleanup(func() { far.Close() })
	return near, far
}

// What is no TCP connection is left as it is.
func TestDirectLeavesOthers(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	require.Same(t, a, Direct(a))
}

// More than the system's buffers hold goes through whole, both ways at once.
func TestDirectCarries(t *testing.T) {
	near, far := directPair(t)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	go func() {
		_, _ = far.Write(sent)
		_ = far.(*direct).CloseWrite()
	}()
	go func() {
		_, _ = near.Write(sent)
		_ = near.(*net.TCPConn).CloseWrite()
	}()
	got := make(chan []byte)
	go func() {
		b, _ := io.ReadAll(far)
		got <- b
	}()
	b, err := io.ReadAll(near)
	require.NoError(t, err)
	require.True(t, bytes.Equal(sent, b))
	require.True(t, bytes.Equal(sent, <-got))
	n, err := far.Read(nil)
	require.Zero(t, n)
	require.NoError(t, err)
}

// A wait ends with its deadline, and with the connection, for both directions.
func TestDirectWaitsEnd(t *testing.T) {
	for _, write := range []bool{false, true} {
		use := func(far net.Conn) (err error) {
			for p := make([]byte, 1<<20); err == nil; {
				if write {
					_, err = far.Write(p)
				} else {
					_, err = far.Read(p)
				}
			}
			return err
		}
		_, far := directPair(t)
		require.NoError(t, far.SetDeadline(time.Now().Add(time.Millisecond)))
		err := use(far)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.True(t, IsTimeout(err))
		require.NoError(t, far.SetDeadline(time.Time{}))

		failed := make(chan error)
		go func() { failed <- use(far) }()
		require.NoError(t, far.Close())
		require.ErrorIs(t, <-failed, net.ErrClosed)
	}
}

// Errors are those of package net.
func TestDirectErrors(t *testing.T) {
	near, far := directPair(t)
	require.NoError(t, near.(*net.TCPConn).SetLinger(0)) // its end resets the connection
	require.NoError(t, near.Close())
	var err error
	for err == nil {
		_, err = far.Write([]byte("x")) // one may be taken before the reset is seen
	}
	require.True(t, errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE), "%v", err)
	var op *net.OpError
	require.ErrorAs(t, err, &op)
	require.Equal(t, "write", op.Op)
	require.Equal(t, far.RemoteAddr(), op.Addr)
}

// Of an idle connection is known whether the other side has closed it or sent
// something.
func TestDirectQuiet(t *testing.T) {
	near, far := directPair(t)
	c := NewConn(far)
	require.True(t, c.Quiet())
	require.NoError(t, far.SetReadDeadline(aLongTimeAgo))
	require.True(t, c.Quiet(), "a deadline that has passed says nothing of the other side")
	_, err := near.Write([]byte("x"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return !c.Quiet() }, 30*time.Second, time.Millisecond)
	require.NoError(t, far.SetReadDeadline(time.Time{}))
	_, err = io.ReadFull(far, make([]byte, 1))
	require.NoError(t, err)
	require.True(t, c.Quiet(), "looking takes nothing away")
	require.NoError(t, near.Close())
	require.Eventually(t, func() bool { return !c.Quiet() }, 30*time.Second, time.Millisecond)

	_, busy := directPair(t)
	read := make(chan struct{})
	go func() { defer close(read); _, _ = busy.Read(make([]byte, 1)) }()
	require.Eventually(t, func() bool { return !NewConn(busy).Quiet() }, 30*time.Second, time.Millisecond, "a Read is under way")
	require.NoError(t, busy.Close())
	<-read
	require.False(t, NewConn(busy).Quiet(), "it is closed")
}

// Reading and writing allocate nothing.
func TestDirectAllocatesNothing(t *testing.T) {
	near, far := directPair(t)
	p, q := []byte("x"), make([]byte, 1)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		_, _ = near.Write(p)
		_, _ = far.Read(q)
		_, _ = far.Write(q)
		_, _ = near.Read(q)
	}))
}
