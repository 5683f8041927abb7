package tree

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/clicklog"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
)

// rig is a tree in a folder of its own, with a clock.
type rig struct {
	*Tree
	t     *testing.T
	o     Options
	clock time.Time
	said  strings.Builder
	disk  disk
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, clock: time.Date(2026, 11, 29, 2, 30, 0, 0, time.UTC)}
	r.o = Options{Dir: filepath.Join(t.TempDir(), "log"), Most: 1 << 20, Warn: func(text string) { r.said.WriteString(text + "\n") },
		now: func() time.Time { return r.clock }}
	r.o.create = func(name string) (file, error) {
		f, err := create(name)
		return &failing{f, &r.disk}, err
	}
	t.Cleanup(func() {
		if r.Tree != nil {
			_ = r.Tree.Close()
		}
	})
	return r.reopen()
}

// reopen opens the tree, as another process does when the first was killed.
func (r *rig) reopen() *rig {
	r.t.Helper()
	if r.Tree != nil {
		require.NoError(r.t, r.lock.Close()) // as the end of a process does
	}
	var err error
	r.Tree, err = Open(r.o)
	require.NoError(r.t, err)
	return r
}

func (r *rig) append(from, to int) {
	r.t.Helper()
	require.NoError(r.t, r.Append([]byte(span(from, to)), nil))
}

// span is lines of the log.
func span(from, to int) (text string) {
	for i := from; i < to; i++ {
		text += fmt.Sprintf(`{"v":1,"time":"2026-03-01T12:00:00.000Z","request":"%d","action":"proxy"}`+"\n", i)
	}
	return text
}

// all is what Read gives of all files, in small parts.
func (r *rig) all() (text string) {
	r.t.Helper()
	for _, f := range r.Files() {
		for at := int64(0); at < f.Size; {
			lines, err := r.Read(f, at, 100)
			require.NoError(r.t, err)
			at += int64(len(lines))
			text += string(lines)
		}
	}
	return text
}

// files are the names below the folder, without what is random.
func (r *rig) files() (list []string) {
	random := regexp.MustCompile(`-[0-9a-f]{12}-[0-9a-f]{8}`)
	require.NoError(r.t, filepath.WalkDir(r.o.Dir, func(path string, d os.DirEntry, err error) error {
		if name, _ := filepath.Rel(r.o.Dir, path); err == nil && !d.IsDir() && name != "lock" {
			list = append(list, random.ReplaceAllString(filepath.ToSlash(name), ""))
		}
		return err
	}))
	return list
}

// disk fails as it is told.
type disk struct {
	room           int // bytes that it takes; 0 for any
	sync, truncate error
}

var errDisk = errors.New("no space left on device")

type failing struct {
	file
	disk *disk
}

func (f *failing) Write(p []byte) (int, error) {
	if f.disk.room > 0 && len(p) > f.disk.room {
		n, _ := f.file.Write(p[:f.disk.room])
		return n, errDisk
	}
	return f.file.Write(p)
}

func (f *failing) Sync() error { return errors.Join(f.disk.sync, f.file.Sync()) }

func (f *failing) Truncate(size int64) error {
	if f.disk.truncate != nil {
		return f.disk.truncate
	}
	return f.file.Truncate(size)
}

