package doctortest

import (
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// listener accepts for one place until the test ends.
type listener struct {
	place Place

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]bool
	wg     sync.WaitGroup
}

// listen opens a port of 127.0.0.1 for a place and returns "127.0.0.1:port".
func listen(t testing.TB, place Place) string {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	l := &listener{place: place, conns: map[net.Conn]bool{}}
	l.wg.Add(1)
	go l.accept(ln)
	t.Cleanup(func() { ln.Close(); l.stop() })
	return ln.Addr().String()
}

func (l *listener) accept(ln net.Listener) {
	defer l.wg.Done()
	for {
		conn, err := ln.Accept()
		if err != nil {
			return // the listener has been closed
		}
		if !l.enter(conn) {
			conn.Close()
			return
		}
		go func() {
			defer l.leave(conn)
			l.place.ServeConn(conn)
		}()
	}
}

func (l *listener) enter(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.conns[conn] = true
	l.wg.Add(1)
	return true
}

func (l *listener) leave(conn net.Conn) {
	conn.Close()
	l.mu.Lock()
	delete(l.conns, conn)
	l.mu.Unlock()
	l.wg.Done()
}

func (l *listener) stop() {
	l.mu.Lock()
	l.closed = true
	for conn := range l.conns {
		conn.Close()
	}
	l.mu.Unlock()
	l.wg.Wait()
}
