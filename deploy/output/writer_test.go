package output

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
)

// full takes a few bytes and then has no room.
type full struct {
	room int
	text string
}

var errFull = errors.New("no space left")

func (f *full) Write(p []byte) (int, error) {
	n := min(len(p), f.room-len(f.text))
	f.text += string(p[:n])
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

// What did not fit is remembered, though nobody looked at the error, and
// nothing is written behind the gap.
func TestWriterRemembers(t *testing.T) {
	disk := &full{room: 5}
	w := NewWriter(disk)
	fmt.Fprint(w, "one")
	require.NoError(t, w.Err())
	fmt.Fprint(w, "two")
	disk.room = 100
	fmt.Fprint(w, "three")
	require.ErrorIs(t, w.Err(), errFull)
	require.Equal(t, "onetw", disk.text)
	require.Same(t, disk, w.Unwrap())
}

func TestFile(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, File(&b, "-", []byte("text"), 0o600, ""))
	require.Equal(t, "text", b.String())
	name := filepath.Join(t.TempDir(), "file")
	require.NoError(t, File(&b, name, []byte("text"), 0o600, ""))
	got, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, "text", string(got))
	err = File(&b, t.TempDir(), []byte("text"), 0o600, "choose another place")
	require.Error(t, err, "a folder is no file")
	require.Equal(t, "choose another place", failure.Of(err).Hint)
	require.Equal(t, failure.ExitBad, failure.Of(err).Exit)
}
