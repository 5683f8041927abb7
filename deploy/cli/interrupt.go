package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
)

// patience is how long a command that was interrupted may take to come to its
// end. Then the process ends without it: a compiler does not look at contexts.
const patience = 500 * time.Millisecond

// interruption is the cause of a context that a signal has ended.
type interruption struct{ sig syscall.Signal }

func (i *interruption) Error() string { return "interrupted" }

func (i *interruption) exit() int { return 128 + int(i.sig) }

// interruptible returns a context that Ctrl-C, SIGTERM and a closed terminal
// end. A second one ends the process, as if nobody listened.
func interruptible(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			sig, _ := s.(syscall.Signal)
			cancel(&interruption{sig})
		case <-ctx.Done():
		}
	}()
	return ctx, func() { signal.Stop(signals); cancel(nil) }
}

// Main runs the command of this process and returns its exit code.
func Main() int {
	ctx, stop := interruptible(context.Background())
	defer stop()
	env := &Env{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Now: time.Now, LookupEnv: os.LookupEnv, Environ: os.Environ, linger: new(atomic.Int64)}
	done := make(chan int, 1)
	go func() { done <- env.Run(ctx, os.Args[1:]) }()
	select {
	case code := <-done:
		return code
	case <-ctx.Done():
	}
	select {
	case code := <-done:
		return code
	case <-time.After(patience + time.Duration(env.linger.Load())):
		files.RemoveTemporary()
		f := interrupted(context.Cause(ctx), "")
		f.Report(os.Stderr)
		return f.Exit
	}
}

// interrupted is the failure of a command that a signal has ended. What it
// leaves behind is told where it is not nothing.
func interrupted(cause error, left string) *failure.Error {
	f := &failure.Error{Exit: ExitInterrupted, Err: errors.New("interrupted")}
	var i *interruption
	if errors.As(cause, &i) {
		f.Exit = i.exit()
	}
	if left != "" {
		f.Err = fmt.Errorf("interrupted; %s", left)
	}
	return f
}

// halted returns the failure of a command that was interrupted, nil for one
// that was not.
func (env *Env) halted(left string) error {
	if cause := context.Cause(env.context()); cause != nil {
		return interrupted(cause, left)
	}
	return nil
}
