package files

import (
	"io/fs"
	"maps"
	"os"
	"time"
)

// Watcher detects that files have changed and are complete. It looks at them
// with stat, which works on every file system.
type Watcher struct {
	Names []string
	seen  map[string]state
	next  map[string]state // seen once, and different
}

// state identifies a state of a file; zero for none.
type state struct {
	size int64
	mod  time.Time
	mode fs.FileMode
}

func (w *Watcher) states() map[string]state {
	now := map[string]state{}
	for _, name := range w.Names {
		now[name] = state{}
		if info, err := os.Stat(name); err == nil {
			now[name] = state{info.Size(), info.ModTime(), info.Mode()}
		}
	}
	return now
}

// Mark takes the files as they are now for reported. It is called before they
// are read, so that later changes are found.
func (w *Watcher) Mark() { w.seen, w.next = w.states(), nil }

// Poll returns the files that have changed since they were last reported, once
// two polls agree: an editor may still be writing.
func (w *Watcher) Poll() (changed map[string]bool) {
	now := w.states()
	if maps.Equal(now, w.seen) {
		w.next = nil
		return nil
	}
	if !maps.Equal(now, w.next) {
		w.next = now
		return nil
	}
	changed = map[string]bool{}
	for name, s := range now {
		changed[name] = s != w.seen[name]
	}
	w.seen, w.next = now, nil
	return changed
}

// ReadOnce reports whether a name is standard input or a pipe, which can be read
// only once and does not change. A file that does not exist yet may be created.
func ReadOnce(name string) bool {
	if name == Std {
		return true
	}
	info, err := os.Stat(name)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}
