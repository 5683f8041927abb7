package cargo

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWithoutCargo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Build(t.Context(), ".", "none")
	require.ErrorIs(t, err, ErrAbsent)
	require.EqualError(t, err, "no Rust: cargo is not installed")
}

// A crate that is not built is a reason to go on without it, and the reason is
// said.
func TestWhatCargoSays(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	t.Setenv("HOME", dir)
	t.Setenv("XDG_CACHE_HOME", dir)
	script := "#!/bin/sh\necho '   Compiling x'\necho 'error[E0463]: can not find crate'\nexit 101\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cargo"), []byte(script), 0o700))
	_, err := Build(t.Context(), dir, "none")
	require.ErrorIs(t, err, ErrAbsent)
	require.ErrorContains(t, err, "exit status 101: error[E0463]: can not find crate")
}
