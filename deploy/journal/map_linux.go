package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// mapped is a file that is mapped into memory, and locked.
type mapped struct {
	*os.File
	memory []byte
}

// open maps the file of a journal, which it makes where it does not exist.
func open(name string) (*mapped, error) {
	for {
		m, err := tryOpen(name)
		if m != nil || err != nil {
			return m, err
		}
	}
}

// tryOpen returns nil if another process has removed the file meanwhile.
func tryOpen(name string) (m *mapped, err error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() {
		if m == nil {
			_ = f.Close()
		}
	}()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, ErrBusy
	} else if err != nil {
		return nil, fmt.Errorf("it cannot be locked: %w", err)
	}
	m = &mapped{File: f}
	if !m.inPlace(name) {
		return nil, nil
	}
	if err := prepare(f); err != nil {
		return nil, err
	}
	if m.memory, err = syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED); err != nil {
		return nil, fmt.Errorf("it cannot be mapped: %w", err)
	}
	return m, nil
}

// prepare gives a new file its form and its place on the disk, and refuses one
// that is no journal.
func prepare(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		if err := reserve(f); err != nil {
			return err
		}
		_, err := f.WriteAt([]byte(magic), 0)
		return err
	}
	head := make([]byte, len(magic))
	_, err = f.ReadAt(head, 0)
	switch {
	case err != nil && err != io.EOF:
		return err
	case info.Mode().IsRegular() && info.Size() == size && string(head) == string(make([]byte, len(magic))):
		_, err := f.WriteAt([]byte(magic), 0) // it was not finished
		return err
	case !info.Mode().IsRegular() || info.Size() != size || string(head) != magic:
		return errors.New("it is no journal of this version; if nobody needs it, remove it")
	}
	return nil
}

// reserve gives a file its size, and its place on the disk where the file system
// can: a disk that is full must be noticed now.
func reserve(f *os.File) error {
	err := syscall.Fallocate(int(f.Fd()), 0, 0, size)
	if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.ENOSYS) {
		_, err = f.WriteAt(make([]byte, size), 0)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("there is no place for it: %w", err), f.Truncate(0))
	}
	return nil
}

// inPlace reports whether the file still has its name.
func (m *mapped) inPlace(name string) bool {
	ours, err := m.Stat()
	there, err2 := os.Lstat(name)
	return err == nil && err2 == nil && os.SameFile(ours, there)
}

// close ends the use of the file. It removes one that is empty.
func (m *mapped) close(empty bool) error {
	err := syscall.Munmap(m.memory)
	if name := m.Name(); empty && m.inPlace(name) {
		err = errors.Join(err, os.Remove(name))
	}
	return errors.Join(err, m.File.Close())
}
