package server

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// full takes so many bytes.
type full struct {
	bytes.Buffer
	room int
}

var errFull = errors.New("no space left on device")

func (f *full) Write(p []byte) (int, error) {
	n := min(len(p), f.room)
	f.room -= n
	f.Buffer.Write(p[:n])
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

// A line that a full disk has cut off does not take the next one with it.
func TestTornLine(t *testing.T) {
	disk := &full{room: 6}
	l := &logFile{to: disk}
	for _, line := range []string{"one\n", "two\n", "three\n"} {
		_, err := l.Write([]byte(line))
		require.Equal(t, line != "one\n", errors.Is(err, errFull), line)
	}
	disk.room = 100
	_, err := l.Write([]byte("four\n"))
	require.NoError(t, err)
	require.Equal(t, "one\ntw\nfour\n", disk.String())
}
