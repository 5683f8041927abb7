package files

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestTogether(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.WriteFile(at("old"), []byte("before"), 0o640))
	require.NoError(t, Together([]New{
		{Name: at("k1.key"), Data: []byte("secret"), Mode: 0o600},
		{Name: at("below/a.json"), Data: []byte("{}"), Mode: 0o644},
		{Name: at("old"), Data: []byte("after"), Mode: 0o644, Before: []byte("before")},
	}))
	require.Equal(t, []string{"below", "k1.key", "old"}, entries(t, dir), "no temporary file is left")
	for name, mode := range map[string]os.FileMode{"k1.key": 0o600, "below/a.json": 0o644, "old": 0o640} {
		info, err := os.Stat(at(name))
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm(), name)
	}
	text, err := os.ReadFile(at("old"))
	require.NoError(t, err)
	require.Equal(t, "after", string(text))
	RemoveTemporary()
	require.FileExists(t, at("k1.key"), "what was written stays")
}

// One that is in the way, changed, or in a place where nothing can be written:
// nothing of the others stays either.
func TestTogetherIsAllOrNothing(t *testing.T) {
	for name, last := range map[string]New{
		"exists":       {Name: "taken", Data: []byte("new"), Mode: 0o644},
		"a folder":     {Name: "folder", Data: []byte("new"), Mode: 0o644},
		"a dead link":  {Name: "link", Data: []byte("new"), Mode: 0o644},
		"changed":      {Name: "taken", Data: []byte("new"), Mode: 0o644, Before: []byte("other")},
		"gone":         {Name: "none", Data: []byte("new"), Mode: 0o644, Before: []byte("other")},
		"below a file": {Name: "taken/x", Data: []byte("new"), Mode: 0o644},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "taken"), []byte("before"), 0o600))
			require.NoError(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
			require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "link")))
			there := entries(t, dir)
			last.Name = filepath.Join(dir, last.Name)
			err := Together([]New{{Name: filepath.Join(dir, "k1.key"), Data: []byte("secret"), Mode: 0o600}, last})
			require.Error(t, err)
			require.NotContains(t, err.Error(), "..", "the name of a temporary file says nothing")
			require.Equal(t, there, entries(t, dir))
			text, err := os.ReadFile(filepath.Join(dir, "taken"))
			require.NoError(t, err)
			require.Equal(t, "before", string(text))
		})
	}
}

// A process that ends in between leaves nothing, or all.
func TestTogetherInterrupted(t *testing.T) {
	dir := t.TempDir()
	f := New{Name: filepath.Join(dir, "k1.key"), Data: []byte("secret"), Mode: 0o600}
	ready, err := writeBeside(f)
	require.NoError(t, err)
	Temporary(ready)
	require.NoError(t, name(ready, f.Name))
	Temporary(f.Name)
	RemoveTemporary()
	require.Empty(t, entries(t, dir))
}
