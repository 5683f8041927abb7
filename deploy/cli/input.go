package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/clickedge/clickedge/deploy/clicklog"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
)

// The most that is read of a file, in bytes. Logs are streamed and have no
// bound but that of a line.
const (
	mostAppLinks = 4 << 20   // Apple takes 128 KiB
	mostModule   = 256 << 20 // Fastly takes 100 MB
	mostManifest = 1 << 20
	mostPEM      = 16 << 20
	mostSecret   = 64 << 10
	mostPackage  = 256 << 20
)

// context is that of the call; Ctrl-C ends it.
func (env *Env) context() context.Context {
	if env.ctx == nil {
		return context.Background()
	}
	return env.ctx
}

// read returns the whole of a file that a flag or an argument names, or of
// standard input for "-". What says for what, as in "the sites"; the hint is
// for a file that is not there.
func (env *Env) read(what, name string, most int64, hint string) ([]byte, error) {
	if err := env.claimStdin(what, name); err != nil {
		return nil, err
	}
	text, err := files.Read(env.context(), name, env.In, most)
	if err == nil {
		return text, nil
	}
	return nil, readFailure(what, err, hint)
}

// readText is read for what is text and never compressed.
func (env *Env) readText(what, name string, most int64, hint string) ([]byte, error) {
	text, err := env.read(what, name, most, hint)
	if err == nil {
		if err = files.Unpacked(name, text); err != nil {
			return nil, readFailure(what, err, hint)
		}
	}
	return text, err
}

// open streams a log, unpacked where it is compressed.
func (env *Env) open(what, name, hint string) (io.ReadCloser, error) {
	if err := env.claimStdin(what, name); err != nil {
		return nil, err
	}
	r, err := files.Open(env.context(), name, env.In)
	if err != nil {
		return nil, readFailure(what, err, hint)
	}
	return r, nil
}

// readLogs gives every line of these files of the click log to take, which
// reads them with r; "-" is standard input. What gzip has packed is unpacked.
func (env *Env) readLogs(names []string, r *clicklog.Reader, take func(line []byte)) error {
	for _, name := range names {
		if err := env.readLog(name, take); err != nil {
			return err
		}
	}
	return r.Check()
}

func (env *Env) readLog(name string, take func([]byte)) error {
	const what, hint = "the click log", `name a file of it, or "-" for standard input`
	r, err := env.open(what, name, hint)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := clicklog.Lines(r, take); err != nil {
		return readFailure(what, err, hint)
	}
	return nil
}

func readFailure(what string, err error, hint string) error {
	var e *files.Error
	if errors.As(err, &e) && e.Hint != "" {
		hint = e.Hint
	}
	return failure.Usage(fmt.Errorf("cannot read %s: %w", what, err), hint)
}

// claimStdin notes for what standard input is read, and refuses to read it for
// a second thing, which would find it empty. Where somebody would have to type,
// it says so.
func (env *Env) claimStdin(what, name string) error {
	if name != files.Std {
		return nil
	}
	if env.stdinFor != "" {
		return failure.Usage(fmt.Errorf("standard input is asked for twice: for %s and for %s", env.stdinFor, what), `give "-" once, and a file for the other`)
	}
	env.stdinFor = what
	if f, ok := env.In.(*os.File); ok && isTerminal(f) {
		fmt.Fprintf(env.Err, "reading %s from this terminal; Ctrl-D ends it\n", what)
	}
	return nil
}

// write writes a file whole or not at all, or to standard output for "-". What
// was written is said on standard error.
func (env *Env) write(name string, data []byte, mode os.FileMode, hint string) error {
	if err := files.Put(name, data, mode, env.Out); err != nil {
		return failure.Bad(err, hint)
	}
	return nil
}

// stdout is standard output. It remembers that something could not be written,
// so that no command reports success over a full disk.
type stdout struct {
	w   io.Writer
	mu  sync.Mutex // serve's requests end at the same time
	err error
}

// Write implements io.Writer.
func (o *stdout) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(p)
	o.err = err
	return n, err
}

// terminalOf is the file that stands behind a reader or writer of the command.
func terminalOf(w any) (*os.File, bool) {
	if o, ok := w.(*stdout); ok {
		w = o.w
	}
	f, ok := w.(*os.File)
	return f, ok
}

// isTerminal reports whether somebody would have to type what is read, or sees
// what is written.
func isTerminal(f *os.File) bool {
	_, ok := columns(f)
	return ok
}

// nowFlag is a time that stands in for the clock, empty for the clock itself.
func (env *Env) nowFlag(s string) (time.Time, error) {
	if s == "" {
		return env.Now(), nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return at, failure.Usage(fmt.Errorf("--now %q is no time", s), "write it like 2030-01-31T12:00:00Z")
	}
	return at, nil
}
