package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

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

func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "deep", "main.wasm")
	for _, text := range []string{"old", "new and longer"} {
		require.NoError(t, replaceFile(name, []byte(text), 0o644))
		got, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, text, string(got))
	}
	require.Equal(t, []string{"main.wasm"}, names(t, filepath.Dir(name)))
	// A folder in its place: what was written beside it is gone again.
	require.NoError(t, os.Mkdir(filepath.Join(dir, "taken"), 0o755))
	require.Error(t, replaceFile(filepath.Join(dir, "taken"), []byte("x"), 0o644))
	require.Equal(t, []string{"deep", "taken"}, names(t, dir))
}

func TestNewFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "k1.key")
	require.NoError(t, newFile(name, []byte("one")))
	require.ErrorContains(t, newFile(name, []byte("two")), "exists already")
	got, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, "one", string(got))
}

// TestInterruptedBuild checks that Ctrl-C in mid-build leaves what was there.
func TestInterruptedBuild(t *testing.T) {
	for _, name := range []string{"main.wasm", "clickedge.tar.gz"} {
		t.Run(name, func(t *testing.T) { requireUntouched(t, name) })
	}
}

func requireUntouched(t *testing.T, name string) {
	dir := t.TempDir()
	out, sites := filepath.Join(dir, name), filepath.Join(dir, "sites.json")
	require.NoError(t, os.WriteFile(out, []byte("old"), 0o644))
	require.NoError(t, os.WriteFile(sites, []byte(`{"sites": {"link.example.com": {"esp": "sendgrid"}}}`), 0o644))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	env := &Env{In: new(bytes.Buffer), Out: &stdout, Err: &stderr, Now: time.Now, LookupEnv: os.LookupEnv}
	require.Equal(t, ExitBad, env.Run(ctx, []string{"build", "--sites", sites, "-o", out}))
	require.Equal(t, "clickedge: interrupted; nothing was written\n", stderr.String())
	require.Empty(t, stdout.String())
	got, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Equal(t, "old", string(got))
	require.Equal(t, []string{name, "sites.json"}, names(t, dir))
}
