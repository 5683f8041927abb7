//go:build race

package wire

import "syscall"

// call makes a system call as package net does: the race detector takes bytes
// that are read for news of what came before they were written.
func call(number, fd uintptr, p []byte) (int, syscall.Errno) {
	do := syscall.Write
	if number == syscall.SYS_READ {
		do = syscall.Read
	}
	for {
		n, err := do(int(fd), p)
		switch errno, _ := err.(syscall.Errno); {
		case errno == syscall.EINTR:
			continue
		case errno != 0:
			return 0, errno
		}
		return n, 0
	}
}
