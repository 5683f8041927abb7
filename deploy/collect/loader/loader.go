// Package loader brings the files of a collected click log into a database, and
// goes on where it was after any end.
//
// Start with [New] and [Loader.Run]. How far a file is loaded stands in the
// database itself, in the table clickedge_collected, and is changed in the same
// transaction as the lines come in. So a crash at any point, or a database that
// is away for a day, neither loses a line nor loads one twice.
package loader

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/collect/tree"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/output"
)

// Part is lines of one file, as they follow one another.
type Part struct {
	File     string
	From, To int64 // where they are in it
	Lines    []byte
}

// Database is where lines go. Its errors have no secret.
type Database interface {
	// Name names it, for messages.
	Name() string
	// Prepare makes the tables where they do not exist.
	Prepare(ctx context.Context) error
	// Loaded returns how many bytes of each file are loaded.
	Loaded(ctx context.Context) (map[string]int64, error)
	// Load loads a part in one transaction, with how far its file is loaded
	// then. The error wraps [ErrRefused] if a line has what the database does
	// not take.
	Load(ctx context.Context, p Part) error
	// Close ends the connection.
	Close()
}

// ErrRefused is wrapped by the error for lines that a database does not take.
var ErrRefused = errors.New("the database refuses the lines")

// errMoved is the error for a file that is loaded further, or less, than this
// program knew.
var errMoved = errors.New("another program has loaded from the same file")

// Source has the files.
type Source interface {
	Files() []tree.File
	Read(f tree.File, from int64, most int) ([]byte, error)
	Append(lines, rejected []byte) error
	RejectedFile() string
}

const (
	// mostPart is the size of a part in bytes.
	mostPart = 4 << 20
	// The wait after a failure: from the first to the longest.
	firstWait   = time.Second
	longestWait = time.Minute
	// loadTime is how long a database may take for one part.
	loadTime = 2 * time.Minute
	// grace is how long it may go on when the program ends.
	grace = 5 * time.Second
)

// work is the context of one thing that is asked of a database, which is not
// broken off at once when ctx ends.
func work(ctx context.Context) (context.Context, context.CancelFunc) {
	c, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTime)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return c, func() { stop(); cancel() }
}

// Loader loads into one database.
type Loader struct {
	db    Database
	from  Source
	every time.Duration // at most so often
	warn  func(text string)
	wake  chan struct{}
	first time.Duration

	mu     sync.Mutex
	loaded map[string]int64 // nil while it is not known
	said   string
}

// New makes a loader that loads new lines so often at most.
func New(db Database, from Source, every time.Duration, warn func(text string)) *Loader {
	return &Loader{db: db, from: from, every: every, warn: warn, wake: make(chan struct{}, 1), first: firstWait}
}

// Wake says that there are new lines.
func (l *Loader) Wake() {
	select {
	case l.wake <- struct{}{}:
	default: // it is awake
	}
}

// Run loads until ctx ends.
func (l *Loader) Run(ctx context.Context) {
	wait := time.Duration(0)
	for failures := 0; ; {
		if err := l.Load(ctx); err != nil && ctx.Err() == nil {
			failures++
			wait = min(l.first<<min(failures-1, 10), longestWait)
			l.say(err)
		} else if err == nil {
			failures, wait = 0, l.every
			l.good()
		}
		if !l.pause(ctx, wait, failures > 0) {
			return
		}
	}
}

// pause waits, and after a success for new lines too.
func (l *Loader) pause(ctx context.Context, wait time.Duration, failed bool) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	}
	if failed {
		return true
	}
	select {
	case <-ctx.Done():
		return false
	case <-l.wake:
		return true
	}
}

// Load loads all that there is. When ctx ends, the part at hand is still loaded.
func (l *Loader) Load(ctx context.Context) error {
	if err := l.begin(ctx); err != nil {
		return err
	}
	for _, f := range l.from.Files() {
		for at := l.at(f); at < f.Size; at = l.at(f) {
			lines, err := l.from.Read(f, at, mostPart)
			if err != nil {
				return fmt.Errorf("%s cannot be read: %w", f.Path(), err)
			}
			if err := l.lines(ctx, f.Name, at, lines); err != nil {
				l.forget()
				return err
			}
		}
	}
	return nil
}

