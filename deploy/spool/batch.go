package spool

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/folder"
)

// Batch is a number of lines that are sent together.
type Batch struct {
	ID    string
	Size  int64
	Since time.Time // when it was begun

	refusals int       // by the receiver
	again    time.Time // not before
}

// The endings of the files, see the package's comment.
const (
	openEnding    = ".open"
	sealedEnding  = ".ndjson"
	damagedEnding = ".damaged"
)

// fileName is the name of a file of the spool: an id and an ending.
var fileName = regexp.MustCompile(`^([0-9a-f]{12}-[0-9a-f]{16})(\.open|\.ndjson|\.damaged)$`)

// newID makes the id of a batch:
//
//	019c8f0a7b31-5d2e8f00c1a29b34
//	│            └ random
//	└ milliseconds since 1970, later than those before: names sort by age
func (s *Spool) newID() string {
	s.last = max(s.now().UnixMilli()&(1<<48-1), s.last+1)
	var random [8]byte
	_, _ = rand.Read(random[:]) // it never fails
	return fmt.Sprintf("%012x-%s", s.last, hex.EncodeToString(random[:]))
}

// begunAt is the time in an id.
func begunAt(id string) time.Time {
	var ms int64
	_, _ = fmt.Sscanf(id, "%012x", &ms)
	return time.UnixMilli(ms)
}

func (s *Spool) path(id, ending string) string { return filepath.Join(s.dir, id+ending) }

// filling is a batch that takes lines, or is to be sealed.
type filling struct {
	Batch
	file   file
	synced int64 // so many bytes are on the disk
	torn   int64 // bytes of a part of a line behind the lines
}

// file is an [os.File].
type file interface {
	io.WriteCloser
	io.ReaderAt
	Truncate(size int64) error
	Sync() error
}

func create(name string) (file, error) {
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
}

// begin makes the file of a batch that takes lines.
func (s *Spool) begin() (*filling, error) {
	b := &filling{Batch: Batch{ID: s.newID(), Since: s.now()}}
	var err error
	b.file, err = s.create(s.path(b.ID, openEnding))
	if errors.Is(err, fs.ErrNotExist) {
		s.Warn("warning: the spool's folder is gone, and is made anew: " + s.dir)
		if err = os.MkdirAll(s.dir, 0o700); err == nil {
			b.file, err = s.create(s.path(b.ID, openEnding))
		}
	}
	return b, err
}

// write adds lines whole or not at all.
func (b *filling) write(lines []byte) error {
	n, err := b.file.Write(lines)
	if err == nil {
		b.Size += int64(n)
		return nil
	}
	if n > 0 && b.file.Truncate(b.Size) != nil {
		b.torn = int64(n)
	}
	return err
}

// sync brings what was written to the disk.
func (b *filling) sync(size int64) error {
	if b.synced >= size {
		return nil
	}
	if err := b.file.Sync(); err != nil {
		return err
	}
	b.synced = size
	return nil
}

// seal ends a batch, which waits for the receiver then. It may be called again
// after an error.
func (s *Spool) seal(b *filling) error {
	if b.Size == 0 { // its first line was torn
		return s.discard(b)
	}
	err := b.file.Sync()
	if err == nil {
		err = s.rename(b)
	}
	if err == nil {
		err = folder.Sync(s.dir)
	}
	if err == nil {
		_ = b.file.Close()
	}
	return err
}

// discard removes a batch that has no line.
func (s *Spool) discard(b *filling) error {
	_ = b.file.Close()
	if err := os.Remove(s.path(b.ID, openEnding)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (s *Spool) rename(b *filling) error {
	if b.torn > 0 {
		return s.rewrite(b)
	}
	err := os.Rename(s.path(b.ID, openEnding), s.path(b.ID, sealedEnding))
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := os.Stat(s.path(b.ID, sealedEnding)); err == nil {
		return nil // the attempt before this one has come so far
	}
	s.Warn("warning: somebody has removed a file of the spool, which is written again: " + s.path(b.ID, openEnding))
	return s.rewrite(b)
}

// rewrite writes the lines of a batch whose file is of no use.
func (s *Spool) rewrite(b *filling) error {
	text := make([]byte, b.Size)
	if _, err := b.file.ReadAt(text, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := files.Replace(s.path(b.ID, sealedEnding), text, 0o600); err != nil { // it makes the folder
		return err
	}
	if err := os.Remove(s.path(b.ID, openEnding)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// repair makes a batch of a file that was not sealed, as the process that wrote
// it was killed, or the machine has lost power. What is no whole line is put
// into a file of its own. It may be called again after a crash.
func (s *Spool) repair(id string) (b Batch, damaged int, err error) {
	name := s.path(id, openEnding)
	text, err := os.ReadFile(name)
	if err != nil {
		return b, 0, err
	}
	whole, rest := sift(text)
	if len(rest) > 0 {
		if err := files.Replace(s.path(id, damagedEnding), rest, 0o600); err != nil {
			return b, 0, err
		}
	}
	if len(whole) > 0 {
		if err := files.Replace(s.path(id, sealedEnding), whole, 0o600); err != nil {
			return b, 0, err
		}
	}
	if err := folder.Sync(s.dir); err != nil {
		return b, 0, err
	}
	return Batch{ID: id, Size: int64(len(whole)), Since: begunAt(id)}, len(rest), os.Remove(name)
}

// sift parts the lines of a text that are whole, a JSON object each, from all
// other bytes.
func sift(text []byte) (whole, rest []byte) {
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(line, []byte("{")) && bytes.HasSuffix(line, []byte("}\n")) && json.Valid(line) {
			whole = append(whole, line...)
		} else {
			rest = append(rest, line...)
		}
	}
	return whole, rest
}
