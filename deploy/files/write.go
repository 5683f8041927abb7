package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Put writes to standard output for "-", and else as [Replace] does.
func Put(name string, data []byte, mode fs.FileMode, stdout io.Writer) error {
	if name == Std {
		_, err := stdout.Write(data)
		return err
	}
	return Replace(name, data, mode)
}

// Replace writes a file whole or not at all: it writes a temporary file beside
// it and renames that. A reader sees the old file or the new one. A link stays
// a link, and its target is replaced. A pipe or device is written to, not
// replaced: /dev/null stays a device.
//
// The mode is that of a new file. An existing file keeps its own mode, unless
// mode is 0600, as for secrets and addresses. One that nobody may write to is
// left as it is, although a rename could replace it.
func Replace(name string, data []byte, mode fs.FileMode) error {
	target := name
	if is, err := filepath.EvalSymlinks(name); err == nil {
		target = is
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return fmt.Errorf("cannot make the folder of %q: %w", name, reason(err))
	}
	if err := replace(target, data, mode); err != nil {
		return fmt.Errorf("cannot write %q: %w", name, reason(err))
	}
	return nil
}

// reason is an error without the name of the temporary file, which means
// nothing to the operator.
func reason(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

func replace(name string, data []byte, mode fs.FileMode) error {
	info, err := os.Stat(name)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case err == nil && info.IsDir():
		return errors.New("it is a folder")
	case err == nil && !info.Mode().IsRegular():
		return writeInPlace(name, data)
	case err == nil && info.Mode().Perm()&0o222 == 0:
		return errors.New("it is read-only")
	case err == nil && mode != 0o600:
		mode = info.Mode().Perm()
	}
	return writeAndRename(name, data, mode)
}

// writeInPlace writes to a pipe or device.
func writeInPlace(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

func writeAndRename(name string, data []byte, mode fs.FileMode) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer Temporary(tmp.Name())()
	if err := fill(tmp, data, mode); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}

// Create writes a file that must not exist yet, readable by its owner only.
func Create(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%q exists already and is left as it is", name)
	}
	if err != nil {
		return fmt.Errorf("cannot write %q: %w", name, reason(err))
	}
	if err := fill(f, data, 0o600); err != nil {
		os.Remove(name)
		return fmt.Errorf("cannot write %q: %w", name, reason(err))
	}
	return nil
}

// fill writes, syncs and closes. The mode is set on the open file, so that the
// umask does not matter.
func fill(f *os.File, data []byte, mode fs.FileMode) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

var temporary = struct {
	sync.Mutex
	names map[string]bool
}{names: map[string]bool{}}

// Temporary registers a file or folder that must not outlive the process, and
// returns the function that removes it.
func Temporary(name string) (remove func()) {
	temporary.Lock()
	defer temporary.Unlock()
	temporary.names[name] = true
	return func() {
		temporary.Lock()
		defer temporary.Unlock()
		if temporary.names[name] {
			os.RemoveAll(name)
			delete(temporary.names, name)
		}
	}
}

// RemoveTemporary removes all that is registered, for a process that exits
// without returning from its functions.
func RemoveTemporary() {
	temporary.Lock()
	defer temporary.Unlock()
	for name := range temporary.names {
		os.RemoveAll(name)
		delete(temporary.names, name)
	}
}

// TempDir makes a folder below the system's for temporary files, and returns
// the function that removes it.
func TempDir(ctx context.Context, pattern string) (dir string, remove func(), err error) {
	if err := context.Cause(ctx); err != nil {
		return "", nil, err
	}
	if dir, err = os.MkdirTemp("", pattern); err != nil {
		return "", nil, err
	}
	return dir, Temporary(dir), nil
}
