package clicklog

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
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
	put("README", "what this is\nin two lines\n")
	put("empty", "")
	require.NoError(t, os.Symlink("2026/03/01/a.ndjson", filepath.Join(dir, "last")))
	require.NoError(t, os.Symlink("2026", filepath.Join(dir, "year")))
	require.NoError(t, os.Symlink(".", filepath.Join(dir, "2026", "again")))
	socket, err := net.Listen("unix", filepath.Join(dir, "s"))
	require.NoError(t, err)
	defer socket.Close()

	in := &input.Input{Ctx: t.Context(), Stdin: strings.NewReader(line("r6")), Err: io.Discard}
	k := new(Keys)
	require.NoError(t, Read(in, []string{dir, "-"}, &k.Reader, k.Line))
	require.Equal(t, 4, k.Use("k1").Clicks)
	require.Equal(t, 7, k.Count, "a link to a file is that file")
	quoted := func(name string) string { return strconv.Quote(filepath.Join(dir, name)) }
	require.Equal(t, []string{"3 lines repeat a request that was counted already", "2 lines passed over: 2 not of the click log", "no line of the click log is in " + quoted("README"),
		"not read: " + quoted(".d.ndjson") + " (hidden), " + quoted("2026/.part") + " (hidden), " + quoted("2026/again") + " (a link to a folder) and 2 more"}, k.Notes())

	// A folder may be named by a link to it.
	k = new(Keys)
	require.NoError(t, Read(in, []string{filepath.Join(dir, "year")}, &k.Reader, k.Line))
	require.Equal(t, 3, k.Use("k1").Clicks)

	// A link that leads nowhere is found before the first file is read.
	require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "zzz")))
	k = new(Keys)
	require.ErrorContains(t, Read(in, []string{dir}, &k.Reader, k.Line), "zzz")
	require.Zero(t, k.Count)

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
	require.Equal(t, []string{"2 lines repeat a request that was counted already", "10 lines passed over: 2 of another version of the log, 1 cut at the end of a file, 3 broken and 4 not of the click log",
		fmt.Sprintf("no line of the click log is in %q and %q", names[3], names[4])}, k.Notes())
	require.Len(t, told, len(names), "once for each of these short files")
	require.Equal(t, Progress{File: names[4], At: 5, Of: 5, Lines: 10}, told[4])

	k = new(Keys)
	require.ErrorContains(t, Read(in, names[3:4], &k.Reader, k.Line), "every line is of another version")
	k = new(Keys)
	require.EqualError(t, Read(in, names[4:5], &k.Reader, k.Line), fmt.Sprintf("not one line is of the click log, in %q", names[4]))
}

// A name that is not there is found before the first file is read.
func TestReadFindsMissingFolderFirst(t *testing.T) {
	read := 0
	in := &input.Input{Ctx: t.Context(), Stdin: strings.NewReader(signedClick), Err: io.Discard}
	require.Error(t, Read(in, []string{"-", t.TempDir()}, new(Reader), func([]byte) { read++ }))
	require.Zero(t, read)
}

// After a loss of power the next line stands behind what was left of one: it
// counts, and the first is said. So do two whole ones. What is wrapped in other
// JSON is no line of the log.
func TestLinesInOne(t *testing.T) {
	second := strings.Replace(signedClick, "r1", "r2", 1)
	for _, c := range []struct {
		text          string
		count, others int
	}{
		{signedClick[:40] + second, 1, 1},
		{signedClick[:len(signedClick)-1] + second, 1, 1},
		{signedClick + second, 2, 0},
		{signedClick[:40] + "\x00\x00" + second + signedClick[:3], 0, 2},
		{signedClick[:40] + "\n" + second + signedClick[:40], 1, 2},
		{strings.Repeat("\x00", 5000) + second, 1, 0},
		{"<13>{cache} " + second, 1, 0},
		{`{"action":"proxy",` + strings.Replace(second[1:], `"action"`, `"was"`, 1), 1, 0},
		{`{"log":` + second + `}`, 0, 1},
		{`{"log":` + strconv.Quote(second) + `}`, 0, 1},
		{second + "}", 0, 1},
	} {
		k := readKeys(t, c.text)
		require.Equal(t, []int{c.count, c.others}, []int{k.Count, k.Others}, c.text)
		require.Equal(t, c.count, k.Use("k1").Clicks, c.text)
	}
	require.Equal(t, Passed{Broken: 1, Cut: 1}, readKeys(t, signedClick[:40]+second+"\n"+second[:40]).Passed)
}

// Spaces, carriage returns and a byte order mark around a line are none of it.
func TestLinesOfOtherSystems(t *testing.T) {
	k := readKeys(t, "\ufeff"+signedClick+"\r", "\r", "", strings.Replace(signedClick, "r1", "r2", 1)+" \t\r")
	require.Equal(t, 2, k.Use("k1").Clicks)
	require.Empty(t, k.Notes())
}

// A file that is written to while it is read is read to where it ends then; a
// line that is too long is passed over, and the next one is read.
func TestGrowingFileAndLongLines(t *testing.T) {
	name := filepath.Join(t.TempDir(), "clicks")
	file, err := os.Create(name)
	require.NoError(t, err)
	defer file.Close()
	write := func(text string) {
		_, err := file.WriteString(text)
		require.NoError(t, err)
	}
	long := `{"v":1,"long":"` + strings.Repeat("x", 1<<20) + "\"}\n"
	write(long + signedClick + "\n" + long)
	in := &input.Input{Ctx: t.Context(), Err: io.Discard}
	k, n := new(Keys), 1
	require.NoError(t, Read(in, []string{name}, &k.Reader, func(line []byte) {
		k.Line(line)
		if n++; n < 100 {
			write(strings.Replace(signedClick, "r1", strconv.Itoa(n), 1) + "\n")
		} else if n == 100 {
			write(signedClick[:60])
		}
	}))
	require.Equal(t, 99, k.Use("k1").Clicks)
	require.Equal(t, Passed{Foreign: 2, Cut: 1}, k.Passed)
}
