// Package interrupt ends the command when a signal asks for it: Ctrl-C,
// SIGTERM, or a terminal that is closed.
//
// Start with [Run], which is around the whole of the command, and with [Of], by
// which a command says what it leaves behind. The exit code is 128 and the
// signal's number, as shells have it.
package interrupt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
)

// Patience is how long a command that was interrupted may take to come to its
// end. Then the process ends without it: a compiler does not look at contexts.
const Patience = 500 * time.Millisecond

// cause is why a context has ended: a signal.
type cause struct{ sig syscall.Signal }

// Error implements error.
func (c *cause) Error() string { return "interrupted" }

// Context returns a context that Ctrl-C, SIGTERM and a closed terminal end. A
// second signal ends the process, as if nobody listened.
func Context(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		for {
			select {
			case s := <-signals:
				if s == syscall.SIGHUP && hangUp() {
					continue
				}
				signal.Stop(signals)
				sig, _ := s.(syscall.Signal)
				cancel(&cause{sig})
			case <-ctx.Done():
			}
			return
		}
	}()
	return ctx, func() { signal.Stop(signals); cancel(nil) }
}

// hangups is where SIGHUP goes; nil: it ends the command.
var hangups atomic.Pointer[chan struct{}]

// Hangups returns a channel that gets something after each SIGHUP, which no
// longer ends the command: to a server it says that its log was rotated. Nor
// does a broken pipe any longer: whoever read the output has ended, and writing
// fails.
func Hangups() <-chan struct{} {
	signal.Ignore(syscall.SIGPIPE)
	c := make(chan struct{}, 1)
	hangups.Store(&c)
	return c
}

// hangUp reports whether somebody takes SIGHUP.
func hangUp() bool {
	c := hangups.Load()
	if c == nil {
		return false
	}
	select {
	case *c <- struct{}{}:
	default: // the one before has not been taken yet
	}
	return true
}

// Run returns the exit code of the work. After a signal it waits for the work,
// for as long as wait says at that time; then it removes temporary files,
// reports on w, and returns without it.
func Run(ctx context.Context, w io.Writer, wait func() time.Duration, work func() int) int {
	done := make(chan int, 1)
	go func() { done <- work() }()
	select {
	case code := <-done:
		return code
	case <-ctx.Done():
	}
	select {
	case code := <-done:
		return code
	case <-time.After(wait()):
		files.RemoveTemporary()
		f := Failure(ctx, "")
		f.Report(w)
		return f.Exit
	}
}

// Failure is the failure of a command whose context has ended. Left says what
// it leaves behind; "" where that is nothing.
func Failure(ctx context.Context, left string) *failure.Error {
	f := &failure.Error{Exit: failure.ExitInterrupted, Err: errors.New("interrupted")}
	var c *cause
	if errors.As(context.Cause(ctx), &c) {
		f.Exit = 128 + int(c.sig)
	}
	if left != "" {
		f.Err = fmt.Errorf("interrupted; %s", left)
	}
	return f
}

// Of returns the failure of a command that was interrupted, nil for one that
// was not.
func Of(ctx context.Context, left string) error {
	if ctx.Err() != nil {
		return Failure(ctx, left)
	}
	return nil
}
