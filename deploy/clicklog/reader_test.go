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

// What is passed over is counted by what it is. Only the last line of a file
// can be cut, and a last line that is whole needs no line end.
func TestPassedOver(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, lines ...string) string {
		name = filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(name, []byte(strings.Join(lines, "\n")), 0o600))
		return name
	}
	second := strings.Replace(signedClick, "r1", "r2", 1)
	half := second[:40]
	names := []string{
		put("whole", signedClick, second),
		put("cut", signedClick, "<134>cache: "+half),
		put("torn", half, strings.Replace(signedClick, `"action":"redirect",`, "", 1), strings.Replace(signedClick, "2026-", "x", 1), second, ""),
		put("newer", strings.Replace(signedClick, `"v":1`, `"v":2`, 1), `{"v":3,"time":7,"action":{}}`, ""),
		put("foreign", "127.0.0.1 - - GET /", "{}", "[1]", strings.Repeat("{", 2*MaxLine)),
	}
	in := &input.Input{Ctx: t.Context(), Err: io.Discard}
	k := new(Keys)
	var told []Progress
	k.Watch = func(p Progress) { told = append(told, p) }
	require.NoError(t, Read(in, names, &k.Reader, k.Line))
	require.Equal(t, Passed{Version: 2, Cut: 1, Broken: 3, Foreign: 4}, k.Passed)
	require.Equal(t, 10, k.Others)
	require.Equal(t, 4, k.Count)
	require.Equal(t, 2, k.Repeats)
	require.Equal(t, 2, k.Use("k1").Clicks)
	require.Equal(t, []string{"10 lines passed over: 2 of another version of the log, 1 cut at the end of a file, 3 broken and 4 not of the click log"}, k.Notes())
	require.Len(t, told, len(names), "once for each of these short files")
	require.Equal(t, Progress{File: names[4], At: 5, Of: 5, Lines: 10}, told[4])

	k = new(Keys)
	require.ErrorContains(t, Read(in, names[3:4], &k.Reader, k.Line), "every line is of another version")
}

// A name that is not there is found before the first file is read.
func TestReadFindsMissingFolderFirst(t *testing.T) {
	read := 0
	in := &input.Input{Ctx: t.Context(), Stdin: strings.NewReader(signedClick), Err: io.Discard}
	require.Error(t, Read(in, []string{"-", t.TempDir()}, new(Reader), func([]byte) { read++ }))
	require.Zero(t, read)
}
