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
	require.Equal(t, ExitInterrupted, env.Run(ctx, []string{"build", "--sites", sites, "-o", out}))
	require.Equal(t, "clickedge: interrupted; nothing was written\n", stderr.String())
	require.Empty(t, stdout.String())
	got, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Equal(t, "old", string(got))
	require.Equal(t, []string{name, "sites.json"}, names(t, dir))
}
