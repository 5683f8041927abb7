package wire

import (
	"bufio"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A connection that the origin resets is no connection that it closed: whoever
// asks may send the request again after the one, and not after the other.
func TestResetIsNotAnEnd(t *testing.T) {
	for name, linger := range map[string]int{"reset": 0, "closed": -1} {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer ln.Close()
			go func() {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				_, _ = bufio.NewReader(conn).ReadString('\n')
				_ = conn.(*net.TCPConn).SetLinger(linger)
				conn.Close()
			}()
			conn, err := net.Dial("tcp", ln.Addr().String())
			require.NoError(t, err)
			_, err = RoundTrip(t.Context(), conn, &Request{Method: "GET", Target: "/", Header: NewHeader("Host", "a")}, Limits{})
			if name == "reset" {
				require.ErrorIs(t, err, syscall.ECONNRESET)
			} else {
				require.Error(t, err)
				require.NotErrorIs(t, err, syscall.ECONNRESET)
			}
		})
	}
}
