package wire

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// Direct returns a TCP connection whose reads and writes are cheaper, and any
// other connection as it is.
//
// Go tells its scheduler of each system call, so that one that blocks does not
// keep a processor from other goroutines. Sockets of package net never block:
// what cannot be done now is waited for by the poller. But a call that takes
// longer than 20 microseconds, as one does while another program has the core,
// has its processor taken away and given to another thread, which costs more
// than the call. So these calls are made without telling.
func Direct(conn net.Conn) net.Conn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return conn // its Read says why
	}
	d := &direct{TCPConn: tcp, raw: raw}
	d.in.try, d.out.try, d.look = d.in.read, d.out.write, d.in.peek
	return d
}

// direct is a TCP connection, see Direct.
type direct struct {
	*net.TCPConn
	raw     syscall.RawConn
	in, out transfer
	look    func(fd uintptr)
}

// transfer is one direction of a connection. try stands here so that it is not
// allocated for each call.
type transfer struct {
	mu    sync.Mutex
	try   func(fd uintptr) (done bool)
	p     []byte
	n     int // bytes of p that are done
	errno syscall.Errno
	seen  [1]byte // by peek
}

// Read implements io.Reader.
func (d *direct) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return d.TCPConn.Read(p)
	}
	t := &d.in
	t.mu.Lock()
	defer t.mu.Unlock()
	t.p, t.n, t.errno = p, 0, 0
	err := d.raw.Read(t.try)
	t.p = nil
	switch {
	case err != nil:
		return 0, err
	case t.errno != 0:
		return 0, d.failed("read", t.errno)
	case t.n == 0:
		return 0, io.EOF
	}
	return t.n, nil
}

// Write implements io.Writer.
func (d *direct) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return d.TCPConn.Write(p)
	}
	t := &d.out
	t.mu.Lock()
	defer t.mu.Unlock()
	t.p, t.n, t.errno = p, 0, 0
	err := d.raw.Write(t.try)
	t.p = nil
	if err == nil && t.errno != 0 {
		err = d.failed("write", t.errno)
	}
	return t.n, err
}

// failed says which connection an error is of, as package net does.
func (d *direct) failed(op string, errno syscall.Errno) error {
	return &net.OpError{Op: op, Net: "tcp", Source: d.LocalAddr(), Addr: d.RemoteAddr(), Err: os.NewSyscallError(op, errno)}
}

// read reads once. It reports false if there is nothing yet.
func (t *transfer) read(fd uintptr) bool {
	n, errno := call(syscall.SYS_READ, fd, t.p)
	if errno == syscall.EAGAIN {
		return false
	}
	t.n, t.errno = n, errno
	return true
}

// write writes as much as there is room for. It reports false if there is more.
func (t *transfer) write(fd uintptr) bool {
	for t.n < len(t.p) {
		n, errno := call(syscall.SYS_WRITE, fd, t.p[t.n:])
		if errno == syscall.EAGAIN {
			return false
		}
		if t.errno = errno; errno != 0 {
			return true
		}
		t.n += n
	}
	return true
}

// quiet is the function quiet. A Read that is under way keeps it from knowing.
func (d *direct) quiet() bool {
	t := &d.in
	if !t.mu.TryLock() {
		return false
	}
	defer t.mu.Unlock()
	err := d.raw.Control(d.look)
	return err == nil && t.errno == syscall.EAGAIN
}

// peek looks whether there is something to read.
func (t *transfer) peek(fd uintptr) {
	_, _, t.errno = syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&t.seen)), uintptr(len(t.seen)),
		syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
}