// begin finds out how far each file is loaded, if that is not known: at first,
// and after a failure, of which nobody knows how far it went.
func (l *Loader) begin(ctx context.Context) error {
	l.mu.Lock()
	known := l.loaded != nil
	l.mu.Unlock()
	if known {
		return nil
	}
	ctx, cancel := work(ctx)
	defer cancel()
	if err := l.db.Prepare(ctx); err != nil {
		return err
	}
	loaded, err := l.db.Loaded(ctx)
	if err != nil {
		return err
	}
	if loaded == nil {
		loaded = map[string]int64{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loaded = loaded
	return nil
}

func (l *Loader) at(f tree.File) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.loaded[f.Name]
}

func (l *Loader) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loaded = nil
}

// lines loads lines that begin there in a file. Those that do not fit into the
// tables are kept apart.
func (l *Loader) lines(ctx context.Context, file string, from int64, text []byte) error {
	for len(text) > 0 {
		at, end, why := firstUnfit(text)
		if at > 0 {
			if err := l.part(ctx, Part{file, from, from + int64(at), text[:at:at]}); err != nil {
				return err
			}
		}
		if why != nil {
			if err := l.keepApart(ctx, Part{file, from + int64(at), from + int64(end), text[at:end]}, why); err != nil {
				return err
			}
		}
		text, from = text[end:], from+int64(end)
	}
	return nil
}

// part loads a part. Of one that the database refuses, the halves are tried, and
// a single line that it refuses is kept apart.
func (l *Loader) part(ctx context.Context, p Part) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	limited, cancel := work(ctx)
	err := l.db.Load(limited, p)
	cancel()
	if errors.Is(err, ErrRefused) {
		first, second := p.halves()
		if len(second.Lines) == 0 {
			return l.keepApart(ctx, p, err)
		}
		if err := l.part(ctx, first); err != nil {
			return err
		}
		return l.part(ctx, second)
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.loaded != nil {
		l.loaded[p.File] = p.To
	}
	return nil
}

// keepApart keeps a line that the database refuses, and goes on behind it. The
// line stays in its file, too.
func (l *Loader) keepApart(ctx context.Context, p Part, why error) error {
	if len(p.Lines) == 0 {
		return fmt.Errorf("%s refuses what is not there: %w", l.db.Name(), why)
	}
	if err := l.from.Append(nil, append(bytes.TrimRight(p.Lines, "\n"), '\n')); err != nil {
		return err
	}
	l.warn(fmt.Sprintf("warning: %s does not take a line of %s, which is in %s as well: %v", l.db.Name(), p.File, l.from.RejectedFile(), why))
	p.Lines = nil
	return l.part(ctx, p)
}

// halves parts a part between two lines; the second is empty for a single line.
func (p Part) halves() (first, second Part) {
	at := len(p.Lines)
	if middle := bytes.IndexByte(p.Lines[at/2:max(at-1, at/2)], '\n'); middle >= 0 {
		at = at/2 + middle + 1
	} else if before := bytes.LastIndexByte(p.Lines[:at/2], '\n'); before >= 0 {
		at = before + 1
	}
	first, second = p, p
	first.Lines, second.Lines = p.Lines[:at:at], p.Lines[at:]
	first.To = p.From + int64(at)
	second.From = first.To
	return first, second
}

// Has reports whether all of a file is loaded.
func (l *Loader) Has(f tree.File) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.loaded != nil && l.loaded[f.Name] >= f.Size
}

// Waiting is how many bytes are not loaded, as far as it is known.
func (l *Loader) Waiting() (size int64) {
	for _, f := range l.from.Files() {
		size += max(0, f.Size-l.at(f))
	}
	return size
}

// End says what is not loaded, and ends the connection.
func (l *Loader) End() {
	if size := l.Waiting(); size > 0 {
		l.warn(fmt.Sprintf("%s of the log are not in %s yet; the next start loads them", files.Size(size), l.db.Name()))
	}
	l.db.Close()
}

// say says a failure when it is another one than before.
func (l *Loader) say(err error) {
	text := clean.Text(strings.Join(strings.Fields(err.Error()), " ")) // a server's words
	l.mu.Lock()
	same := l.said == text
	l.said = text
	l.mu.Unlock()
	if !same {
		l.warn(fmt.Sprintf("warning: %s takes no lines, which is tried again; they wait in the folder: %s", l.db.Name(), text))
	}
}

// good says that a failure is over.
func (l *Loader) good() {
	l.mu.Lock()
	was := l.said
	l.said = ""
	n := len(l.loaded)
	l.mu.Unlock()
	if was != "" {
		l.warn(fmt.Sprintf("%s takes lines again; it has %s", l.db.Name(), output.Count(n, "file")))
	}
}
