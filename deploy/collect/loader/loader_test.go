package loader

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/collect/tree"
)

// fake is a database in memory, whose transactions are whole.
type fake struct {
	mu       sync.Mutex
	rows     string
	loaded   map[string]int64
	err      error
	lost     bool // the answer to a commit is lost
	refuses  string
	prepared int
	closed   bool
}

func (f *fake) Name() string { return "the database" }

func (f *fake) Prepare(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.prepared++
	return f.err
}

func (f *fake) Loaded(context.Context) (map[string]int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	loaded := map[string]int64{}
	for name, size := range f.loaded {
		loaded[name] = size
	}
	return loaded, f.err
}

func (f *fake) Load(_ context.Context, p Part) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.err != nil:
		return f.err
	case f.loaded[p.File] != p.From:
		return errMoved
	case int64(len(p.Lines)) != p.To-p.From && len(p.Lines) > 0:
		return errors.New("the part is not what it says")
	case f.refuses != "" && bytes.Contains(p.Lines, []byte(f.refuses)):
		return fmt.Errorf("%w: it has %s", ErrRefused, f.refuses)
	}
	if f.loaded == nil {
		f.loaded = map[string]int64{}
	}
	f.rows += string(p.Lines)
	f.loaded[p.File] = p.To
	if f.lost {
		f.lost = false
		return errors.New("the connection broke")
	}
	return nil
}

func (f *fake) Close() { f.closed = true }

func (f *fake) all() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rows
}

func (f *fake) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// rig is a loader from a folder into a fake.
type rig struct {
	*Loader
	t    *testing.T
	db   *fake
	tree *tree.Tree
	mu   sync.Mutex
	said string
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, db: &fake{}}
	var err error
	r.tree, err = tree.Open(tree.Options{Dir: filepath.Join(t.TempDir(), "log"), Most: 4000, Warn: r.say})
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.tree.Close() })
	return r.again()
}

// again is the same after a restart.
func (r *rig) again() *rig {
	r.Loader = New(r.db, r.tree, time.Millisecond, r.say)
	r.Loader.first = time.Millisecond
	return r
}

func (r *rig) say(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said += text + "\n"
}

func (r *rig) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said
}

func (r *rig) append(from, to int) {
	r.t.Helper()
	require.NoError(r.t, r.tree.Append([]byte(span(from, to)), nil))
}

func span(from, to int) (text string) {
	for i := from; i < to; i++ {
		text += fmt.Sprintf(`{"v":1,"time":"2026-03-01T12:00:00.000Z","request":"%d","host":"","esp":"","kind":"","method":"","action":"proxy","code":"","status":0,"destination":"","us":1,"version":"%s","line":%d,"x":1}`+"\n", i, strings.Repeat("x", i%50), i)
	}
	return text
}

// Every line is loaded once, after a restart too, and after a commit whose
// answer was lost.
func TestLoad(t *testing.T) {
	r := newRig(t)
	r.append(0, 30)
	require.EqualValues(t, len(span(0, 30)), r.Waiting())
	require.NoError(t, r.Load(t.Context()))
	require.Equal(t, span(0, 30), r.db.all())
	require.Zero(t, r.Waiting())
	r.append(30, 60)
	r.db.lost = true
	require.ErrorContains(t, r.Load(t.Context()), "broke")
	require.False(t, r.Has(r.tree.Files()[0]), "nobody knows")
	require.NoError(t, r.Load(t.Context()))
	require.Equal(t, span(0, 60), r.db.all())
	r.append(60, 61)
	require.NoError(t, r.again().Load(t.Context()))
	require.Equal(t, span(0, 61), r.db.all())
	for _, f := range r.tree.Files() {
		require.True(t, r.Has(f))
	}
	require.NoError(t, r.Load(t.Context()))
	require.Equal(t, 3, r.db.prepared, "once for each time that nobody knew")
	r.End()
	require.True(t, r.db.closed)
	require.Empty(t, r.text())
}

// A line that the database refuses is kept apart, and no other waits for it.
func TestRefused(t *testing.T) {
	for _, bad := range []int{0, 7, 8, 15} {
		r := newRig(t)
		r.append(0, 16)
		r.db.refuses = fmt.Sprintf(`"line":%d,`, bad)
		require.NoError(t, r.Load(t.Context()))
		require.Equal(t, span(0, bad)+span(bad+1, 16), r.db.all())
		require.Equal(t, 1, strings.Count(r.text(), "does not take a line"))
		require.Contains(t, r.text(), r.tree.RejectedFile())
		text, err := os.ReadFile(r.tree.RejectedFile())
		require.NoError(t, err)
		require.Equal(t, span(bad, bad+1), string(text))
		require.Zero(t, r.Waiting())
	}
	r := newRig(t)
	r.append(0, 9)
	r.db.refuses = "line"
	require.NoError(t, r.Load(t.Context()))
	require.Empty(t, r.db.all())
	require.Equal(t, 9, strings.Count(r.text(), "does not take a line"))
}

