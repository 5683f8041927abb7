package spool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/folder"
	"github.com/clickedge/clickedge/deploy/output"
)

const (
	// BatchSize is the size at which a batch is sent, in bytes. nginx takes
	// bodies of 1 MiB unless it is told otherwise.
	BatchSize = 512 << 10
	// LeastRoom is the least bound of a spool, in bytes.
	LeastRoom = 2 * BatchSize
	// BatchAge is that of a batch that is sent, as at Fastly's HTTPS endpoint.
	BatchAge = 5 * time.Second
	// syncEvery is how often lines are brought to the disk.
	syncEvery = time.Second
	// mostFile is the most bytes of a file that is read; ours are smaller.
	mostFile = 16 << 20
)

// Options say where a spool is and how large it may become.
type Options struct {
	Dir  string
	Most int64 // bytes
	// Age is how long a batch takes lines while the receiver keeps up; 0 is
	// [BatchAge].
	Age time.Duration
	// Warn is told what an operator should know.
	Warn func(text string)

	batch  int64         // 0 is BatchSize
	every  time.Duration // 0 is syncEvery
	create func(name string) (file, error)
}

// Spool takes lines and keeps them in batches. It is safe for concurrent use.
type Spool struct {
	Options
	dir  string
	lock *flock.Flock
	now  func() time.Time

	mu     sync.Mutex
	open   *filling   // nil for none
	full   []*filling // to be sealed, oldest first
	sealed []Batch    // wait for the receiver, oldest first
	bytes  int64      // of all files
	closed bool
	last   int64 // milliseconds in the id made last

	said string // what goes wrong with the disk, as it was said last; of keep

	work  chan struct{} // something is full
	ready chan struct{} // something was sealed
	stop  chan struct{}
	kept  sync.WaitGroup
}

var (
	errFull   = errors.New("the spool is full")
	errClosed = errors.New("the spool is closed")
)

// Open takes a folder for a spool, and repairs what a crash has left in it. The
// folder is made where it does not exist.
func Open(o Options) (*Spool, error) {
	o.batch, o.Age, o.every = cmp.Or(o.batch, BatchSize), cmp.Or(o.Age, BatchAge), cmp.Or(o.every, syncEvery)
	if o.Most < 2*o.batch {
		return nil, failure.Usage(fmt.Errorf("a spool of %s is too small", files.Size(o.Most)), "it takes "+files.Size(2*o.batch)+" or more")
	}
	if o.create == nil {
		o.create = create
	}
	s := &Spool{Options: o, dir: o.Dir, now: time.Now, work: make(chan struct{}, 1), ready: make(chan struct{}, 1), stop: make(chan struct{})}
	if err := s.take(); err != nil {
		return nil, err
	}
	if err := s.recover(); err != nil {
		return nil, errors.Join(err, s.lock.Close())
	}
	s.kept.Go(s.keep)
	return s, nil
}

const folderHint = "name a folder that belongs to the server's user alone; its parent must exist"

// take makes the folder and locks it.
func (s *Spool) take() (err error) {
	s.lock, err = folder.Take(s.dir, folder.Use{Name: "the spool", Hint: folderHint, Mode: 0o700})
	return err
}

// recover finds what earlier processes have left.
func (s *Spool) recover() error {
	list, err := os.ReadDir(s.dir)
	if err != nil {
		return failure.Usage(fmt.Errorf("the spool cannot be read: %w", err), folderHint)
	}
	others := 0
	for _, e := range list {
		m := fileName.FindStringSubmatch(e.Name())
		if m == nil || !e.Type().IsRegular() {
			if e.Name() != folder.LockName {
				others++
			}
			continue
		}
		if err := s.found(m[1], m[2], e); err != nil {
			return failure.Usage(fmt.Errorf("the spool cannot be repaired: %w", err), "its lines are in "+output.ShellWord(s.dir)+"; see to what is wrong, and start again: nothing was removed")
		}
	}
	if err := s.measure(); err != nil {
		return failure.Usage(fmt.Errorf("the spool cannot be read: %w", err), folderHint)
	}
	slices.SortStableFunc(s.sealed, func(a, b Batch) int { return cmp.Compare(a.ID, b.ID) })
	if others > 0 {
		s.Warn(fmt.Sprintf("warning: %s in the spool %q that it did not write; they stay as they are", output.Count(others, "file"), s.dir))
	}
	if n, size := s.Waiting(); n > 0 {
		s.Warn(fmt.Sprintf("the spool has %s from before, %s", batches(n), files.Size(size)))
	}
	return nil
}

