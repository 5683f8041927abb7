package files

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// New is a file that [Together] writes.
type New struct {
	Name string
	Data []byte
	Mode fs.FileMode
	// Before is what the file has now and is replaced, nil for a file that must
	// not exist yet.
	Before []byte
}

// Together writes files so that all of them are there afterwards, or none: each
// is written whole under another name first, and they get their names in the
// order of the list. If one of them cannot, those before it are removed again,
// also where the process is interrupted. A file that is replaced stands last.
//
// What is there already is never written over, but for a file with Before, and
// only if it still has that.
func Together(list []New) (err error) {
	var made []func()
	defer func() {
		for _, remove := range made {
			if err != nil {
				remove()
			}
		}
	}()
	ready := make([]string, len(list))
	for i, f := range list {
		if err := os.MkdirAll(filepath.Dir(f.Name), 0o755); err != nil {
			return fmt.Errorf("cannot make the folder of %q: %w", f.Name, reason(err))
		}
		if f.Before != nil {
			continue
		}
		name, err := writeBeside(f)
		if err != nil {
			return fmt.Errorf("cannot write %q: %w", f.Name, reason(err))
		}
		defer Temporary(name)()
		ready[i] = name
	}
	for i, f := range list {
		if f.Before != nil {
			if err := exchange(f); err != nil {
				return err
			}
			continue
		}
		if err := name(ready[i], f.Name); err != nil {
			return err
		}
		made = append(made, Temporary(f.Name))
	}
	keep(list)
	return nil
}

// keep lets files outlive the process.
func keep(list []New) {
	temporary.Lock()
	defer temporary.Unlock()
	for _, f := range list {
		delete(temporary.names, f.Name)
	}
}

// writeBeside writes a file under a name that nobody looks for.
func writeBeside(f New) (string, error) {
	tmp, err := os.CreateTemp(filepath.Dir(f.Name), "."+filepath.Base(f.Name)+".*")
	if err != nil {
		return "", err
	}
	if err := fill(tmp, f.Data, f.Mode); err != nil {
		os.Remove(tmp.Name())
		return "", err
	}
	return tmp.Name(), nil
}

// name gives a file its name, unless another has it.
func name(ready, name string) error {
	err := os.Link(ready, name)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%q exists already and is left as it is", name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a file system without hard links
		if _, there := os.Lstat(name); errors.Is(there, fs.ErrNotExist) {
			err = os.Rename(ready, name)
		}
	}
	if err != nil {
		return fmt.Errorf("cannot write %q: %w", name, reason(err))
	}
	return nil
}

// exchange replaces a file that has not been changed in the meantime.
func exchange(f New) error {
	now, err := os.ReadFile(f.Name)
	if err != nil {
		return fmt.Errorf("cannot read %q: %w", f.Name, reason(err))
	}
	if !bytes.Equal(now, f.Before) {
		return fmt.Errorf("%q was changed in the meantime; nothing was written", f.Name)
	}
	return Replace(f.Name, f.Data, f.Mode)
}
