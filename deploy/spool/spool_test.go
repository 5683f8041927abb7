package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
)

const (
	wait30 = 30 * time.Second
	tick   = 5 * time.Millisecond
)

// said collects what an operator is told.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) warn(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.WriteString(text + "\n")
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// rig is a spool in a folder of its own.
type rig struct {
	*testing.T
	said
	o Options
	s *Spool
}

func newRig(t *testing.T) *rig {
	r := &rig{T: t}
	r.o = Options{Dir: filepath.Join(t.TempDir(), "spool"), Most: 1 << 20, Warn: r.warn, batch: 1 << 10, Age: tick, every: tick}
	return r
}

func (r *rig) open() *rig {
	r.Helper()
	var err error
	r.s, err = Open(r.o)
	require.NoError(r, err)
	r.Cleanup(func() { _ = r.s.Close() })
	return r
}

func line(i int) string { return fmt.Sprintf("{\"request\":\"%06d\"}\n", i) }

func (r *rig) write(from, to int) {
	r.Helper()
	for i := from; i < to; i++ {
		n, err := r.s.Write([]byte(line(i)))
		require.NoError(r, err)
		require.Equal(r, len(line(i)), n)
	}
}

func span(from, to int) (text string) {
	for i := from; i < to; i++ {
		text += line(i)
	}
	return text
}

// all reads every batch that was sealed, in its order.
func (r *rig) all() (text string) {
	r.Helper()
	for _, name := range r.names(sealedEnding) {
		b, err := os.ReadFile(name)
		require.NoError(r, err)
		text += string(b)
	}
	return text
}

func (r *rig) names(ending string) []string {
	r.Helper()
	names, err := filepath.Glob(filepath.Join(r.o.Dir, "*"+ending))
	require.NoError(r, err)
	return names
}

// Lines are in batches of a bounded size, in order, and those of an earlier
// process come first.
func TestBatches(t *testing.T) {
	r := newRig(t).open()
	r.write(0, 200)
	require.NoError(t, r.s.Close())
	require.Equal(t, span(0, 200), r.all())
	require.Greater(t, len(r.names(sealedEnding)), 3)
	for _, name := range r.names(sealedEnding) {
		info, err := os.Stat(name)
		require.NoError(t, err)
		require.LessOrEqual(t, info.Size(), r.o.batch+int64(len(line(0))))
		if runtime.GOOS != "windows" {
			require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
		}
	}
	_, err := r.s.Write([]byte("x"))
	require.ErrorIs(t, err, errClosed)

	r.open()
	n, size := r.s.Waiting()
	require.Len(t, r.names(sealedEnding), n)
	require.EqualValues(t, len(span(0, 200)), size)
	require.Contains(t, r.String(), "from before")
	b, _, ok := r.s.next()
	require.True(t, ok)
	text, err := r.s.read(b)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), line(0)))
}

// While nothing waits for the receiver, a batch is sealed when it is old enough;
// while it does not keep up, they become full.
func TestAge(t *testing.T) {
	r := newRig(t).open()
	r.write(0, 1)
	require.Eventually(t, func() bool { return len(r.names(sealedEnding)) == 1 }, wait30, tick)
	r.write(1, 2)
	require.Eventually(t, func() bool { // it is on the disk, and ripening has been over several times
		r.s.mu.Lock()
		defer r.s.mu.Unlock()
		return r.s.open != nil && r.s.now().Sub(r.s.open.Since) > 10*tick
	}, wait30, tick)
	require.Len(t, r.names(sealedEnding), 1)
	b, _, ok := r.s.next()
	require.True(t, ok)
	require.NoError(t, r.s.drop(b))
	require.Eventually(t, func() bool { return r.all() == line(1) }, wait30, tick)
}

// What a killed process leaves is found again, to the last whole line; what is
// not whole is kept for the operator, and said.
func TestRepair(t *testing.T) {
	const id = "019c8f0a7b31-5d2e8f00c1a29b34"
	for name, c := range map[string]struct{ text, whole, damaged string }{
		"whole":          {span(0, 3), span(0, 3), ""},
		"empty":          {"", "", ""},
		"torn":           {span(0, 3) + `{"request":"00`, span(0, 3), `{"request":"00`},
		"no line end":    {span(0, 2) + `{"request":"000002"}`, span(0, 2), `{"request":"000002"}`},
		"zeros":          {span(0, 2) + "\x00\x00\x00\x00", span(0, 2), "\x00\x00\x00\x00"},
		"zeros between":  {line(0) + "\x00\x00\n" + line(1), line(0) + line(1), "\x00\x00\n"},
		"only torn":      {`{"req`, "", `{"req`},
		"two in one":     {line(0) + `{"req` + line(1) + line(2), line(0) + line(2), `{"req` + line(1)},
		"no object":      {line(0) + "[]\n", line(0), "[]\n"},
		"a blank line":   {line(0) + "\n" + line(1), line(0) + line(1), "\n"},
		"a CR at an end": {line(0) + "{}\r\n", line(0), "{}\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			require.NoError(t, os.Mkdir(r.o.Dir, 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(r.o.Dir, id+openEnding), []byte(c.text), 0o600))
			for range 2 { // and nothing is found twice
				r.open()
				require.Equal(t, c.whole, r.all())
				require.Empty(t, r.names(openEnding))
				_, size := r.s.Waiting()
				require.EqualValues(t, len(c.whole)+len(c.damaged), size)
				require.NoError(t, r.s.Close())
			}
			if c.damaged == "" {
				require.Empty(t, r.names(damagedEnding))
				require.NotContains(t, r.String(), "warning")
				return
			}
			text, err := os.ReadFile(filepath.Join(r.o.Dir, id+damagedEnding))
			require.NoError(t, err)
			require.Equal(t, c.damaged, string(text))
			require.Contains(t, r.String(), "no whole line")
			require.Equal(t, 1, strings.Count(r.String(), "warning"), "%s", r.String())
		})
	}
}

