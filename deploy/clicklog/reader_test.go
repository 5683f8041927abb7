package clicklog

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
)

// A folder is every file in it and below, packed or not; what is hidden is
// left out, as a file that is still being written.
func TestReadFolder(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		name = filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	line := func(id string) string { return strings.Replace(signedClick, "r1", id, 1) + "\n" }
	put("2026/03/01/a.ndjson", line("r1")+line("r2"))
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := io.WriteString(w, line("r2")+line("r3"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	put("2026/03/02/b.ndjson.gz", packed.String())
	put("2026/.part/c.ndjson", line("r4"))
	put(".d.ndjson", line("r5"))

	in := &input.Input{Ctx: t.Context(), Stdin: strings.NewReader(line("r6")), Err: io.Discard}
	k := new(Keys)
	require.NoError(t, Read(in, []string{dir, "-"}, &k.Reader, k.Line))
	require.Equal(t, 4, k.Use("k1").Clicks)
	require.Equal(t, 5, k.Count)

	err = Read(in, []string{t.TempDir()}, &k.Reader, k.Line)
	require.ErrorContains(t, err, "is a folder without a file in it")
	require.Equal(t, failure.ExitUsage, failure.Of(err).Exit)
	require.Error(t, Read(in, []string{filepath.Join(dir, "none")}, &k.Reader, k.Line))
}
