package interrupt

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
)

// ended is a context that this has ended.
func ended(t *testing.T, by error) context.Context {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(by)
	return ctx
}

func TestExitCode(t *testing.T) {
	for name, c := range map[string]struct {
		by   error
		exit int
	}{
		"Ctrl-C":            {&cause{syscall.SIGINT}, 130},
		"SIGTERM":           {&cause{syscall.SIGTERM}, 143},
		"a closed terminal": {&cause{syscall.SIGHUP}, 129},
		"no signal":         {errors.New("another reason"), 130},
		"no reason":         {nil, 130},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := ended(t, c.by)
			require.Equal(t, c.exit, Failure(ctx, "").Exit)
			require.EqualError(t, Of(ctx, ""), "interrupted")
			require.EqualError(t, Of(ctx, "nothing was written"), "interrupted; nothing was written")
		})
	}
	require.NoError(t, Of(t.Context(), "nothing was written"))
}

// The first signal ends the context, with the signal as the cause.
func TestContext(t *testing.T) {
	ctx, stop := Context(t.Context())
	defer stop()
	require.NoError(t, Of(ctx, ""))
	require.NoError(t, syscall.Kill(syscall.Getpid(), syscall.SIGTERM))
	<-ctx.Done()
	require.Equal(t, 143, Failure(ctx, "").Exit)
}

func TestRun(t *testing.T) {
	now := func() time.Duration { return 0 }
	forever := func() time.Duration { return time.Hour }
	var b strings.Builder
	require.Equal(t, 3, Run(t.Context(), &b, now, func() int { return 3 }))
	ctx := ended(t, &cause{syscall.SIGTERM})
	require.Equal(t, 7, Run(ctx, &b, forever, func() int { return 7 }), "what comes to its end says how")
	require.Empty(t, b.String())
	hang := make(chan struct{})
	defer close(hang)
	require.Equal(t, 143, Run(ctx, &b, now, func() int { <-hang; return failure.ExitOK }))
	require.Equal(t, "clickedge: interrupted\n", b.String())
}