// found takes one file of an earlier process.
func (s *Spool) found(id, ending string, e os.DirEntry) error {
	info, err := e.Info()
	if err != nil {
		return err
	}
	b := Batch{ID: id, Size: info.Size(), Since: begunAt(id)}
	s.last = max(s.last, b.Since.UnixMilli()) // or the next one comes before it, where the clock was set back
	switch ending {
	case damagedEnding:
		return nil
	case openEnding:
		damaged := 0
		if b, damaged, err = s.repair(id); err != nil {
			return err
		}
		if damaged > 0 {
			s.Warn(fmt.Sprintf("warning: %s of the spool were no whole line, as after a crash; they are in %s", files.Size(int64(damaged)), s.path(id, damagedEnding)))
		}
	}
	// A crash while it was repaired leaves it under both names.
	if b.Size > 0 && !slices.ContainsFunc(s.sealed, func(have Batch) bool { return have.ID == id }) {
		s.sealed = append(s.sealed, b)
	}
	return nil
}

// measure adds up the files there are.
func (s *Spool) measure() error {
	list, err := os.ReadDir(s.dir)
	for _, e := range list {
		if info, e2 := e.Info(); e2 == nil && fileName.MatchString(e.Name()) {
			s.bytes += info.Size()
		} else if e2 != nil {
			err = cmp.Or(err, e2)
		}
	}
	return err
}

// Write implements io.Writer for whole lines, of which it takes all or none. It
// waits for no receiver.
func (s *Spool) Write(lines []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return 0, errClosed
	case s.bytes+int64(len(lines)) > s.Most:
		return 0, fmt.Errorf("%w: it has %s", errFull, files.Size(s.bytes))
	case s.open == nil:
		b, err := s.begin()
		if err != nil {
			return 0, err
		}
		s.open = b
	}
	if err := s.open.write(lines); err != nil {
		if s.open.torn > 0 { // no further line goes there
			s.bytes += s.open.torn
			s.turn()
		}
		return 0, err
	}
	s.bytes += int64(len(lines))
	if s.open.Size >= s.batch {
		s.turn()
	}
	return len(lines), nil
}

// turn ends the batch that takes lines. It is sealed by another goroutine, as
// that waits for the disk.
func (s *Spool) turn() {
	s.full = append(s.full, s.open)
	s.open = nil
	wake(s.work)
}

func batches(n int) string {
	if n == 1 {
		return "1 batch"
	}
	return strconv.Itoa(n) + " batches"
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it is awake
	}
}

// keep brings lines to the disk and seals batches.
func (s *Spool) keep() {
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			s.ripen()
		case <-s.work:
		}
		err := s.sync()
		if sealed := s.sealFull(); err == nil {
			err = sealed // of two, one says it: a disk that fails both says so twice
		}
		s.report(err)
	}
}

// ripen ends a batch that is old enough, if the receiver waits for one. While it
// does not keep up, batches become as large as they may, and so are few.
func (s *Spool) ripen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil && s.open.Size > 0 && len(s.full) == 0 && len(s.sealed) == 0 && s.now().Sub(s.open.Since) >= s.Age {
		s.turn()
	}
}

// sync brings the lines of the batch that takes them to the disk.
func (s *Spool) sync() error {
	s.mu.Lock()
	b := s.open
	size := int64(0)
	if b != nil {
		size = b.Size
	}
	s.mu.Unlock()
	if b == nil || b.synced >= size {
		return nil
	}
	isNew := b.synced == 0
	err := b.sync(size)
	if err == nil && isNew {
		err = folder.Sync(s.dir)
	}
	return err
}

// report says what goes wrong with the disk, when it begins and when it has
// ended.
func (s *Spool) report(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	before := s.said
	s.said = text
	switch {
	case text == before:
	case text == "":
		s.Warn("the spool's lines are brought to the disk again")
	default:
		s.Warn("warning: the spool's lines cannot be brought to the disk, which is tried again each second: " + text)
	}
}

// sealFull seals the batches that are full.
func (s *Spool) sealFull() error {
	for {
		s.mu.Lock()
		if len(s.full) == 0 {
			s.mu.Unlock()
			return nil
		}
		b := s.full[0]
		s.mu.Unlock()
		if err := s.seal(b); err != nil {
			return err // and again with the next tick
		}
		s.mu.Lock()
		s.full = s.full[1:]
		s.bytes -= b.torn
		if b.Size > 0 {
			s.sealed = append(s.sealed, b.Batch)
		}
		s.mu.Unlock()
		wake(s.ready)
	}
}

