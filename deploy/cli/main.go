package cli

import (
	"context"
	"os"
	"sync/atomic"
	"time"

	"github.com/clickedge/clickedge/deploy/interrupt"
)

// Main runs the command of this process and returns its exit code.
func Main() int {
	ctx, stop := interrupt.Context(context.Background())
	defer stop()
	env := &Env{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Now: time.Now, LookupEnv: os.LookupEnv, Environ: os.Environ, linger: new(atomic.Int64)}
	wait := func() time.Duration { return interrupt.Patience + time.Duration(env.linger.Load()) }
	return interrupt.Run(ctx, os.Stderr, wait, func() int { return env.Run(ctx, os.Args[1:]) })
}
