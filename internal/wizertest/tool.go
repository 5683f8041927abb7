// Package wizertest builds the module with Wizer, the Bytecode Alliance's
// pre-initialiser, in place of edge/prewarm. The module must behave the same;
// size, segments and instructions are compared.
//
// Nothing of it goes into a release. Start with [Find].
package wizertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/clickedge/clickedge/core/contract"
)

const (
	// Version is the version of the npm package. Older ones (7.0.5) replace the
	// module's data segments; this one keeps them and adds its own.
	Version = "11.0.3"

	npmPackage = "@bytecodealliance/wizer"
)

// ErrAbsent says why there is no Wizer on this machine; it is wrapped with the
// reason.
var ErrAbsent = errors.New("no Wizer")

// Tool is a Wizer that can be run.
type Tool struct{ program string }

// Find returns the Wizer in the user's cache folder. On the first call npm
// installs it there. If npm is missing or fails, the error is [ErrAbsent].
func Find(ctx context.Context) (*Tool, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	home := filepath.Join(cache, "clickedge-bench", "wizer-"+Version)
	program := filepath.Join(home, "node_modules", ".bin", "wizer")
	if _, err := os.Stat(program); err != nil {
		if err := install(ctx, home); err != nil {
			return nil, err
		}
	}
	return &Tool{program}, nil
}

func install(ctx context.Context, home string) error {
	if _, err := exec.LookPath("npm"); err != nil {
		return fmt.Errorf("%w: npm is not installed", ErrAbsent)
	}
	if err := os.MkdirAll(home, 0o755); err != nil {
		return fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	if err := run(ctx, home, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", home, npmPackage+"@"+Version); err != nil {
		return fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	return nil
}

// stub is the one host call that the SDK makes while it is initialised.
const stub = `(module (func (export "init") (param i64) (result i32) i32.const 0))`

// Module initialises the guest, compiled as a reactor, with a table of sites
// (see [github.com/clickedge/clickedge/core/sitetable]) in memory, as
// module.Build does with edge/prewarm. Wizer calls _initialize of its own
// accord, then the warm-up.
func (w *Tool) Module(ctx context.Context, reactor, table []byte) ([]byte, error) {
	dir, err := os.MkdirTemp("", "wizer-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	world := filepath.Join(dir, "world")
	if err := os.Mkdir(world, 0o755); err != nil {
		return nil, err
	}
	for name, data := range map[string][]byte{
		"reactor.wasm": reactor, "stub.wat": []byte(stub), filepath.Join("world", contract.SitesTable): table,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return nil, err
		}
	}
	if err := run(ctx, dir, w.program, "--allow-wasi", "--mapdir", "/::world", "--preload", "fastly_abi=stub.wat",
		"-f", contract.WarmUp, "-r", "_start="+contract.Entry, "-o", "main.wasm", "reactor.wasm"); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "main.wasm"))
}

func run(ctx context.Context, dir, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(program), err, strings.TrimSpace(string(said)))
	}
	return nil
}