// A database that is away gets everything when it is there again; it is said
// when that begins and when it ends.
func TestRun(t *testing.T) {
	r := newRig(t)
	r.db.err = errors.New("connection refused")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	r.append(0, 5)
	r.Wake()
	require.Eventually(t, func() bool { return strings.Contains(r.text(), "connection refused") }, 30*time.Second, time.Millisecond)
	r.append(5, 10)
	r.db.fail(nil)
	require.Eventually(t, func() bool { return r.db.all() == span(0, 10) }, 30*time.Second, time.Millisecond)
	r.append(10, 11)
	r.Wake()
	require.Eventually(t, func() bool { return r.db.all() == span(0, 11) }, 30*time.Second, time.Millisecond)
	r.db.fail(errors.New("it stops"))
	r.append(11, 12)
	stop()
	<-done
	r.End()
	require.Contains(t, r.text(), "the next start loads them")
	require.Equal(t, 1, strings.Count(r.text(), "connection refused"))
	require.Contains(t, r.text(), "takes lines again")
}

// What a server says controls no terminal, and makes no line of its own.
func TestAServersWordsAreCleaned(t *testing.T) {
	r := newRig(t)
	r.Loader.say(errors.New("FATAL: \x1b[2Jno\n\tlistening on everything"))
	require.Equal(t, `warning: the database takes no lines, which is tried again; they wait in the folder: FATAL: \x1b[2Jno listening on everything`+"\n", r.text())
}

// Lines that do not fit into any table are found without the database, and those
// between them are loaded together.
func TestUnfit(t *testing.T) {
	r := newRig(t)
	good := span(0, 1)
	bad := []string{strings.Replace(good, `"host":"",`, "", 1), strings.Replace(good, `"status":0`, `"status":"0"`, 1), strings.Replace(good, `"status":0`, `"status":1.5`, 1),
		strings.Replace(good, `"us":1`, `"us":1e30`, 1), strings.Replace(good, `"us":1`, `"us":null`, 1), "{\n"}
	text := bad[0] + span(0, 3) + bad[1] + bad[2] + span(3, 5) + bad[3] + bad[4] + bad[5]
	require.NoError(t, r.tree.Append([]byte(text), nil))
	require.NoError(t, r.Load(t.Context()))
	require.Equal(t, span(0, 5), r.db.all())
	require.Zero(t, r.Waiting())
	aside, err := os.ReadFile(r.tree.RejectedFile())
	require.NoError(t, err)
	require.Equal(t, strings.Join(bad, ""), string(aside))
	for _, why := range []string{`it has no member "host"`, `"status" is no whole number`, `"us" is no whole number`, `it has no member "us"`, "no JSON object"} {
		require.Contains(t, r.text(), why)
	}
	require.NoError(t, unfit([]byte(strings.Replace(good, `"us":1`, `"us":1,"exp":null,"kid":"k1","later":{}`, 1))))
}

func TestHalves(t *testing.T) {
	for n := range 9 {
		text := span(0, n)
		p := Part{"f", 100, 100 + int64(len(text)), []byte(text)}
		first, second := p.halves()
		require.Equal(t, text, string(first.Lines)+string(second.Lines))
		require.Equal(t, p.From, first.From)
		require.Equal(t, first.To, second.From)
		require.Equal(t, p.To, second.To)
		require.EqualValues(t, len(first.Lines), first.To-first.From)
		require.Equal(t, n > 1, len(second.Lines) > 0, n)
		require.True(t, n < 2 || len(first.Lines) > 0 && first.Lines[len(first.Lines)-1] == '\n')
	}
	first, second := (&Part{Lines: []byte("a\nb")}).halves()
	require.Equal(t, "a\n", string(first.Lines))
	require.Equal(t, "b", string(second.Lines))
}

// slow is a program that takes lines and never ends, around another one.
const slow = "#!/bin/sh\nsleep 3600 &\nwait\n"

// A program that does not end is ended, with all that it has started.
func TestProgramHangs(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no sh")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "duckdb")
	require.NoError(t, os.WriteFile(program, []byte(slow), 0o700))
	db, err := DuckDB(filepath.Join(dir, "clicks.db"), program, dir)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorContains(t, db.Prepare(ctx), "did not end in time")
}

// What the program says is said, without what it was given.
func TestProgramFails(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no sh")
	}
	dir := t.TempDir()
	left := filepath.Join(dir, ".part-1.ndjson")
	require.NoError(t, os.WriteFile(left, nil, 0o600))
	program := filepath.Join(dir, "duckdb")
	for text, want := range map[string]string{
		"echo 'IO Error: Could not set lock on file' >&2; exit 1": "the program duckdb failed: IO Error: Could not set lock on file",
		"exit 7":                              "exit status 7",
		"echo 'Conversion Error: a link' >&2": "the database refuses the lines: Conversion Error",
		"echo 'what is this'":                 `gives no list of files, but "what is this"`,
	} {
		require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\n"+text+"\n"), 0o700))
		db, err := DuckDB(filepath.Join(dir, "clicks.db"), program, dir)
		require.NoError(t, err)
		require.NoFileExists(t, left)
		_, err = db.Loaded(t.Context())
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "a link")
		if strings.Contains(want, "list of files") {
			continue
		}
		require.Error(t, db.Load(t.Context(), Part{"f", 0, 3, []byte("{}\n")}))
		parts, _ := filepath.Glob(filepath.Join(dir, ".part-*"))
		require.Empty(t, parts)
	}
	_, err := DuckDB(filepath.Join(dir, "none", "clicks.db"), program, dir)
	require.ErrorContains(t, err, "there is no folder")
}