// A file ends with its hour, by its size, and when somebody says so; each day
// has a folder. clickedge clicks reads them.
func TestRotation(t *testing.T) {
	r := newRig(t)
	require.Empty(t, r.Files())
	r.append(0, 2)
	r.append(2, 3)
	require.Len(t, r.Files(), 1)
	r.clock = r.clock.Add(31 * time.Minute) // 03:01
	require.NoError(t, r.Tick())
	r.append(3, 4)
	r.Turn()
	r.append(4, 5)
	r.clock = r.clock.Add(24 * time.Hour)
	r.append(5, 6)
	require.Equal(t, []string{"clicks/2026/11/29/20261129T02.ndjson", "clicks/2026/11/29/20261129T03.ndjson", "clicks/2026/11/29/20261129T03.ndjson",
		"clicks/2026/11/30/20261130T03.ndjson", "open"}, r.files())
	r.Tree.Most = 1
	r.append(6, 8) // the file has more than a byte
	require.Len(t, r.Files(), 5)
	require.Equal(t, span(0, 8), r.all())
	require.Equal(t, span(0, 8), r.all())

	var reader clicklog.Reader
	in := &input.Input{Ctx: t.Context(), Err: os.Stderr}
	require.NoError(t, clicklog.Read(in, []string{filepath.Join(r.o.Dir, ClicksDir)}, &reader, func(line []byte) { reader.Parse(line) }))
	require.Equal(t, 8, reader.Count)
	require.Zero(t, reader.Others)
	require.NoError(t, r.Close())
	require.NotContains(t, r.files(), "open")
	require.ErrorContains(t, r.Append([]byte(span(8, 9)), nil), "closed")
	require.NoError(t, r.Close())
	require.Equal(t, span(0, 8), r.reopen().all())
	require.Empty(t, r.said.String())
}

// Files that have ended are compressed, whole or not at all, and read as before.
func TestGzip(t *testing.T) {
	r := newRig(t)
	r.Gzip = true
	r.append(0, 50)
	r.Turn()
	r.append(50, 60)
	before := r.Files()
	require.NoError(t, r.Tick())
	require.Equal(t, []string{"clicks/2026/11/29/20261129T02.ndjson.gz", "clicks/2026/11/29/20261129T02.ndjson", "open"}, r.files())
	require.Equal(t, span(0, 60), r.all())
	lines, err := r.Read(before[0], 0, 1<<20) // by who has listed it before
	require.NoError(t, err)
	require.Equal(t, span(0, 50), string(lines))
	require.Equal(t, before[0].Size, r.Files()[0].Size)

	// A crash between the two leaves both.
	plain := r.Files()[0].path + ending
	require.NoError(t, os.WriteFile(plain, []byte(span(0, 50)), 0o600))
	r.reopen()
	require.NoFileExists(t, plain)
	require.Equal(t, span(0, 60), r.all())
	require.Equal(t, before[0].Size, r.Files()[0].Size)

	require.NoError(t, os.WriteFile(r.Files()[0].path+gzEnding, []byte("no"), 0o600))
	require.NoError(t, r.lock.Close())
	_, err = Open(r.o)
	require.ErrorContains(t, err, "gzip")
	require.True(t, failure.Is(err))
}

// What was half written is cut off: by the next batch, or at the next start. No
// line that was taken is lost, and none is taken that was not.
func TestFullDisk(t *testing.T) {
	r := newRig(t)
	r.append(0, 2)
	r.disk.room = 100
	require.ErrorIs(t, r.Append([]byte(span(2, 9)), nil), errDisk)
	require.Equal(t, span(0, 2), r.onDisk())
	r.disk.truncate = errDisk
	require.ErrorIs(t, r.Append([]byte(span(2, 9)), nil), errDisk)
	require.NotEqual(t, span(0, 2), r.onDisk())
	require.Equal(t, span(0, 2), r.all(), "nobody reads it")
	require.ErrorContains(t, r.Append([]byte(span(2, 9)), nil), "cannot be cut off")
	r.Turn()
	require.NoError(t, r.Tick())
	require.Len(t, r.Files(), 1, "the file stays until that is done")
	r.disk = disk{}
	r.append(2, 4)
	require.Equal(t, span(0, 4), r.onDisk())
	r.disk = disk{room: 100, truncate: errDisk}
	require.Error(t, r.Append([]byte(span(4, 9)), nil))
	r.disk = disk{}
	require.NoError(t, r.Close())
	r.reopen()
	require.Equal(t, span(0, 5), r.all(), "a whole line of a batch may stay")
	require.Contains(t, r.said.String(), "were no whole line")
	require.Equal(t, span(0, 5), r.onDisk())
}

