package doctortest

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// listen opens a port of 127.0.0.1 for a place until the test ends, and returns
// "127.0.0.1:port".
func listen(t testing.TB, place Place) string {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return // the listener has been closed
			}
			serving.Go(func() {
				defer conn.Close()
				stop := context.AfterFunc(ctx, func() { conn.Close() })
				defer stop()
				place.ServeConn(conn)
			})
		}
	})
	t.Cleanup(func() { ln.Close(); cancel(); serving.Wait() })
	return ln.Addr().String()
}
