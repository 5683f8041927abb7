package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
)

// meanwhile answers yes, after somebody else has changed the file.
type meanwhile struct {
	file, text string
	answer     io.Reader
}

func (m *meanwhile) Read(p []byte) (int, error) {
	if err := os.WriteFile(m.file, []byte(m.text), 0o600); err != nil {
		return 0, err
	}
	return m.answer.Read(p)
}

// Who changes sites.json while the question stands does not lose the change.
func TestRetireDoesNotOverwriteAChange(t *testing.T) {
	dir := t.TempDir()
	sites, log := filepath.Join(dir, "sites.json"), filepath.Join(dir, "clicks.ndjson")
	require.NoError(t, os.WriteFile(sites, []byte(`{"sites": {"link.example.com": {"esp": "customerio-eu", "also": [{"esp": "sendgrid"}]}}}`), 0o600))
	require.NoError(t, os.WriteFile(log, nil, 0o600))
	const other = `{"sites": {"link.example.com": {"esp": "customerio-eu", "also": [{"esp": "sendgrid"}], "home": "https://www.example.com/"}}}`
	for _, changed := range []bool{true, false} {
		text, err := os.ReadFile(sites)
		require.NoError(t, err)
		m := &meanwhile{file: sites, text: string(text), answer: bytes.NewReader([]byte("y\n"))}
		if changed {
			m.text = other
		}
		var out, errs bytes.Buffer
		env := &Env{In: m, Out: &out, Err: &errs, Now: time.Now, LookupEnv: func(string) (string, bool) { return "", false }}
		code := env.Run(t.Context(), []string{"retire", "link.example.com", "sendgrid", "--sites", sites, "--log", log})
		after, err := os.ReadFile(sites)
		require.NoError(t, err)
		if changed {
			require.Equal(t, failure.ExitBad, code)
			require.Contains(t, errs.String(), "was changed in the meantime; nothing was written")
			require.Equal(t, other, string(after))
			continue
		}
		require.Equal(t, failure.ExitOK, code, errs.String())
		require.Contains(t, string(after), `{"esp": "sendgrid", "retired": true}`)
	}
}

// A read-only sites.json stays as it is, also for root.
func TestRetireLeavesAReadOnlyFile(t *testing.T) {
	sites := filepath.Join(t.TempDir(), "sites.json")
	const text = `{"sites": {"link.example.com": {"esp": "customerio-eu", "also": [{"esp": "sendgrid"}]}}}`
	require.NoError(t, os.WriteFile(sites, []byte(text), 0o444))
	var out, errs bytes.Buffer
	env := &Env{In: new(bytes.Buffer), Out: &out, Err: &errs, Now: time.Now, LookupEnv: func(string) (string, bool) { return "", false }}
	require.Equal(t, failure.ExitBad, env.Run(t.Context(), []string{"retire", "link.example.com", "sendgrid", "--sites", sites, "--yes"}))
	require.Contains(t, errs.String(), "it is read-only")
	after, err := os.ReadFile(sites)
	require.NoError(t, err)
	require.Equal(t, text, string(after))
}
