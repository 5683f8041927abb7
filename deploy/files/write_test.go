package files

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func names(t *testing.T, dir string) (list []string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "deep", "main.wasm")
	for _, text := range []string{"old", "new and longer"} {
		require.NoError(t, Replace(name, []byte(text), 0o644))
		got, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, text, string(got))
	}
	require.Equal(t, []string{"main.wasm"}, names(t, filepath.Dir(name)))
	// A folder in its place: what was written beside it is gone again.
	require.NoError(t, os.Mkdir(filepath.Join(dir, "taken"), 0o755))
	require.Error(t, Replace(filepath.Join(dir, "taken"), []byte("x"), 0o644))
	require.Equal(t, []string{"deep", "taken"}, names(t, dir))
}

func TestCreate(t *testing.T) {
	name := filepath.Join(t.TempDir(), "k1.key")
	require.NoError(t, Create(name, []byte("one")))
	require.ErrorContains(t, Create(name, []byte("two")), "exists already")
	got, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, "one", string(got))
}

// A device is written to. A rename over it, as root, would turn /dev/null into
// a file.
func TestReplaceWritesThroughDevices(t *testing.T) {
	before, err := os.Stat(os.DevNull)
	require.NoError(t, err)
	require.NoError(t, Replace(os.DevNull, []byte("x"), 0o644))
	after, err := os.Stat(os.DevNull)
	require.NoError(t, err)
	require.Equal(t, before.Mode(), after.Mode())
	if _, err := os.Stat("/dev/full"); err == nil {
		require.ErrorContains(t, Replace("/dev/full", []byte("x"), 0o644), `cannot write "/dev/full": no space left on device`)
		full, err := os.Stat("/dev/full")
		require.NoError(t, err)
		require.NotZero(t, full.Mode()&os.ModeDevice)
	}

	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	read := make(chan string)
	go func() {
		text, _ := os.ReadFile(fifo)
		read <- string(text)
	}()
	require.NoError(t, Replace(fifo, []byte("through"), 0o644))
	require.Equal(t, "through", <-read)
}

func TestReplaceKeepsLinksAndModes(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	require.NoError(t, os.WriteFile(target, []byte("old"), 0o600))
	require.NoError(t, os.Symlink("target", link))
	require.NoError(t, Replace(link, []byte("new"), 0o644))
	got, err := os.ReadFile(target)
	require.NoError(t, err)
	require.Equal(t, "new", string(got))
	at, err := os.Readlink(link)
	require.NoError(t, err)
	require.Equal(t, "target", at)
	info, err := os.Stat(target)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "what was private stays private")

	require.NoError(t, os.Chmod(target, 0o644))
	require.NoError(t, Replace(target, []byte("secret"), 0o600))
	info, err = os.Stat(target)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "and what must be private becomes it")
}

func TestReplaceNamesTheFileNotTheTemporaryOne(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	require.EqualError(t, Replace(filepath.Join(dir, "file", "x"), nil, 0o644), `cannot make the folder of "`+filepath.Join(dir, "file", "x")+`": not a directory`)
	require.EqualError(t, Replace(dir, nil, 0o644), `cannot write "`+dir+`": it is a folder`)
}

func TestPut(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, Put(Std, []byte("text"), 0o644, &out))
	require.Equal(t, "text", out.String())
	require.ErrorIs(t, Put(Std, []byte("text"), 0o644, broken{}), errBroken)
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestTemporary(t *testing.T) {
	dir, remove, err := TempDir(t.Context(), "files-")
	require.NoError(t, err)
	require.DirExists(t, dir)
	remove()
	require.NoDirExists(t, dir)
	dir, _, err = TempDir(t.Context(), "files-")
	require.NoError(t, err)
	RemoveTemporary()
	require.NoDirExists(t, dir)
}

// Whoever has made a file read-only means it to stay as it is.
func TestReadOnlyFilesAreNotReplaced(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sites.json")
	require.NoError(t, os.WriteFile(name, []byte("old"), 0o444))
	for _, mode := range []os.FileMode{0o644, 0o600} {
		require.ErrorContains(t, Replace(name, []byte("new"), mode), "it is read-only")
	}
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, "old", string(text))
	list, err := os.ReadDir(filepath.Dir(name))
	require.NoError(t, err)
	require.Len(t, list, 1, "no temporary file is left")
	require.NoError(t, os.Chmod(name, 0o200))
	require.NoError(t, Replace(name, []byte("new"), 0o644))
}
