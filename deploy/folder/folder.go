// Package folder takes a folder for one process: the spool of "clickedge
// server" and the files of "clickedge collect" are in folders that nobody else
// may write to while they are in use.
//
// Start with [Take]. [Sync] brings the names in a folder to the disk.
package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/gofrs/flock"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/output"
)

// Use is what a folder is taken for, in the words of the messages.
type Use struct {
	Name string // "the spool"
	Hint string // what to do where the folder cannot be taken
	Mode fs.FileMode
}

// LockName is the file in a folder that is locked while the folder is taken.
const LockName = "lock"

// Take makes a folder where it does not exist, and locks it. A folder that
// everybody can write to is refused: who does could add lines to the click log.
func Take(dir string, u Use) (*flock.Flock, error) {
	if err := os.Mkdir(dir, u.Mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, failure.Usage(fmt.Errorf("%s's folder cannot be made: %w", u.Name, err), u.Hint)
	}
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return nil, failure.Usage(fmt.Errorf("%s's folder cannot be used: %w", u.Name, err), u.Hint)
	case !info.IsDir():
		return nil, failure.Usage(fmt.Errorf("%q is a file, and %s is a folder", dir, u.Name), u.Hint)
	case writableByOthers(info.Mode()):
		return nil, failure.Usage(fmt.Errorf("everybody can write to %s's folder %q (mode %04o): who does could add lines to the click log", u.Name, dir, info.Mode().Perm()),
			fmt.Sprintf("chmod %o %s", u.Mode, output.ShellWord(dir)))
	}
	if err := probe(dir); err != nil {
		return nil, failure.Usage(fmt.Errorf("%s cannot be written to: %w", u.Name, err), u.Hint)
	}
	lock := flock.New(filepath.Join(dir, LockName), flock.SetPermissions(0o600))
	switch ok, err := lock.TryLock(); {
	case err != nil:
		return nil, failure.Usage(fmt.Errorf("%s cannot be locked: %w", u.Name, err), u.Hint)
	case !ok:
		return nil, failure.Usage(fmt.Errorf("another process has %s %q", u.Name, dir), "one process, one folder: end the other one, or name another folder")
	}
	return lock, nil
}

// probe writes a file, and removes it.
func probe(dir string) error {
	f, err := os.CreateTemp(dir, ".try-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// writableByOthers reports whether everybody can write to a folder. Windows has
// no such bits.
func writableByOthers(mode fs.FileMode) bool { return runtime.GOOS != "windows" && mode&0o002 != 0 }

// Sync brings names to the disk, where folders can be synced.
func Sync(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}
