package server

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/spool"
)

// clickLog takes the lines of the click log, each in one call.
type clickLog interface {
	io.Writer
	// reopen is called on SIGHUP.
	reopen() error
	// close is called when the last line has been written.
	close() error
}

var (
	_ clickLog = (*logFile)(nil)
	_ clickLog = (*delivered)(nil)
)

// openLog opens the click log: a file, standard output, or a receiver.
func (r *run) openLog() (clickLog, error) {
	if spool.IsURL(r.Log) {
		d, err := r.openDelivery()
		if err != nil {
			return nil, err // and not a nil *delivered
		}
		return d, nil
	}
	if flag := r.Delivery.unused(); flag != "" {
		return nil, failure.Usage(fmt.Errorf("%s is for a log that is sent over https, and --log names no URL", flag), "give --log https://…, or leave "+flag+" out")
	}
	l, err := openLog(r.Log, r.Out)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// steady says when a log begins to refuse lines, and when it takes them again.
type steady struct {
	to   io.Writer
	warn io.Writer

	failing atomic.Bool
}

// Write implements io.Writer.
func (s *steady) Write(line []byte) (int, error) {
	n, err := s.to.Write(line)
	switch {
	case err != nil && s.failing.CompareAndSwap(false, true):
		fmt.Fprintf(s.warn, "warning: the click log takes no lines, and they follow here: %v\n", err)
	case err == nil && s.failing.Load() && s.failing.CompareAndSwap(true, false):
		fmt.Fprintln(s.warn, "the click log takes lines again")
	}
	return n, err
}

// logFile is where the lines of the click log go, each in one write.
type logFile struct {
	name string // "" for one that is not opened here

	mu   sync.Mutex
	to   io.Writer
	file *os.File // nil for one that is not opened here
	torn bool     // the end of a line is missing, as of a disk that was full
}

// openLog opens the file of the click log to append to it; "-" is out.
func openLog(name string, out io.Writer) (*logFile, error) {
	if name == files.Std {
		return &logFile{to: out}, nil
	}
	l := &logFile{name: name}
	return l, l.reopen()
}

// Write implements io.Writer.
func (l *logFile) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.torn {
		if _, err := l.to.Write([]byte{'\n'}); err != nil {
			return 0, err
		}
		l.torn = false
	}
	n, err := l.to.Write(line)
	l.torn = n > 0 && n < len(line)
	return n, err
}

// reopen opens the file anew, after it was moved away. If that fails, the lines
// go on to the old one.
func (l *logFile) reopen() error {
	if l.name == "" {
		return nil
	}
	// Others may not read it: it says who opened what, if not by name.
	file, err := os.OpenFile(l.name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return failure.Usage(fmt.Errorf("the click log cannot be opened: %w", err), "name a file in a folder that the server may write to, or - for standard output")
	}
	l.mu.Lock()
	old := l.file
	l.to, l.file, l.torn = file, file, false
	l.mu.Unlock()
	if old != nil {
		return old.Close()
	}
	return nil
}

func (l *logFile) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	return errors.Join(l.file.Sync(), l.file.Close())
}
