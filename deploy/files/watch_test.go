package files

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWatcher(t *testing.T) {
	a, b := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	require.NoError(t, os.WriteFile(a, []byte("1"), 0o600))
	w := &Watcher{Names: []string{a, b}}
	w.Mark()
	require.Nil(t, w.Poll())
	require.NoError(t, os.WriteFile(b, []byte("1"), 0o600))
	require.Nil(t, w.Poll(), "it may still be written to")
	require.NoError(t, os.WriteFile(b, []byte("12"), 0o600))
	require.Nil(t, w.Poll())
	require.Equal(t, map[string]bool{a: false, b: true}, w.Poll())
	require.Nil(t, w.Poll(), "once")
	require.NoError(t, os.Chtimes(a, time.Time{}, time.Unix(1, 0)))
	require.Nil(t, w.Poll())
	require.True(t, w.Poll()[a])
	require.NoError(t, os.Remove(b))
	require.Nil(t, w.Poll())
	require.True(t, w.Poll()[b], "a file that is gone has changed")
	require.NoError(t, os.WriteFile(b, nil, 0o600))
	w.Mark()
	require.Nil(t, w.Poll())
	require.True(t, ReadOnce(Std))
	require.False(t, ReadOnce(a))
	require.False(t, ReadOnce(filepath.Join(a, "none")))
}
