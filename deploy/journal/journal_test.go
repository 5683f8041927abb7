//go:build linux

package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	wait30 = 30 * time.Second
	poll   = time.Millisecond
)

// disk is a log's file that takes so many bytes.
type disk struct {
	*os.File
	mu     sync.Mutex
	room   int
	writes int
}

var errFull = errors.New("no space left on device")

func (d *disk) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writes++
	part := p[:min(len(p), d.room)]
	n, err := d.File.Write(part)
	d.room -= n
	if err == nil && n < len(p) {
		err = errFull
	}
	return n, err
}

func (d *disk) free(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = n
}

// rig is a journal with its log.
type rig struct {
	t    *testing.T
	dir  string
	disk *disk
	*Journal

	mu   sync.Mutex
	said []string
}

func newRig(t *testing.T) *rig { return &rig{t: t, dir: t.TempDir()} }

func (r *rig) log() string  { return filepath.Join(r.dir, "clicks") }
func (r *rig) name() string { return r.log() + ".journal" }

func (r *rig) warned() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.said, "\n")
}

func (r *rig) file() *disk {
	r.t.Helper()
	f, err := os.OpenFile(r.log(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { f.Close() })
	return &disk{File: f, room: 1 << 30}
}

func (r *rig) tryOpen() (err error) {
	r.disk = r.file()
	r.Journal, err = Open(Options{Name: r.name(), Log: r.log(), To: r.disk, Warn: func(text string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.said = append(r.said, text)
	}})
	return err
}

func (r *rig) open() {
	r.t.Helper()
	require.NoError(r.t, r.tryOpen())
}

func (r *rig) write(lines ...string) {
	r.t.Helper()
	for _, line := range lines {
		n, err := r.Write([]byte(line))
		require.NoError(r.t, err)
		require.Equal(r.t, len(line), n)
	}
}

func (r *rig) text() string {
	text, err := os.ReadFile(r.log())
	require.NoError(r.t, err)
	return string(text)
}

// kill ends the journal as a process that is killed does: nothing more is
// written, and the file stays as it is.
func (r *rig) kill() {
	r.t.Helper()
	j := r.Journal
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	close(j.stop)
	j.kept.Wait()
	require.NoError(r.t, j.file.close(false))
}

// asleep keeps what has come in the journal.
func (r *rig) asleep() {
	r.Journal.mu.Lock()
	defer r.Journal.mu.Unlock()
	r.Journal.idle = false // nobody is woken
}

func TestLinesReachTheLog(t *testing.T) {
	r := newRig(t)
	r.open()
	r.write("one\n", "two\n")
	require.Eventually(t, func() bool { return r.text() == "one\ntwo\n" }, wait30, poll)
	r.write("three\n")
	require.NoError(t, r.Close())
	require.Equal(t, "one\ntwo\nthree\n", r.text())
	require.NoFileExists(t, r.name(), "it is empty")
	_, err := r.Write([]byte("four\n"))
	require.ErrorIs(t, err, errClosed)
	require.NoError(t, r.Close())
	require.Empty(t, r.warned())
}

// Many writers fill the journal many times over; each line arrives once, and
// each writer's in their order.
func TestJournalGoesRound(t *testing.T) {
	r := newRig(t)
	r.open()
	var writers sync.WaitGroup
	pad := strings.Repeat("x", 1000)
	for w := range 4 {
		writers.Go(func() {
			for i := range 2000 {
				if _, err := fmt.Fprintf(r, "%d %d %s\n", w, i, pad); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()
	require.NoError(t, r.Close())
	next := map[int]int{}
	for line := range strings.Lines(r.text()) {
		var w, i int
		_, err := fmt.Sscanf(line, "%d %d "+pad+"\n", &w, &i)
		require.NoError(t, err)
		require.Equal(t, next[w], i)
		next[w]++
	}
	require.Equal(t, map[int]int{0: 2000, 1: 2000, 2: 2000, 3: 2000}, next)
}

// A process that is killed leaves its lines to the next one, which writes each
// that the log lacks, also where the log has some of them, or a part of one.
func TestKilled(t *testing.T) {
	for name, log := range map[string]string{
		"none":          "old\n",
		"one":           "old\none\n",
		"one and more":  "old\none\ntw",
		"all":           "old\none\ntwo\nthree\n",
		"part of first": "old\no",
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.open()
			r.asleep()
			r.write("one\n", "two\n", "three\n")
			r.kill()
			require.NoError(t, os.WriteFile(r.log(), []byte(log), 0o600))
			r.open()
			require.Equal(t, "old\none\ntwo\nthree\n", r.text())
			require.Contains(t, r.warned(), "of a process that was killed")
			r.write("four\n")
			require.NoError(t, r.Close())
			require.Equal(t, "old\none\ntwo\nthree\nfour\n", r.text())
		})
	}
}

// Lines of both halves of the journal come in their order.
func TestKilledWithBothSegments(t *testing.T) {
	r := newRig(t)
	r.open()
	for range 2 { // the second time the halves are the other way round
		r.asleep()
		var want strings.Builder
		for i := range 900 {
			line := fmt.Sprintf("%d %s\n", i, strings.Repeat("x", 1000))
			want.WriteString(line)
			r.write(line)
		}
		require.NotZero(t, r.segments[0].length)
		require.NotZero(t, r.segments[1].length)
		r.kill()
		r.open()
		require.True(t, strings.HasSuffix(r.text(), want.String()))
		require.Equal(t, 900, strings.Count(r.text(), "\n"))
		require.NoError(t, os.Truncate(r.log(), 0))
		r.asleep()
		r.write(strings.Repeat("y", segmentSize-1) + "\n")
		_, err := r.drain()
		require.NoError(t, err)
		require.NoError(t, os.Truncate(r.log(), 0))
	}
	require.NoError(t, r.Close())
}

// A part of a line that an earlier process has left in the log does not take the
// next line with it.
func TestTornEnd(t *testing.T) {
	r := newRig(t)
	require.NoError(t, os.WriteFile(r.log(), []byte("old\nto"), 0o600))
	r.open()
	r.write("one\n")
	require.NoError(t, r.Close())
	require.Equal(t, "old\nto\none\n", r.text())
}

// Lines wait while the disk is full; then they are refused. Each is there once
// when there is space again.
func TestFullDisk(t *testing.T) {
	r := newRig(t)
	r.open()
	r.disk.free(6)
	r.write("one\n", "two\n")
	require.Eventually(t, func() bool { return strings.Contains(r.warned(), "its lines wait in") }, wait30, poll)
	require.Equal(t, "one\ntw", r.text())
	line := strings.Repeat("x", 999) + "\n"
	taken := 0
	var err error
	for ; err == nil; taken++ {
		_, err = r.Write([]byte(line))
	}
	taken--
	require.ErrorIs(t, err, errFull)
	require.Greater(t, taken*len(line), size*9/10)
	r.disk.free(1 << 30)
	require.Eventually(t, func() bool { return strings.Contains(r.warned(), "is written again") }, wait30, poll)
	r.write("three\n")
	require.NoError(t, r.Close())
	require.Equal(t, "one\ntwo\n"+strings.Repeat(line, taken)+"three\n", r.text())
	require.Equal(t, 1, strings.Count(r.warned(), "its lines wait in"))
}

// What a full disk does not take at the end stays for the next start.
func TestFullDiskAtTheEnd(t *testing.T) {
	r := newRig(t)
	r.open()
	r.disk.free(6)
	r.write("one\n", "two\n", "three\n")
	require.ErrorContains(t, r.Close(), "stay in")
	require.Equal(t, "one\ntw", r.text())
	r.open()
	require.Equal(t, "one\ntwo\nthree\n", r.text())
	require.NoError(t, r.Close())

	// The disk is full at the start too: nothing is lost, and there is no journal.
	r.open()
	r.asleep()
	r.write("four\n")
	r.kill()
	d := &disk{File: r.file().File, room: 2}
	_, err := Open(Options{Name: r.name(), Log: r.log(), To: d, Warn: func(string) {}})
	require.ErrorIs(t, err, errFull)
	r.open()
	require.Equal(t, "one\ntwo\nthree\nfour\n", r.text())
	require.NoError(t, r.Close())
}

// The log is moved away: what waits goes to the old file, and a line of which
// that one takes a part only is whole in the new one.
func TestMove(t *testing.T) {
	r := newRig(t)
	r.open()
	r.write("one\n")
	require.NoError(t, os.Rename(r.log(), r.log()+".1"))
	require.NoError(t, r.Move(r.file()))
	old, err := os.ReadFile(r.log() + ".1")
	require.NoError(t, err)
	require.Equal(t, "one\n", string(old))
	require.Empty(t, r.text())

	r.disk = r.file()
	require.NoError(t, r.Move(r.disk))
	r.disk.free(6)
	r.write("two\n", "three\n")
	require.Eventually(t, func() bool { return r.text() == "two\nth" }, wait30, poll)
	require.NoError(t, os.Rename(r.log(), r.log()+".2"))
	require.NoError(t, r.Move(r.file()))
	require.NoError(t, r.Close())
	require.Equal(t, "three\n", r.text())
	require.NotContains(t, r.warned(), "moved")
}

// A log that is opened anew without having been moved goes on in the line that a
// full disk has cut off.
func TestMoveToTheSame(t *testing.T) {
	r := newRig(t)
	r.open()
	r.disk.free(6)
	r.write("one\n", "two\n")
	require.Eventually(t, func() bool { return r.text() == "one\ntw" }, wait30, poll)
	require.NoError(t, r.Move(r.file()))
	require.NoError(t, r.Close())
	require.Equal(t, "one\ntwo\n", r.text())
}

func TestJournalMovedAway(t *testing.T) {
	r := newRig(t)
	r.open()
	require.NoError(t, os.Rename(r.name(), r.name()+".1"))
	require.NoError(t, r.Move(r.file()))
	require.Contains(t, r.warned(), "moved")
	require.NoError(t, r.Close())
	require.FileExists(t, r.name()+".1", "what has another name is not removed")
}

// A machine that lost power leaves a journal that does not match its checksum:
// nothing of it gets into the log.
func TestDamaged(t *testing.T) {
	r := newRig(t)
	r.open()
	r.asleep()
	r.write("one\n", "two\n")
	r.segments[0].text[0] = 'O'
	r.kill()
	r.open()
	require.Empty(t, r.text())
	require.Contains(t, r.warned(), "damaged")
	text, err := os.ReadFile(r.name() + ".damaged")
	require.NoError(t, err)
	require.Equal(t, "One\ntwo\n", string(text))

	r.asleep()
	r.write("three\n")
	*r.segments[0].state = 1 << 31 // a length that cannot be
	r.kill()
	r.open()
	require.NoError(t, r.Close())
	require.Empty(t, r.text())
	text, err = os.ReadFile(r.name() + ".damaged")
	require.NoError(t, err)
	require.Contains(t, string(text), "three\n")
	require.NotContains(t, string(text), "\x00")
}

// A journal that somebody has cut refuses lines; it does not end the process.
func TestCut(t *testing.T) {
	r := newRig(t)
	r.open()
	require.NoError(t, os.Truncate(r.name(), 0))
	_, err := r.Write([]byte("one\n"))
	require.ErrorIs(t, err, errFault)
	require.NoError(t, os.Truncate(r.name(), size)) // or it cannot be unmapped in order
	require.NoError(t, r.Close())
}

func TestRefused(t *testing.T) {
	r := newRig(t)
	r.open()
	other := &rig{t: t, dir: r.dir}
	require.ErrorIs(t, other.tryOpen(), ErrBusy)
	require.NoError(t, r.Close())

	for name, text := range map[string][]byte{"another file": []byte("{}\n"), "as long": bytes.Repeat([]byte("x"), size), "another version": append([]byte(magic[:len(magic)-2]+"2\n"), make([]byte, size-len(magic))...)} {
		require.NoError(t, os.WriteFile(r.name(), text, 0o600))
		require.ErrorContains(t, r.tryOpen(), "no journal of this version", name)
		got, err := os.ReadFile(r.name())
		require.NoError(t, err)
		require.True(t, bytes.Equal(text, got), "it stays as it is")
	}
	require.NoError(t, os.WriteFile(r.name(), make([]byte, size), 0o600))
	r.open() // a process was killed while it made this one
	_, err := r.Write(make([]byte, segmentSize+1))
	require.ErrorIs(t, err, errTooLong)
	require.NoError(t, r.Close())

	require.NoError(t, os.Symlink(filepath.Join(r.dir, "elsewhere"), r.name()))
	require.Error(t, r.tryOpen())
	require.NoFileExists(t, filepath.Join(r.dir, "elsewhere"))
}

// A line allocates nothing, and lines that wait are written together.
func TestLineCosts(t *testing.T) {
	r := newRig(t)
	r.open()
	line := []byte(strings.Repeat("x", 499) + "\n")
	r.asleep()
	require.Zero(t, testing.AllocsPerRun(500, func() { _, _ = r.Write(line) }))
	require.NoError(t, r.Close())
	require.Equal(t, 501, strings.Count(r.text(), "\n"))
	require.Equal(t, 1, r.disk.writes)
}
