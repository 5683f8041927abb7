package cli

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestDoctorInterrupted leaves no page behind when the operator gives up.
func TestDoctorInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	page := filepath.Join(t.TempDir(), "report.html")
	var out, talk bytes.Buffer
	env := Env{In: strings.NewReader(""), Out: &out, Err: &talk, Now: time.Now, LookupEnv: func(string) (string, bool) { return "", false }}
	code := env.Run(ctx, []string{"doctor", "link.example.com", "--resolver", "127.0.0.1:1", "--html", page})
	require.Equal(t, ExitInterrupted, code)
	require.Empty(t, out.String())
	require.Contains(t, talk.String(), "interrupted")
	require.NoFileExists(t, page)
}

// TestTerminal holds the width and the colours to what the environment asks
// for.
func TestTerminal(t *testing.T) {
	for name, c := range map[string]struct {
		env   map[string]string
		width int
	}{
		"a file":             {nil, 80},
		"COLUMNS":            {map[string]string{"COLUMNS": "100"}, 100},
		"COLUMNS, too wide":  {map[string]string{"COLUMNS": "300"}, 120},
		"COLUMNS, no number": {map[string]string{"COLUMNS": "wide"}, 80},
	} {
		t.Run(name, func(t *testing.T) {
			env := Env{LookupEnv: func(k string) (string, bool) { v, ok := c.env[k]; return v, ok }}
			width, color := env.terminal(&bytes.Buffer{})
			require.Equal(t, c.width, width)
			require.False(t, color, "no colours into a file")
		})
	}
}
