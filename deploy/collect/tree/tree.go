package tree

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/folder"
	"github.com/clickedge/clickedge/deploy/output"
)

const (
	// ClicksDir is the folder with the lines of the click log.
	ClicksDir = "clicks"
	// RejectedDir is the folder with what was none.
	RejectedDir = "rejected"

	openName  = "open"
	ending    = ".ndjson"
	gzEnding  = ".ndjson.gz"
	fileMode  = 0o640
	dirMode   = 0o750
	hourForm  = "20060102T15"
	dayForm   = "2006/01/02"
	aDay      = 24 * time.Hour
	rejectDay = time.DateOnly
)

// fileName is the name of a file of the log, without its ending.
var fileName = regexp.MustCompile(`^([0-9]{8}T[0-9]{2})-[0-9a-f]{12}-[0-9a-f]{8}$`)

// Options say where a tree is and how it is kept.
type Options struct {
	Dir  string
	Most int64 // bytes of a file, before the batch that goes beyond it
	Gzip bool  // compress files that take no more lines
	// Warn is told what an operator should know.
	Warn func(text string)

	now    func() time.Time // nil is time.Now
	create func(name string) (file, error)
}

// File is a file of the log.
type File struct {
	Name string // without folder and ending; the same for ever
	Size int64  // of its lines, uncompressed, that are on the disk

	path string // without ending
	gz   bool
}

// Tree is a folder of the log. It is safe for concurrent use.
type Tree struct {
	Options
	lock *flock.Flock

	mu     sync.Mutex
	list   []File  // oldest first; the one that takes lines is the last
	open   *taking // nil for none
	closed bool
	last   int64 // milliseconds in the name made last
}

// file is an [os.File].
type file interface {
	Write(p []byte) (int, error)
	Truncate(size int64) error
	Sync() error
	Close() error
}

// taking is the file that takes lines.
type taking struct {
	file
	hour string
	torn bool // bytes of a batch that was not taken are behind its lines
	bad  bool // it could not be brought to the disk: it takes no more
}

const folderHint = "name a folder that belongs to this program's user alone; its parent must exist"

// Open takes a folder, which is made where it does not exist, and repairs what a
// crash has left in it.
func Open(o Options) (t *Tree, err error) {
	t = &Tree{Options: o}
	if t.now == nil {
		t.now = time.Now
	}
	if t.create == nil {
		t.create = create
	}
	if t.lock, err = folder.Take(t.Dir, folder.Use{Name: "the log", Hint: folderHint, Mode: dirMode}); err != nil {
		return nil, err
	}
	if err := t.recover(); err != nil {
		return nil, errors.Join(failure.Usage(fmt.Errorf("the log's folder cannot be repaired: %w", err),
			"its lines are in "+output.ShellWord(t.Dir)+"; see to what is wrong, and start again: nothing was removed"), t.lock.Close())
	}
	return t, nil
}

func create(name string) (file, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, fileMode)
}

var errClosed = errors.New("the log is closed")

// Append adds a batch: lines of the log, and what was none. It returns when they
// are on the disk. After an error the sender must send the batch again.
func (t *Tree) Append(lines, rejected []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return errClosed
	}
	if len(lines) > 0 {
		if err := t.append(lines); err != nil {
			return err
		}
	}
	if len(rejected) > 0 {
		return t.reject(rejected)
	}
	return nil
}

func (t *Tree) append(lines []byte) error {
	if err := t.ready(); err != nil {
		return err
	}
	f := &t.list[len(t.list)-1]
	_, err := t.open.Write(lines)
	if err == nil {
		if err = t.open.Sync(); err != nil {
			// What the kernel has of it may be lost though a later sync
			// goes well.
			t.open.bad = true
		}
	}
	if err != nil {
		t.open.torn = t.open.Truncate(f.Size) != nil
		return err
	}
	f.Size += int64(len(lines))
	return nil
}

// ready sees to it that there is a file for lines of now.
func (t *Tree) ready() error {
	hour := t.now().UTC().Format(hourForm)
	if t.open != nil && t.open.torn {
		if err := t.open.Truncate(t.list[len(t.list)-1].Size); err != nil {
			return fmt.Errorf("a batch that was half written cannot be cut off: %w", err)
		}
		t.open.torn = false
	}
	if t.open != nil && (t.open.hour != hour || t.open.bad || t.list[len(t.list)-1].Size >= t.Most) {
		t.seal()
	}
	if t.open != nil {
		return nil
	}
	return t.begin(hour)
}

// begin makes a file. Its name is on the disk before it is there, so that a
// crash leaves no file that nobody repairs.
func (t *Tree) begin(hour string) error {
	now := t.now().UTC()
	t.last = max(now.UnixMilli()&(1<<48-1), t.last+1)
	var random [4]byte
	_, _ = rand.Read(random[:]) // it never fails
	name := fmt.Sprintf("%s-%012x-%s", hour, t.last, hex.EncodeToString(random[:]))
	dir := filepath.Join(t.Dir, ClicksDir, filepath.FromSlash(now.Format(dayForm)))
	if err := t.makeDir(dir); err != nil {
		return err
	}
	f := File{Name: name, path: filepath.Join(dir, name)}
	if err := t.setOpen(name); err != nil {
		return err
	}
	made, err := t.create(f.path + ending)
	if err != nil {
		return err
	}
	if err := folder.Sync(dir); err != nil {
		return errors.Join(err, made.Close(), os.Remove(f.path+ending))
	}
	t.open, t.list = &taking{file: made, hour: hour}, append(t.list, f)
	return nil
}

