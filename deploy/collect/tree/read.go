package tree

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/folder"
)

// Read returns whole lines of a file from an offset on, about so many bytes. One
// line that is longer comes alone.
func (t *Tree) Read(f File, from int64, most int) ([]byte, error) {
	r, err := f.open()
	if errors.Is(err, fs.ErrNotExist) && !f.gz { // it was compressed meanwhile
		f.gz = true
		r, err = f.open()
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if f.gz {
		_, err = io.CopyN(io.Discard, r, from)
	} else {
		_, err = r.(io.Seeker).Seek(from, io.SeekStart)
	}
	if err != nil {
		return nil, err
	}
	return lines(r, f.Size-from, most)
}

// lines reads whole lines.
func lines(r io.Reader, left int64, most int) ([]byte, error) {
	r = io.LimitReader(r, left)
	text := make([]byte, min(left, int64(most)))
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, fmt.Errorf("the file is shorter than it was: %w", err)
	}
	if end := bytes.LastIndexByte(text, '\n'); end >= 0 {
		return text[:end+1], nil
	}
	return rest(r, text) // of a line whose end a disk has lost, all there is
}

// rest reads on to the end of a line.
func rest(r io.Reader, line []byte) ([]byte, error) {
	piece := make([]byte, 64<<10)
	for {
		n, err := r.Read(piece)
		if end := bytes.IndexByte(piece[:n], '\n'); end >= 0 {
			return append(line, piece[:end+1]...), nil
		}
		line = append(line, piece[:n]...)
		if err == io.EOF {
			return line, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// unpacking is a compressed file.
type unpacking struct {
	*gzip.Reader
	file *os.File
}

// Close closes the file.
func (u *unpacking) Close() error { return u.file.Close() }

func (f File) open() (io.ReadCloser, error) {
	file, err := os.Open(f.file())
	if err != nil || !f.gz {
		return file, err
	}
	gz, err := gzip.NewReader(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &unpacking{gz, file}, nil
}

// size is that of the lines. gzip has it in its last four bytes: our files have
// one part, and less than 4 GiB.
func (f File) size() (int64, error) {
	file, err := os.Open(f.file())
	if err != nil {
		return 0, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	if !f.gz {
		return info.Size(), nil
	}
	var last [4]byte
	if _, err := file.ReadAt(last[:], max(0, info.Size()-4)); err != nil {
		return 0, fmt.Errorf("%s is no whole gzip file: %w", f.file(), err)
	}
	return int64(binary.LittleEndian.Uint32(last[:])), nil
}

// compress packs a file that has ended. A reader sees it in one form, or for a
// moment in both; lines that come twice count once.
func (t *Tree) compress(f File) error {
	text, err := os.ReadFile(f.file())
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	gz := gzip.NewWriter(&packed)
	_, _ = gz.Write(text) // a buffer takes everything
	_ = gz.Close()
	if err := files.Replace(f.path+gzEnding, packed.Bytes(), fileMode); err != nil {
		return err
	}
	if err := folder.Sync(filepath.Dir(f.path)); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	at := slices.IndexFunc(t.list, func(have File) bool { return have.Name == f.Name })
	if at < 0 { // removed meanwhile
		return os.Remove(f.path + gzEnding)
	}
	t.list[at].gz = true
	return os.Remove(f.path + ending)
}
