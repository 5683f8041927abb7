// Package cargo builds crates of the bench.
package cargo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrAbsent says why nothing is built in Rust; it is wrapped with the reason.
var ErrAbsent = errors.New("no Rust")

// Build builds the crate in a folder for release, with these further arguments,
// and returns cargo's target folder, which is kept in the user's cache folder
// under a name.
func Build(ctx context.Context, dir, name string, args ...string) (string, error) {
	if _, err := exec.LookPath("cargo"); err != nil {
		return "", fmt.Errorf("%w: cargo is not installed", ErrAbsent)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	target := filepath.Join(cache, "clickedge-bench", name+"-target")
	cmd := exec.CommandContext(ctx, "cargo", append([]string{"build", "--release", "--locked", "--quiet", "--target-dir", target}, args...)...)
	cmd.Dir = dir
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: cargo build in %s: %w: %s", ErrAbsent, filepath.ToSlash(dir), err, firstError(string(said)))
	}
	return target, nil
}

// firstError is the first line that says what is wrong.
func firstError(said string) string {
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, "error") {
			return strings.TrimSpace(line)
		}
	}
	return strings.TrimSpace(said)
}
