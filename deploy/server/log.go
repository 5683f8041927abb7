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
	"github.com/clickedge/clickedge/deploy/journal"
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
	_ clickLog = (*journaled)(nil)
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
	if l.file == nil {
		return l, nil
	}
	return withJournal(l, func(text string) { fmt.Fprintln(r.Err, text) }), nil
}

// journalEnding is that of the journal's name, behind the log's.
const journalEnding = ".journal"

// journaled is a click log in a file, with a journal in front of it.
type journaled struct {
	*journal.Journal
	name string
}

// withJournal puts a journal in front of a log. Where there can be none, each
// line is a write of its own.
func withJournal(l *logFile, warn func(string)) clickLog {
	if !isRegular(l.file) {
		return l // a pipe or a device keeps nothing to compare with
	}
	j, err := journal.Open(journal.Options{Name: l.name + journalEnding, Log: l.name, To: l.file, Warn: warn})
	switch {
	case err == nil:
		return &journaled{j, l.name}
	case !errors.Is(err, errors.ErrUnsupported):
		l.torn = unended(l.file) // it may have begun to write what the journal has
		warn("warning: each line of the click log is written by itself, which takes the server more time: " + err.Error())
	}
	return l
}

// isRegular reports whether a file is one on a disk: no device and no pipe.
func isRegular(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}

// reopen implements clickLog.
func (l *journaled) reopen() error {
	file, err := openFile(l.name)
	if err != nil {
		return err
	}
	return l.Move(file)
}

// close implements clickLog.
func (l *journaled) close() error { return l.Close() }

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
	torn bool     // the end of a line is missing: the disk was full, or power was lost
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
	file, err := openFile(l.name)
	if err != nil {
		return err
	}
	l.mu.Lock()
	old := l.file
	l.to, l.file, l.torn = file, file, unended(file)
	l.mu.Unlock()
	if old != nil {
		return old.Close()
	}
	return nil
}

// openFile opens the file of the click log to append to it.
func openFile(name string) (*os.File, error) {
	// Others may not read it: it says who opened what, if not by name.
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, failure.Usage(fmt.Errorf("the click log cannot be opened: %w", err), "name a file in a folder that the server may write to, or - for standard output")
	}
	return file, nil
}

// unended reports whether the last line of a file has no end. A file that may
// not be read is taken to have one.
func unended(file *os.File) bool {
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return false
	}
	r, err := os.Open(file.Name())
	if err != nil {
		return false
	}
	defer r.Close()
	last := []byte{'\n'}
	_, _ = r.ReadAt(last, info.Size()-1)
	return last[0] != '\n'
}

func (l *logFile) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	if !isRegular(l.file) { // nothing to bring to a disk
		return l.file.Close()
	}
	return errors.Join(l.file.Sync(), l.file.Close())
}
