package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Options say where a journal is, and what it is for.
type Options struct {
	Name string // the journal's file; made where it does not exist
	Log  string // the log's file, to see what it has
	// To is the log's file, opened to append. The journal owns it.
	To File
	// Warn is told what an operator should know.
	Warn func(text string)
}

// File is an [os.File].
type File interface {
	io.Writer
	Sync() error
	Close() error
}

const (
	// gather is how long lines gather before they are written. Go's scheduler
	// watches threads that write closely for some milliseconds; that costs more
	// than the writes if they come more often.
	gather = 10 * time.Millisecond
	// again is when a log is tried again that has taken nothing.
	again = time.Second
)

// Journal takes lines for a log. It is safe for concurrent use.
type Journal struct {
	name string
	warn func(string)
	file *mapped

	// writing is held while the log is written to; it comes before mu.
	writing sync.Mutex
	to      File

	mu       sync.Mutex
	space    *sync.Cond // a segment is free
	segments [2]*segment
	at       int // which takes lines
	number   uint64
	idle     bool  // nothing waits, and keep sleeps
	failed   error // why the log takes nothing
	closed   bool

	wake, full, stop chan struct{}
	kept             sync.WaitGroup
}

// ErrBusy is wrapped by the error for a journal that another process has.
var ErrBusy = errors.New("another process has it")

var (
	errClosed  = errors.New("it is closed")
	errTooLong = errors.New("a line is too long for its journal")
)

// Open opens a journal, and writes to the log what an earlier process has left
// there. After an error To is as it was, and the journal keeps its lines.
func Open(o Options) (*Journal, error) {
	file, err := open(o.Name)
	if err != nil {
		return nil, fmt.Errorf("the journal %q cannot be used: %w", o.Name, err)
	}
	j := &Journal{name: o.Name, warn: o.Warn, file: file, to: o.To, idle: true, segments: [2]*segment{segmentOf(file.memory, 0), segmentOf(file.memory, 1)},
		wake: make(chan struct{}, 1), full: make(chan struct{}, 1), stop: make(chan struct{})}
	j.space = sync.NewCond(&j.mu)
	if err := j.recover(o.Log); err != nil {
		return nil, errors.Join(fmt.Errorf("the lines in the journal %q cannot be written to the log: %w", o.Name, err), file.close(false))
	}
	j.kept.Go(j.keep)
	return j, nil
}

// Write implements io.Writer for a whole line.
func (j *Journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.room(len(line)); err != nil {
		return 0, err
	}
	if err := j.segments[j.at].put(line); err != nil {
		return 0, err
	}
	if j.idle {
		j.idle = false
		signal(j.wake)
	}
	return len(line), nil
}

// room makes room for a line. It waits for a log that is slow, and not for one
// that takes nothing.
func (j *Journal) room(n int) error {
	if n > segmentSize {
		return errTooLong
	}
	for {
		this, other := j.segments[j.at], j.segments[1-j.at]
		switch {
		case j.closed:
			return errClosed
		case n <= segmentSize-this.length:
			return nil
		case other.length == 0:
			j.number++
			*other.number = j.number
			j.at = 1 - j.at
		case j.failed != nil:
			return j.failed
		default:
			signal(j.full)
			j.space.Wait()
		}
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it has been given
	}
}

// keep writes to the log what has come.
func (j *Journal) keep() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-j.wake:
		case <-j.stop:
			return
		}
		for more, pause := true, gather; more; {
			timer.Reset(pause)
			select {
			case <-timer.C:
			case <-j.full:
			case <-j.stop:
				return
			}
			var err error
			if more, err = j.drain(); err != nil {
				pause = again
			} else {
				pause = gather
			}
		}
	}
}

// drain writes what one segment has to the log. It reports whether there is
// more.
func (j *Journal) drain() (more bool, err error) {
	j.writing.Lock()
	defer j.writing.Unlock()
	j.mu.Lock()
	s := j.oldest()
	text := s.waiting()
	j.mu.Unlock()
	n := 0
	if len(text) > 0 {
		if n, err = j.to.Write(text); err == nil && n < len(text) {
			err = io.ErrShortWrite
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.report(err)
	if n > 0 {
		s.drop(n)
	}
	j.space.Broadcast()
	more = len(j.oldest().waiting()) > 0
	j.idle = !more
	return more, err
}

// oldest is the segment that is written next.
func (j *Journal) oldest() *segment {
	if other := j.segments[1-j.at]; other.length > 0 {
		return other
	}
	return j.segments[j.at]
}

// report says when the log begins to take nothing, and when that has ended.
func (j *Journal) report(err error) {
	switch {
	case err != nil && j.failed == nil:
		j.warn(fmt.Sprintf("warning: the click log cannot be written, and its lines wait in %q: %v", j.name, err))
	case err == nil && j.failed != nil:
		j.warn("the click log is written again")
	}
	j.failed = err
}

// Move goes on with another file, as after the log was moved away. What waits
// goes to the old one, if it takes it.
func (j *Journal) Move(to File) error {
	for range j.segments {
		if more, err := j.drain(); err != nil || !more {
			break
		}
	}
	if !j.file.inPlace(j.name) {
		j.warn(fmt.Sprintf("warning: somebody has moved %q away, which the server needs until it ends: should it be killed, lines will be missing", j.name))
	}
	j.writing.Lock()
	defer j.writing.Unlock()
	if !same(j.to, to) { // a part of a line is in the old one
		j.mu.Lock()
		for _, s := range j.segments {
			s.rewind()
		}
		j.mu.Unlock()
	}
	old := j.to
	j.to = to
	return old.Close()
}

// same reports whether two files are one, opened twice.
func same(a, b File) bool {
	type statter interface{ Stat() (os.FileInfo, error) }
	x, ok1 := a.(statter)
	y, ok2 := b.(statter)
	if !ok1 || !ok2 {
		return false
	}
	one, err1 := x.Stat()
	two, err2 := y.Stat()
	return err1 == nil && err2 == nil && os.SameFile(one, two)
}

// Close writes what waits to the log, and ends both. What the log does not take
// stays in the journal, which is removed otherwise.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return nil
	}
	j.closed = true
	j.space.Broadcast()
	j.mu.Unlock()
	close(j.stop)
	j.kept.Wait()
	var err error
	for more := true; more && err == nil; {
		more, err = j.drain()
	}
	if err != nil {
		err = fmt.Errorf("the last lines of the click log stay in %q until the next start: %w", j.name, err)
	}
	return errors.Join(err, j.to.Sync(), j.to.Close(), j.file.close(err == nil))
}