// onDisk is what is in the files.
func (r *rig) onDisk() (text string) {
	for _, f := range r.Files() {
		b, err := os.ReadFile(f.Path())
		require.NoError(r.t, err)
		text += string(b)
	}
	return text
}

// After a sync that failed nobody knows what is on the disk: the batch is not
// taken, and the next one goes to another file.
func TestSyncFails(t *testing.T) {
	r := newRig(t)
	r.append(0, 2)
	r.disk.sync = errDisk
	require.ErrorIs(t, r.Append([]byte(span(2, 4)), nil), errDisk)
	r.disk.sync = nil
	r.append(2, 4)
	require.Len(t, r.Files(), 2)
	require.Equal(t, span(0, 4), r.onDisk())
}

// A process that is killed, or a machine that loses power, leaves a file in any
// state behind what was taken.
func TestCrash(t *testing.T) {
	whole := span(10, 12)
	for name, c := range map[string]struct{ left, stays, aside string }{
		"nothing":                    {"", "", ""},
		"a part of a line":           {whole[:40], "", whole[:40] + "\n"},
		"a line and a part":          {whole[:len(whole)-5], span(10, 11), whole[len(span(10, 11)) : len(whole)-5]},
		"whole lines":                {whole, whole, ""},
		"zeros":                      {"\x00\x00\x00\x00", "", "\x00\x00\x00\x00\n"},
		"zeros before a line":        {"\x00\x00\n" + whole, whole, "\x00\x00\n"},
		"a line without its end":     {strings.TrimSuffix(whole, "\n"), span(10, 11), strings.TrimSuffix(span(11, 12), "\n") + "\n"},
		"another text with its ends": {"7\n" + whole, whole, "7\n"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.append(0, 3)
			f, err := os.OpenFile(r.Files()[0].Path(), os.O_APPEND|os.O_WRONLY, 0)
			require.NoError(t, err)
			_, err = f.WriteString(c.left)
			require.NoError(t, err)
			require.NoError(t, f.Close())
			for range 2 {
				r.reopen()
				require.Equal(t, span(0, 3)+c.stays, r.all())
			}
			r.append(20, 21)
			require.Equal(t, span(0, 3)+c.stays+span(20, 21), r.onDisk())
			aside, err := os.ReadFile(r.RejectedFile())
			if c.aside == "" {
				require.ErrorIs(t, err, os.ErrNotExist)
				require.Empty(t, r.said.String())
				return
			}
			require.NoError(t, err)
			require.Equal(t, strings.TrimSuffix(c.aside, "\n")+"\n", string(aside))
			require.Contains(t, r.said.String(), "no whole line")
			require.Contains(t, r.said.String(), r.RejectedFile())
		})
	}
}

// A crash right after a file was made, or before, leaves nothing that counts.
func TestCrashAtBegin(t *testing.T) {
	r := newRig(t)
	require.NoError(t, r.setOpen("20261129T02-019c8f0a7b31-5d2e8f00")) // and no file
	r.reopen()
	require.Empty(t, r.files())
	require.NoError(t, r.ready()) // and no line
	require.Len(t, r.files(), 2)
	r.reopen()
	require.Empty(t, r.files())
	require.Empty(t, r.Files())
}

// Names sort by age though the clock is set back.
func TestClockSetBack(t *testing.T) {
	r := newRig(t)
	r.append(0, 1)
	r.clock = r.clock.Add(-10 * time.Minute)
	r.Turn()
	r.append(1, 2)
	r.reopen()
	r.append(2, 3)
	require.Equal(t, span(0, 3), r.all())
}

