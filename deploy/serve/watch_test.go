package serve

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// A pipe can be read only once, as in --sites <(jq …).
func TestServeReadsSitesFromAPipe(t *testing.T) {
	for _, text := range []string{`{"sites": {}}`, `{"sites": `} {
		name := filepath.Join(t.TempDir(), "sites")
		require.NoError(t, syscall.Mkfifo(name, 0o600))
		go func() {
			if f, err := os.OpenFile(name, os.O_WRONLY, 0); err == nil {
				_, _ = io.WriteString(f, text)
				f.Close()
			}
		}()
		s := &server{Options: Options{Sites: name, Module: name}}
		require.Empty(t, s.watched(t.Context()), "it would be read a second time")
		got, err := files.Read(t.Context(), name, nil, sitesfile.Most)
		require.NoError(t, err)
		require.Equal(t, text, string(got))
	}
}

// A file that is too long is not read to detect changes either.
func TestServeWatchesNoHugeFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sites.json")
	f, err := os.Create(name)
	require.NoError(t, err)
	require.NoError(t, f.Truncate(3<<30))
	require.NoError(t, f.Close())
	s := &server{Options: Options{Sites: name}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	require.Equal(t, []string{name}, s.watched(t.Context()))
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20))
}
