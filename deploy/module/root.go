package module

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Path is the path of this Go module, as its go.mod states it.
const Path = "github.com/clickedge/clickedge"

// ErrNoSource says that there is no source tree to compile the guest from.
var ErrNoSource = errors.New("no source tree of " + Path)

// ErrNoGo says that there is no Go toolchain to compile with.
var ErrNoGo = errors.New("no go command")

// Root finds the source tree that dir is in: the nearest folder upwards whose
// go.mod is this module's. The error is [ErrNoSource] if there is none.
func Root(dir string) (string, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("cannot find %q: %w", dir, err)
	}
	for at := start; ; at = filepath.Dir(at) {
		if isRoot(at) {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%w at %q or above it", ErrNoSource, start)
		}
	}
}

// isRoot reads the module line only, so that a go.mod in a newer format is
// accepted.
func isRoot(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "module" {
			return strings.Trim(f[1], `"`) == Path
		}
	}
	return false
}
