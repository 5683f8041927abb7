package server

import (
	"bytes"
	"errors"
	"strings"
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

// Why a log takes no lines is said once, and once when it does again.
func TestLogSaysWhy(t *testing.T) {
	disk, warn := &full{room: 4}, new(bytes.Buffer)
	l := &steady{to: &logFile{to: disk}, warn: warn}
	for range 3 {
		_, _ = l.Write([]byte("one\n"))
	}
	require.Equal(t, "warning: the click log takes no lines, and they follow here: no space left on device\n", warn.String())
	disk.room = 100
	for range 3 {
		_, err := l.Write([]byte("two\n"))
		require.NoError(t, err)
	}
	require.Equal(t, 1, strings.Count(warn.String(), "takes no lines"))
	require.Equal(t, 1, strings.Count(warn.String(), "the click log takes lines again\n"))
}
