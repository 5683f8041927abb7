package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// replaceFile writes a file whole or not at all: next to its place first, then
// over what is there. Whoever reads the name sees the old file or the new one.
func replaceFile(name string, data []byte, mode fs.FileMode) (err error) {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("cannot make the folder of %q: %w", name, err)
	}
	tmp, err := os.CreateTemp(dir, "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("cannot write %q: %w", name, err)
	}
	defer func() {
		if err != nil {
			tmp.Close()
			os.Remove(tmp.Name())
			err = fmt.Errorf("cannot write %q: %w", name, err)
		}
	}()
	if err := fill(tmp, data, mode); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}

// newFile writes a file that must not exist yet, readable by its owner only.
func newFile(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%q exists already and is left as it is", name)
	}
	if err != nil {
		return fmt.Errorf("cannot write %q: %w", name, err)
	}
	if err := fill(f, data, 0o600); err != nil {
		f.Close()
		os.Remove(name)
		return fmt.Errorf("cannot write %q: %w", name, err)
	}
	return nil
}

// fill writes, syncs and closes. The mode is set on the open file, so that the
// umask does not matter.
func fill(f *os.File, data []byte, mode fs.FileMode) error {
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}
