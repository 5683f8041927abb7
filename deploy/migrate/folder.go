package migrate

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Folder reads below one folder only: a configuration is untrusted text, which
// may have the line "include /etc/shadow".
type Folder struct {
	root *os.Root
	name string // absolute
}

var _ Files = (*Folder)(nil)

// OpenFolder opens a folder, nginx's own ("/etc/nginx") or that of the
// configuration. Links that lead out of it are not followed.
func OpenFolder(name string) (*Folder, error) {
	full, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(full)
	if err != nil {
		return nil, err
	}
	return &Folder{root, full}, nil
}

// Close closes the folder.
func (f *Folder) Close() error { return f.root.Close() }

// inside is the name relative to the folder.
func (f *Folder) inside(name string) (string, error) {
	// What is not below it stays absolute, which is no valid path.
	name = path.Clean(strings.TrimPrefix(name, filepath.ToSlash(f.name)+"/"))
	if !fs.ValidPath(name) {
		return "", fmt.Errorf("%w: --root names another", ErrOutside)
	}
	return name, nil
}

// Glob returns the files that a pattern names, without those that begin with a
// dot, as nginx does.
func (f *Folder) Glob(pattern string) ([]string, error) {
	below, err := f.inside(pattern)
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(f.root.FS(), below)
	names = slices.DeleteFunc(names, func(n string) bool {
		return strings.HasPrefix(path.Base(n), ".") && !strings.HasPrefix(path.Base(below), ".")
	})
	slices.Sort(names)
	return names, err
}

// ReadFile reads one ordinary file, up to a bound.
func (f *Folder) ReadFile(name string) ([]byte, error) {
	below, err := f.inside(name)
	if err != nil {
		return nil, err
	}
	file, err := f.root.Open(below)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is no ordinary file", clip(name))
	}
	text, err := io.ReadAll(io.LimitReader(file, maxInput+1))
	if err == nil && len(text) > maxInput {
		err = fmt.Errorf("%q has more than %d bytes", clip(name), maxInput)
	}
	return text, err
}
