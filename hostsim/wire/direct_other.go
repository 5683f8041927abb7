//go:build !linux

package wire

import "net"

// Direct returns the connection: elsewhere than on Linux Go's own calls are
// used.
func Direct(conn net.Conn) net.Conn { return conn }
