package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
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

// Nor does one that a loss of power has cut off; a file that is whole gets no
// empty line, whether it is opened for the first time or anew.
func TestLineAfterALossOfPower(t *testing.T) {
	name := filepath.Join(t.TempDir(), "clicks")
	for _, c := range [][2]string{{"", "four\n"}, {"one\n", "one\nfour\n"}, {"one\ntw", "one\ntw\nfour\n"}} {
		require.NoError(t, os.WriteFile(name, []byte(c[0]), 0o600))
		l, err := openLog(name, nil)
		require.NoError(t, err)
		require.NoError(t, l.reopen())
		_, err = l.Write([]byte("four\n"))
		require.NoError(t, err)
		require.NoError(t, l.close())
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, c[1], string(text))
	}
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

// The process is killed under load, several times: each click that was answered
// has its line in the file, once, after the next start.
func TestKilledWithAFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("sockets are not handed to processes")
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "clicks")
	ln := listener(t)
	file, err := ln.(*net.TCPListener).File()
	require.NoError(t, err)
	defer file.Close()
	var count atomic.Int64
	stop := loaded(t, ln.Addr().String(), 8, func() { count.Add(1) }) // waits at the socket between two processes
	var errs said
	const lives = 5
	for life := range lives {
		cmd := child(t, dir, name, file)
		cmd.Stdout, cmd.Stderr = &errs, &errs
		stdin, err := cmd.StdinPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		enough := count.Load() + 1000
		require.Eventually(t, func() bool { return count.Load() > enough }, wait30, tick, "%s", &errs)
		if life < lives-1 {
			require.NoError(t, cmd.Process.Kill())
			require.Error(t, cmd.Wait())
			_ = stdin.Close()
			continue
		}
		answered := stop()
		require.NoError(t, stdin.Close())
		require.NoError(t, cmd.Wait(), "%s", &errs)
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		requireLines(t, answered, string(text))
		require.NotContains(t, string(text), "\x00")
		for line := range bytes.Lines(text) {
			require.True(t, json.Valid(line), "%s", line)
		}
	}
	require.NotContains(t, errs.String(), "warning")
	require.NoFileExists(t, name+journalEnding)
}

// A log that cannot have a journal is written line by line, and that is said.
func TestLogWithoutJournal(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "clicks")
	require.NoError(t, os.Mkdir(name+journalEnding, 0o700))
	var said []string
	l, err := openLog(name, nil)
	require.NoError(t, err)
	log := withJournal(l, func(text string) { said = append(said, text) })
	require.Same(t, l, log)
	if runtime.GOOS == "linux" {
		require.Len(t, said, 1)
		require.Contains(t, said[0], "written by itself")
	}
	_, err = log.Write([]byte("one\n"))
	require.NoError(t, err)
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, "one\n", string(text))
	require.NoError(t, log.close())

	l, err = openLog(os.DevNull, nil) // it keeps nothing
	require.NoError(t, err)
	require.Same(t, l, withJournal(l, func(text string) { t.Error(text) }))
	require.NoError(t, l.close())
}
