//go:build !wasip1

package handlertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Lenient is the build tag with which the SDK hands on every request target.
const Lenient = "fastlyinternalsetparseuri"

// Guest and Example are the programs: that for tests, and that of the README.
const (
	Guest   = "./deploy/internal/handlertest/guest"
	Example = "./edge/handler/testdata/example"
)

// Reactor compiles a program. root is the repository's folder.
func Reactor(ctx context.Context, root, program, tags string) ([]byte, error) {
	tmp, err := os.MkdirTemp("", "handlertest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	out := filepath.Join(tmp, "guest.wasm")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildmode=c-shared", "-tags="+tags, "-o", out, program)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, strings.TrimSpace(string(said)))
	}
	return os.ReadFile(out)
}
