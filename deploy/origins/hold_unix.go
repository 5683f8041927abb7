//go:build unix

package origins

import (
	"context"
	"net"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// listenHeld listens on a port that may be held, or will be.
func listenHeld(addr string) (net.Listener, error) {
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		if e := c.Control(func(fd uintptr) { err = sharePort(int(fd)) }); e != nil {
			return e
		}
		return err
	}}
	return lc.Listen(context.Background(), "tcp4", addr)
}

// hold reserves a port while nothing listens on it, with a socket that is bound
// and does not listen. The system refuses connections to it and gives the port
// to no client.
func hold(addr *net.TCPAddr) (release func(), err error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, err
	}
	unix.CloseOnExec(fd)
	if err := sharePort(fd); err != nil {
		unix.Close(fd)
		return nil, err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: addr.Port, Addr: [4]byte(addr.IP.To4())}); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return sync.OnceFunc(func() { unix.Close(fd) }), nil
}

// sharePort lets the holding socket and the listener, of one user, bind the
// same port.
func sharePort(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) }
