package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// put writes a module whole or not at all: to a temporary file beside the
// target, which is then renamed. A link stays a link. A pipe or device is
// written to.
func put(name string, data []byte, stdout io.Writer) error {
	if name == "-" {
		if _, err := stdout.Write(data); err != nil {
			return &failure{err: fmt.Errorf("cannot write to standard output: %w", err), hint: "what came out is not the whole module"}
		}
		return nil
	}
	target := name
	if is, err := filepath.EvalSymlinks(name); err == nil {
		target = is
	}
	if err := replace(target, data); err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err // the temporary file's name says nothing
		}
		return &failure{err: fmt.Errorf("cannot write %q: %w", name, err), hint: "what was there, if anything, is as it was"}
	}
	return nil
}

func replace(name string, data []byte) error {
	mode := fs.FileMode(0o644)
	info, err := os.Stat(name)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case err == nil && info.IsDir():
		return errors.New("it is a folder")
	case err == nil && !info.Mode().IsRegular():
		return os.WriteFile(name, data, mode)
	case err == nil && info.Mode().Perm()&0o222 == 0:
		return fs.ErrPermission
	case err == nil:
		mode = info.Mode().Perm()
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails once it is renamed
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Chmod(mode)
	}
	if err == nil {
		err = tmp.Sync()
	}
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}
