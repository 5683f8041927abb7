package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/internal/terminaltest"
)

// On a terminal, one line says how far reading has come, and goes at the end;
// notes stand after it. --quiet has no such line.
func TestClicksOnATerminal(t *testing.T) {
	var log strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&log, `{"v":1,"time":"2026-03-01T13:20:00.000Z","request":"r%d","kind":"click","action":"proxy","code":"ok"}`+"\n", i/2)
	}
	name := filepath.Join(t.TempDir(), "clicks")
	require.NoError(t, os.WriteFile(name, []byte(log.String()), 0o600))
	for _, command := range [][]string{{"clicks"}, {"missed"}, {"clicks", "--quiet"}} {
		var out bytes.Buffer
		seen := terminaltest.Written(t, func(tty *os.File) {
			env := &Env{In: new(bytes.Buffer), Out: &out, Err: tty, Now: time.Now, LookupEnv: func(string) (string, bool) { return "", false }}
			require.Equal(t, failure.ExitOK, env.Run(context.Background(), append(command, name, name)))
		})
		require.NotContains(t, out.String(), "\x1b")
		progress, notes := "\r\x1b[Kfile 1 of 2: 16384 lines read\r\x1b[Kfile 2 of 2: 20000 lines read", "note: 30000 lines repeat a request that was counted already\r\n"
		if command[0] == "missed" {
			notes = ""
		}
		if len(command) > 1 {
			require.Equal(t, notes, seen)
			continue
		}
		require.Contains(t, seen, progress)
		require.True(t, strings.HasSuffix(seen, "lines read\r\x1b[K"+notes), "%q", seen[max(0, len(seen)-200):])
	}
}
