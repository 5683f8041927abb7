package tree

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/folder"
	"github.com/clickedge/clickedge/deploy/output"
)

// recover finds the files that there are, and repairs the one that took lines.
func (t *Tree) recover() error {
	if err := t.find(); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(t.Dir, openName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	name := strings.TrimSpace(string(text))
	at := slices.IndexFunc(t.list, func(f File) bool { return f.Name == name })
	if at >= 0 && !t.list[at].gz {
		if err := t.repair(&t.list[at]); err != nil {
			return err
		}
		if t.list[at].Size == 0 {
			if err := os.Remove(t.list[at].file()); err != nil {
				return err
			}
			t.list = slices.Delete(t.list, at, at+1)
		}
	}
	return os.Remove(filepath.Join(t.Dir, openName))
}

// find lists the files of the log, oldest first.
func (t *Tree) find() error {
	root := filepath.Join(t.Dir, ClicksDir)
	others := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, gz, ok := nameOf(d.Name())
		if !ok || !d.Type().IsRegular() {
			others++
			return nil
		}
		return t.found(File{Name: name, path: filepath.Join(filepath.Dir(path), name), gz: gz})
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	slices.SortFunc(t.list, byName)
	if others > 0 {
		t.Warn(fmt.Sprintf("warning: %s in %q that this program did not write; they stay as they are, and go into no database", output.Count(others, "file"), root))
	}
	return nil
}

// found takes one file. One that is there twice was compressed when the process
// ended, and is whole in its compressed form.
func (t *Tree) found(f File) (err error) {
	if at := slices.IndexFunc(t.list, func(have File) bool { return have.Name == f.Name }); at >= 0 {
		t.list = slices.Delete(t.list, at, at+1) // its uncompressed form comes first
		if err := os.Remove(f.path + ending); err != nil {
			return err
		}
		f.gz = true
	}
	if f.Size, err = f.size(); err == nil {
		t.last = max(t.last, f.millis())
		t.list = append(t.list, f)
	}
	return err
}

// millis is the time in the name.
func (f File) millis() (ms int64) {
	_, _ = fmt.Sscanf(f.Name[len(hourForm)+1:], "%012x", &ms)
	return ms
}

// repair leaves whole lines in the file that took lines when a process was
// killed or the machine lost power. What is before the first that is not whole
// stays where it is.
func (t *Tree) repair(f *File) error {
	file, err := os.OpenFile(f.file(), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	at, err := firstBroken(file)
	if err != nil || at == f.Size {
		return err
	}
	rest := make([]byte, f.Size-at)
	if _, err := file.ReadAt(rest, at); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	whole, broken := sift(rest)
	if err := t.reject(broken); err != nil {
		return err
	}
	if err := file.Truncate(at); err != nil {
		return err
	}
	if _, err := file.WriteAt(whole, at); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	f.Size = at + int64(len(whole))
	t.Warn(fmt.Sprintf("warning: %s at the end of %s were no whole line, as after a crash; they are in %s now. Their sender got no answer, and sends them again",
		files.Size(int64(len(broken))), f.file(), t.RejectedFile()))
	return folder.Sync(filepath.Dir(f.path))
}

// firstBroken is where the first line is that is not whole; the size of the text
// where all are.
func firstBroken(text io.Reader) (at int64, err error) {
	r := bufio.NewReader(text)
	for {
		line, err := r.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			return at, nil
		}
		if err != nil && err != io.EOF {
			return at, err
		}
		if !isWhole(line) {
			return at, nil
		}
		at += int64(len(line))
	}
}

func isWhole(line []byte) bool {
	return bytes.HasPrefix(line, []byte("{")) && bytes.HasSuffix(line, []byte("}\n")) && json.Valid(line)
}

// sift parts the lines of a text that are whole from all other bytes.
func sift(text []byte) (whole, rest []byte) {
	for line := range bytes.Lines(text) {
		if isWhole(line) {
			whole = append(whole, line...)
		} else {
			rest = append(rest, line...)
		}
	}
	if len(rest) > 0 && rest[len(rest)-1] != '\n' {
		rest = append(rest, '\n')
	}
	return whole, rest
}
