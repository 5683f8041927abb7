package server

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
)

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
