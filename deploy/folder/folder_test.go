package folder

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
)

var use = Use{Name: "the log", Hint: "name another one", Mode: 0o750}

// A folder is made with its mode, and one process has it at a time.
func TestTake(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	lock, err := Take(dir, use)
	require.NoError(t, err)
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&^0o750)
	_, err = Take(dir, use)
	require.ErrorContains(t, err, "another process has the log")
	require.NoError(t, lock.Close())
	lock, err = Take(dir, use)
	require.NoError(t, err)
	require.NoError(t, lock.Close())
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, list, 1, "nothing is left of the probe")
	require.NoError(t, Sync(dir))
	require.Error(t, Sync(filepath.Join(dir, "none")))
}

func TestTakeRefuses(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	open := filepath.Join(root, "open")
	require.NoError(t, os.Mkdir(open, 0o700))
	require.NoError(t, os.Chmod(open, 0o777))
	for dir, want := range map[string]string{
		file:                            "is a file",
		open:                            "everybody can write",
		filepath.Join(root, "no/where"): "cannot be made",
	} {
		_, err := Take(dir, use)
		require.ErrorContains(t, err, want)
		require.NotEmpty(t, failure.Of(err).Hint)
		require.Equal(t, failure.ExitUsage, failure.Of(err).Exit)
	}
}