// A crash in the middle of a repair leaves a batch under two names. It is one.
func TestRepairBreaksOff(t *testing.T) {
	const id = "019c8f0a7b31-5d2e8f00c1a29b34"
	r := newRig(t)
	require.NoError(t, os.Mkdir(r.o.Dir, 0o700))
	for ending, text := range map[string]string{openEnding: span(0, 3) + "{", sealedEnding: span(0, 3), damagedEnding: "{"} {
		require.NoError(t, os.WriteFile(filepath.Join(r.o.Dir, id+ending), []byte(text), 0o600))
	}
	r.open()
	n, size := r.s.Waiting()
	require.Equal(t, 1, n)
	require.EqualValues(t, len(span(0, 3))+1, size)
	require.Equal(t, span(0, 3), r.all())
}

// Beyond its bound the spool takes nothing, and takes lines again when there is
// room.
func TestFull(t *testing.T) {
	r := newRig(t)
	r.o.Most = 4 << 10
	r.open()
	n := 0
	for ; ; n++ {
		if _, err := r.s.Write([]byte(line(n))); err != nil {
			require.ErrorIs(t, err, errFull)
			require.ErrorContains(t, err, "3.9")
			break
		}
	}
	_, size := r.s.Waiting()
	require.LessOrEqual(t, size, r.o.Most)
	require.Greater(t, size+int64(len(line(n))), r.o.Most)
	var b Batch
	require.Eventually(t, func() bool { var ok bool; b, _, ok = r.s.next(); return ok }, wait30, tick)
	require.NoError(t, r.s.drop(b))
	r.write(n, n+1)
	require.NoError(t, r.s.Close())
	require.Equal(t, n+1-int(b.Size)/len(line(0)), strings.Count(r.all(), "\n"))

	r.o.Most = 1 << 10
	_, err := Open(r.o)
	require.ErrorContains(t, err, "too small")
}

var errDisk = errors.New("no space left on device")

// disk is a file on a disk that becomes full, and may fail in other ways.
type disk struct {
	file
	room     *int
	truncate error
	sync     *error
}

func (d *disk) Write(p []byte) (int, error) {
	n := min(len(p), *d.room)
	*d.room -= n
	n, err := d.file.Write(p[:n])
	if err == nil && n < len(p) {
		err = errDisk
	}
	return n, err
}

func (d *disk) Truncate(size int64) error {
	if d.truncate != nil {
		return d.truncate
	}
	return d.file.Truncate(size)
}

func (d *disk) Sync() error {
	if d.sync != nil && *d.sync != nil {
		return *d.sync
	}
	return d.file.Sync()
}

// A line that a full disk has cut off leaves nothing behind, and the next one is
// whole; also where the file cannot be cut back.
func TestDiskFull(t *testing.T) {
	for _, cannot := range []error{nil, errors.New("input/output error")} {
		r := newRig(t)
		r.o.batch = 100 << 10
		room := len(line(0))*3 + 5
		r.o.create = func(name string) (file, error) {
			f, err := create(name)
			return &disk{file: f, room: &room, truncate: cannot}, err
		}
		r.open()
		r.write(0, 3)
		for range 3 {
			_, err := r.s.Write([]byte(line(3)))
			require.ErrorIs(t, err, errDisk)
		}
		room = 1 << 20
		r.write(4, 6)
		require.NoError(t, r.s.Close())
		require.Equal(t, span(0, 3)+span(4, 6), r.all())
		require.Empty(t, r.names(openEnding))
		r.open()
		require.Empty(t, r.names(damagedEnding))
	}
}

