package cli

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
)

// TestDoctorInterrupted leaves no page behind when the operator gives up.
func TestDoctorInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	page := filepath.Join(t.TempDir(), "report.html")
	var out, talk bytes.Buffer
	env := Env{In: strings.NewReader(""), Out: &out, Err: &talk, Now: time.Now, LookupEnv: func(string) (string, bool) { return "", false }}
	code := env.Run(ctx, []string{"doctor", "link.example.com", "--resolver", "127.0.0.1:1", "--html", page})
	require.Equal(t, failure.ExitInterrupted, code)
	require.Empty(t, out.String())
	require.Contains(t, talk.String(), "interrupted")
	require.NoFileExists(t, page)
}
