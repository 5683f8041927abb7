package module

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/clickedge/clickedge/deploy/files"
)

// buildArgs leave out the clone's paths and version control state, so that the
// same source gives the same bytes everywhere. (Reading that state would also
// fail in a clone that git considers another user's.)
var buildArgs = []string{"build", "-trimpath", "-buildvcs=false"}

// Reactor compiles the guest of the source tree at root and returns the module,
// not yet prewarmed: a reactor, whose initialisation and entry are two exports.
// The errors are those of [Compile].
func Reactor(ctx context.Context, root string) ([]byte, error) {
	return Compile(ctx, root, "./edge", "wasip1", "-buildmode=c-shared")
}

// Compile compiles a package of the source tree at root to WebAssembly, for the
// system goos, with the go command of this machine. The errors are [ErrNoGo], or
// what the compiler said.
func Compile(ctx context.Context, root, pkg, goos string, flags ...string) ([]byte, error) {
	tool, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("%w on this machine: %w", ErrNoGo, err)
	}
	tmp, remove, err := files.TempDir(ctx, "clickedge-")
	if err != nil {
		return nil, fmt.Errorf("no temporary folder: %w", err)
	}
	defer remove()
	out := filepath.Join(tmp, "out.wasm")
	cmd := exec.CommandContext(ctx, tool, slices.Concat(buildArgs, flags, []string{"-o", out, pkg})...)
	cmd.Dir, cmd.Env = root, guestEnv(os.Environ(), goos)
	if err := run(ctx, cmd, pkg); err != nil {
		return nil, err
	}
	return os.ReadFile(out)
}

func run(ctx context.Context, cmd *exec.Cmd, pkg string) error {
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.WaitDelay = 200 * time.Millisecond // compilers that it has started hold the pipe
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, new(*exec.ExitError)):
		return fmt.Errorf("go build %s in %q failed:\n%s", pkg, cmd.Dir, strings.TrimRight(said.String(), "\n"))
	case err != nil:
		return fmt.Errorf("go build could not be started: %w", err)
	}
	return nil
}

// guestEnv returns the environment with the guest's target in place of any
// other. GOFLAGS, proxies and caches stay as the user set them.
func guestEnv(environ []string, goos string) []string {
	env := make([]string, 0, len(environ)+3)
	for _, e := range environ {
		name, _, _ := strings.Cut(e, "=")
		switch strings.ToUpper(name) {
		case "GOOS", "GOARCH", "GOWASM", "CGO_ENABLED", "GOEXPERIMENT":
		default:
			env = append(env, e)
		}
	}
	return append(env, "GOOS="+goos, "GOARCH=wasm", "CGO_ENABLED=0")
}
