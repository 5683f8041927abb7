package module

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/clickedge/clickedge/deploy/files"
)

// buildArgs compile the guest as a reactor, whose initialisation and entry are
// two exports, and without the clone's paths and version control state, so that
// the same source gives the same bytes everywhere. (Reading that state would
// also fail in a clone that git considers another user's.)
var buildArgs = []string{"build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false"}

// Reactor compiles the guest of the source tree at root with the go command of
// this machine and returns the module, not yet prewarmed. The errors are
// [ErrNoGo], or what the compiler said.
func Reactor(ctx context.Context, root string) ([]byte, error) {
	tool, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("%w on this machine: %w", ErrNoGo, err)
	}
	tmp, remove, err := files.TempDir(ctx, "clickedge-")
	if err != nil {
		return nil, fmt.Errorf("no temporary folder: %w", err)
	}
	defer remove()
	out := filepath.Join(tmp, "reactor.wasm")
	if err := compile(ctx, tool, root, out); err != nil {
		return nil, err
	}
	return os.ReadFile(out)
}

func compile(ctx context.Context, tool, root, out string) error {
	cmd := exec.CommandContext(ctx, tool, append(buildArgs, "-o", out, "./edge")...)
	cmd.Dir, cmd.Env = root, guestEnv(os.Environ())
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.WaitDelay = 200 * time.Millisecond // compilers that it has started hold the pipe
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, new(*exec.ExitError)):
		return fmt.Errorf("go build ./edge in %q failed:\n%s", root, strings.TrimRight(said.String(), "\n"))
	case err != nil:
		return fmt.Errorf("go build could not be started: %w", err)
	}
	return nil
}

// guestEnv returns the environment with the guest's target in place of any
// other. GOFLAGS, proxies and caches stay as the user set them.
func guestEnv(environ []string) []string {
	env := make([]string, 0, len(environ)+3)
	for _, e := range environ {
		name, _, _ := strings.Cut(e, "=")
		switch strings.ToUpper(name) {
		case "GOOS", "GOARCH", "GOWASM", "CGO_ENABLED", "GOEXPERIMENT":
		default:
			env = append(env, e)
		}
	}
	return append(env, "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
}