// makeDir makes a folder below the tree's, and brings its name to the disk.
func (t *Tree) makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return err
	}
	for at := filepath.Dir(dir); ; at = filepath.Dir(at) {
		if err := folder.Sync(at); err != nil {
			return err
		}
		if at == filepath.Clean(t.Dir) || len(at) <= 1 {
			return nil
		}
	}
}

// setOpen records which file takes lines.
func (t *Tree) setOpen(name string) error {
	if err := files.Replace(filepath.Join(t.Dir, openName), []byte(name+"\n"), fileMode); err != nil {
		return err
	}
	return folder.Sync(t.Dir)
}

// seal ends the file that takes lines, if there is one. All its lines are on the
// disk already. An empty one is removed.
func (t *Tree) seal() {
	if t.open == nil {
		return
	}
	_ = t.open.Close()
	t.open = nil
	if f := t.list[len(t.list)-1]; f.Size == 0 {
		_ = os.Remove(f.path + ending)
		t.list = t.list[:len(t.list)-1]
	}
}

// reject keeps what is no line of the log.
func (t *Tree) reject(text []byte) (err error) {
	dir := filepath.Join(t.Dir, RejectedDir)
	if err := t.makeDir(dir); err != nil {
		return err
	}
	f, err := os.OpenFile(t.RejectedFile(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, fileMode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err = f.Write(text); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return errors.Join(err, f.Truncate(info.Size()))
	}
	return folder.Sync(dir)
}

// RejectedFile is where what is rejected now is kept.
func (t *Tree) RejectedFile() string {
	return filepath.Join(t.Dir, RejectedDir, t.now().UTC().Format(rejectDay)+ending)
}

// Turn ends the file that takes lines: the next batch begins another one.
func (t *Tree) Turn() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turn()
}

// turn ends the file that takes lines, if nothing is behind them.
func (t *Tree) turn() {
	if t.open != nil && !t.open.torn {
		t.seal()
	}
}

// Tick does what is due by the clock: it ends a file whose hour is over, and
// compresses those that have ended.
func (t *Tree) Tick() error {
	t.mu.Lock()
	if t.open != nil && t.open.hour != t.now().UTC().Format(hourForm) {
		t.turn()
	}
	var due []File
	if t.Gzip {
		due = slices.DeleteFunc(slices.Clone(t.ended()), func(f File) bool { return f.gz })
	}
	t.mu.Unlock()
	for _, f := range due {
		if err := t.compress(f); err != nil {
			return fmt.Errorf("%s cannot be compressed: %w", f.path+ending, err)
		}
	}
	return nil
}

// ended are the files that take no more lines.
func (t *Tree) ended() []File {
	if t.open != nil {
		return t.list[:len(t.list)-1]
	}
	return t.list
}

// Close ends the tree.
func (t *Tree) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	t.closed = true
	torn := t.open != nil && t.open.torn // its repair is the next start's
	t.seal()
	var err error
	if !torn {
		if err = os.Remove(filepath.Join(t.Dir, openName)); errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	}
	return errors.Join(err, t.lock.Close())
}

// Files are the files of the log, oldest first.
func (t *Tree) Files() []File {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.list)
}

// Expired are the ended files of days that are at least so many days before
// today.
func (t *Tree) Expired(days int) []File {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.now().UTC().Truncate(aDay).AddDate(0, 0, -days)
	return slices.DeleteFunc(slices.Clone(t.ended()), func(f File) bool {
		hour, err := time.Parse(hourForm, fileName.FindStringSubmatch(f.Name)[1])
		return err != nil || !hour.Before(before)
	})
}

// Remove removes a file that has ended, and folders that are empty then.
func (t *Tree) Remove(f File) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := slices.IndexFunc(t.ended(), func(have File) bool { return have.Name == f.Name })
	if at < 0 {
		return nil
	}
	if err := os.Remove(t.list[at].file()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	t.list = slices.Delete(t.list, at, at+1)
	for dir := filepath.Dir(f.path); filepath.Base(dir) != ClicksDir; dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil {
			break // it has other files
		}
	}
	return nil
}

// ExpireRejected removes what was rejected so many days before today, and
// returns the names.
func (t *Tree) ExpireRejected(days int) (removed []string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.now().UTC().Truncate(aDay).AddDate(0, 0, -days)
	list, err := os.ReadDir(filepath.Join(t.Dir, RejectedDir))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for _, e := range list {
		day, err := time.Parse(rejectDay+ending, e.Name())
		if err != nil || !day.Before(before) {
			continue
		}
		name := filepath.Join(t.Dir, RejectedDir, e.Name())
		if err := os.Remove(name); err != nil {
			return removed, err
		}
		removed = append(removed, name)
	}
	return removed, nil
}

// file is the name of the file as it lies there.
func (f File) file() string {
	if f.gz {
		return f.path + gzEnding
	}
	return f.path + ending
}

// Path is where the file lies, for messages.
func (f File) Path() string { return f.file() }

// nameOf is the name of a file without its ending, and whether it is compressed.
func nameOf(base string) (name string, gz, ok bool) {
	name, gz = strings.CutSuffix(base, gzEnding)
	if !gz {
		name, ok = strings.CutSuffix(base, ending)
	}
	return name, gz, (ok || gz) && fileName.MatchString(name)
}

func byName(a, b File) int { return cmp.Compare(a.Name, b.Name) }