// Waiting is how many batches wait for the receiver, the one that takes lines
// included, and how many bytes all files have.
func (s *Spool) Waiting() (batches int, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	batches = len(s.sealed) + len(s.full)
	if s.open != nil && s.open.Size > 0 {
		batches++
	}
	return batches, s.bytes
}

// Oldest is how old the oldest line is that waits; 0 where none does.
func (s *Spool) Oldest() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var since time.Time
	switch {
	case len(s.sealed) > 0:
		since = slices.MinFunc(s.sealed, func(a, b Batch) int { return a.Since.Compare(b.Since) }).Since
	case len(s.full) > 0:
		since = s.full[0].Since
	case s.open != nil && s.open.Size > 0:
		since = s.open.Since
	default:
		return 0
	}
	return max(0, s.now().Sub(since))
}

// next returns the batch that is sent next; ok is false while none may be, and
// wait is for how long then, 0 for until something is sealed.
func (s *Spool) next() (b Batch, wait time.Duration, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for _, b := range s.sealed {
		left := b.again.Sub(now)
		if left <= 0 {
			return b, 0, true
		}
		if wait == 0 || left < wait {
			wait = left
		}
	}
	return Batch{}, wait, false
}

// read returns the lines of a batch. What is no whole line any more, as after a
// disk has lost a part of the file, is put aside first: the receiver gets none
// in halves.
func (s *Spool) read(b Batch) ([]byte, error) {
	text, err := files.Read(context.Background(), s.path(b.ID, sealedEnding), nil, mostFile)
	if err == nil && len(text) == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		return nil, err
	}
	whole, rest := sift(text)
	if len(rest) == 0 {
		return whole, nil
	}
	return whole, s.putAside(b, whole, rest)
}

// errNoLine says that nothing of a batch is whole.
var errNoLine = errors.New("it has no whole line")

// putAside moves what is no whole line out of a batch.
func (s *Spool) putAside(b Batch, whole, rest []byte) error {
	name := s.path(b.ID, damagedEnding)
	before, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := files.Replace(name, append(before, rest...), 0o600); err != nil {
		return err
	}
	if err := files.Replace(s.path(b.ID, sealedEnding), whole, 0o600); err != nil {
		return err
	}
	s.mu.Lock()
	if at := s.indexOf(b); at >= 0 {
		s.sealed[at].Size = int64(len(whole)) // the rest still has its bytes
	}
	s.mu.Unlock()
	s.Warn(fmt.Sprintf("warning: %s of a batch of the spool were no whole line any more; they are in %s", files.Size(int64(len(rest))), name))
	if len(whole) == 0 {
		return errNoLine
	}
	return nil
}

// indexOf is where a batch waits; -1 where it does not.
func (s *Spool) indexOf(b Batch) int {
	return slices.IndexFunc(s.sealed, func(have Batch) bool { return have.ID == b.ID })
}

// drop removes a batch that was delivered, or that is no longer there.
func (s *Spool) drop(b Batch) error {
	err := os.Remove(s.path(b.ID, sealedEnding))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := s.indexOf(b); at >= 0 {
		if err == nil {
			s.bytes -= s.sealed[at].Size
		}
		s.sealed = slices.Delete(s.sealed, at, at+1)
	}
	return err
}

// postpone lets others go first.
func (s *Spool) postpone(b Batch, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := s.indexOf(b); at >= 0 {
		s.sealed[at].refusals++
		s.sealed[at].again = s.now().Add(wait)
	}
}

// hurry lets every batch be sent at once.
func (s *Spool) hurry() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.sealed {
		s.sealed[i].again = time.Time{}
	}
}

// end takes no more lines, and seals what there is.
func (s *Spool) end() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	if b := s.open; b != nil && b.Size > 0 {
		s.turn()
	} else if b != nil {
		s.open = nil
		_ = s.discard(b)
	}
	s.mu.Unlock()
	close(s.stop)
	s.kept.Wait()
	s.report(s.sealFull())
}

// Close ends the spool. What waits for the receiver stays in the folder.
func (s *Spool) Close() error {
	s.end()
	s.mu.Lock()
	for _, b := range s.full { // they could not be sealed, and are repaired at the next start
		_ = b.file.Close()
	}
	s.full = nil
	s.mu.Unlock()
	return s.lock.Close()
}