// What is no line of the log has a file for each day.
func TestRejected(t *testing.T) {
	r := newRig(t)
	require.NoError(t, r.Append([]byte(span(0, 1)), []byte("7\n")))
	require.NoError(t, r.Append(nil, []byte("8\n")))
	r.clock = r.clock.Add(24 * time.Hour)
	require.NoError(t, r.Append(nil, []byte("9\n")))
	require.Equal(t, []string{"clicks/2026/11/29/20261129T02.ndjson", "open", "rejected/2026-11-29.ndjson", "rejected/2026-11-30.ndjson"}, r.files())
	text, err := os.ReadFile(filepath.Join(r.o.Dir, RejectedDir, "2026-11-29.ndjson"))
	require.NoError(t, err)
	require.Equal(t, "7\n8\n", string(text))
	require.NoError(t, os.RemoveAll(filepath.Join(r.o.Dir, RejectedDir)))
	require.NoError(t, os.WriteFile(filepath.Join(r.o.Dir, RejectedDir), nil, 0o600))
	require.Error(t, r.Append(nil, []byte("10\n")))
}

// Days are counted by the hour in a file's name, and the file that takes lines
// stays.
func TestExpired(t *testing.T) {
	r := newRig(t)
	r.append(0, 1)
	require.NoError(t, r.Append(nil, []byte("7\n")))
	r.clock = r.clock.Add(24 * time.Hour)
	r.append(1, 2)
	r.clock = r.clock.Add(6 * 24 * time.Hour) // a week after the first
	require.Empty(t, r.Expired(7))
	r.clock = r.clock.Add(24 * time.Hour)
	expired := r.Expired(7)
	require.Len(t, expired, 1)
	require.NoError(t, r.Remove(expired[0]))
	require.NoError(t, r.Remove(expired[0]))
	require.NoDirExists(t, filepath.Join(r.o.Dir, ClicksDir, "2026", "11", "29"))
	require.Equal(t, span(1, 2), r.all())
	removed, err := r.ExpireRejected(7)
	require.NoError(t, err)
	require.Len(t, removed, 1)
	require.Empty(t, r.Expired(200_000), "more days than a length of time has")
	require.Empty(t, r.Expired(1), "it takes lines")
	r.Turn()
	require.Len(t, r.Expired(1), 1)
	require.Empty(t, r.Expired(200_000))
}

// A file that somebody has put there stays, and is said.
func TestOthers(t *testing.T) {
	r := newRig(t)
	r.append(0, 1)
	other := filepath.Join(r.o.Dir, ClicksDir, "other.ndjson")
	require.NoError(t, os.WriteFile(other, nil, 0o600))
	r.reopen()
	require.Contains(t, r.said.String(), "1 file in")
	require.FileExists(t, other)
	require.Equal(t, span(0, 1), r.all())
}

func TestTwoProcesses(t *testing.T) {
	r := newRig(t)
	_, err := Open(r.o)
	require.ErrorContains(t, err, "another process has the log")
	r.o.Dir = filepath.Join(r.o.Dir, "none", "there")
	_, err = Open(r.o)
	require.ErrorContains(t, err, "cannot be made")
	require.True(t, failure.Is(err))
}

// A line that is longer than what is read at once comes whole, and one whose end
// a disk has lost comes at the end.
func TestReadLong(t *testing.T) {
	r := newRig(t)
	long := strings.Repeat("x", 200<<10) + "\n"
	require.NoError(t, r.Append([]byte("a\n"+long+"b\n"), nil))
	require.Equal(t, "a\n"+long+"b\n", r.all())
	f := r.Files()[0]
	require.NoError(t, os.WriteFile(f.Path(), []byte("a\nb"), 0o600))
	f.Size = 3
	first, err := r.Read(f, 0, 10)
	require.NoError(t, err)
	require.Equal(t, "a\n", string(first))
	second, err := r.Read(f, 2, 10)
	require.NoError(t, err)
	require.Equal(t, "b", string(second))
	f.Size = 9
	_, err = r.Read(f, 0, 10)
	require.ErrorContains(t, err, "shorter than it was")

	var packed bytes.Buffer
	gz := gzip.NewWriter(&packed)
	_, _ = gz.Write([]byte("a\n" + long))
	require.NoError(t, gz.Close())
	require.NoError(t, os.WriteFile(f.path+gzEnding, packed.Bytes(), 0o600))
	f.gz, f.Size = true, int64(2+len(long))
	got, err := r.Read(f, 2, 10)
	require.NoError(t, err)
	require.Equal(t, long, string(got))
}