// A disk that fails is said once, and once when it works again. Lines are taken
// all the while.
func TestSyncFails(t *testing.T) {
	r := newRig(t)
	bad := errors.New("input/output error")
	var mu sync.Mutex
	fails := bad
	r.o.create = func(name string) (file, error) {
		f, err := create(name)
		return &syncing{file: f, sync: func() error { mu.Lock(); defer mu.Unlock(); return fails }}, err
	}
	r.open()
	r.write(0, 100)
	require.Eventually(t, func() bool { return strings.Contains(r.String(), "input/output error") }, wait30, tick)
	r.write(100, 200)
	require.Empty(t, r.names(sealedEnding))
	mu.Lock()
	fails = nil
	mu.Unlock()
	require.Eventually(t, func() bool { return strings.Contains(r.String(), "brought to the disk again") }, wait30, tick)
	require.NoError(t, r.s.Close())
	require.Equal(t, span(0, 200), r.all())
	require.Equal(t, 1, strings.Count(r.String(), "warning"), "%s", r.String())
}

type syncing struct {
	file
	sync func() error
}

func (s *syncing) Sync() error {
	if err := s.sync(); err != nil {
		return err
	}
	return s.file.Sync()
}

// Lines survive that somebody empties or removes the folder of a spool that
// takes them; it is said.
func TestFolderIsRemoved(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("open files cannot be removed")
	}
	r := newRig(t)
	r.o.Age = time.Hour
	r.open()
	r.write(0, 3)
	require.NoError(t, os.RemoveAll(r.o.Dir))
	r.write(3, 60) // the first batch is full
	require.Eventually(t, func() bool { return strings.Contains(r.String(), "somebody has removed a file of the spool") }, wait30, tick)
	require.NoError(t, r.s.Close())
	require.Equal(t, span(0, 60), r.all())

	r = newRig(t).open()
	require.NoError(t, os.RemoveAll(r.o.Dir))
	r.write(0, 3)
	require.Contains(t, r.String(), "is made anew")
	require.NoError(t, r.s.Close())
	require.Equal(t, span(0, 3), r.all())
}

// Two processes do not have one spool, and what is no folder of one's own is
// refused before anybody is answered.
func TestFolders(t *testing.T) {
	r := newRig(t).open()
	_, err := Open(r.o)
	require.ErrorContains(t, err, "another process has the spool")
	require.True(t, failure.Is(err))
	require.NoError(t, r.s.Close())
	r.open()

	for name, c := range map[string]struct {
		make func(dir string) string
		want string
	}{
		"no parent": {func(dir string) string { return filepath.Join(dir, "a", "b") }, "cannot be made"},
		"a file":    {func(dir string) string { f := filepath.Join(dir, "f"); _ = os.WriteFile(f, nil, 0o600); return f }, "is a file"},
		"for everybody": {func(dir string) string {
			f := filepath.Join(dir, "d")
			_ = os.Mkdir(f, 0o700)
			_ = os.Chmod(f, 0o777)
			return f
		}, "everybody can write"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "for everybody" && runtime.GOOS == "windows" {
				t.Skip("there are no such bits")
			}
			r := newRig(t)
			r.o.Dir = c.make(t.TempDir())
			_, err := Open(r.o)
			require.ErrorContains(t, err, c.want)
			require.True(t, failure.Is(err))
		})
	}
}

// A folder that the server's user may not write to is refused at the start.
func TestReadOnlyFolder(t *testing.T) {
	if os.Getuid() <= 0 {
		t.Skip("root, or Windows, may write everywhere")
	}
	r := newRig(t)
	require.NoError(t, os.Mkdir(r.o.Dir, 0o500))
	_, err := Open(r.o)
	require.ErrorContains(t, err, "permission denied")
	require.True(t, failure.Is(err))
}

// Files that are not the spool's stay as they are, and are said.
func TestOtherFiles(t *testing.T) {
	r := newRig(t)
	require.NoError(t, os.Mkdir(r.o.Dir, 0o700))
	for _, name := range []string{"clicks.ndjson", "019c8f0a7b31-5d2e8f00c1a29b34.txt"} {
		require.NoError(t, os.WriteFile(filepath.Join(r.o.Dir, name), []byte("mine\n"), 0o600))
	}
	r.open()
	n, size := r.s.Waiting()
	require.Zero(t, n)
	require.Zero(t, size)
	require.Contains(t, r.String(), "2 files in the spool")
	require.FileExists(t, filepath.Join(r.o.Dir, "clicks.ndjson"))
}

// Many write at once, batches are sealed and taken meanwhile: each line is there
// once.
func TestManyAtOnce(t *testing.T) {
	r := newRig(t).open()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 250 {
				if _, err := r.s.Write([]byte(line(g*250 + i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	got := map[string]int{}
	take := func() {
		b, _, ok := r.s.next()
		if !ok {
			return
		}
		text, err := r.s.read(b)
		require.NoError(t, err)
		for one := range strings.Lines(string(text)) {
			got[one]++
		}
		require.NoError(t, r.s.drop(b))
	}
	require.Eventually(t, func() bool { take(); return len(got) == 2000 }, wait30, time.Microsecond)
	wg.Wait()
	for text, n := range got {
		require.Equal(t, 1, n, text)
	}
	n, size := r.s.Waiting()
	require.Zero(t, n)
	require.Zero(t, size)
	require.Zero(t, r.s.Oldest())
}
