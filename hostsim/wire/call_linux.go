//go:build !race

package wire

import (
	"syscall"
	"unsafe"
)

// mostAtOnce is the most bytes of one call. The world cannot stop meanwhile.
const mostAtOnce = 64 << 10

// call makes a system call on a socket that does not block, and again if a
// signal has interrupted it. p must not be empty.
func call(number, fd uintptr, p []byte) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall(number, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(min(len(p), mostAtOnce)))
		switch errno {
		case 0:
			return int(n), 0
		case syscall.EINTR:
			continue
		}
		return 0, errno
	}
}
