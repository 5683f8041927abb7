package files

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Std is the name of standard input and output.
const Std = "-"

// Error says what is wrong with a file that exists.
type Error struct {
	Name    string // quoted, or "standard input"
	Problem string // "is a folder, not a file"
	Hint    string // what to do; "" where the problem says it
}

func (e *Error) Error() string { return e.Name + " " + e.Problem }

// Label is the name of a file for a message.
func Label(name string) string {
	if name == Std {
		return "standard input"
	}
	return fmt.Sprintf("%q", name)
}

// Read returns the whole of a file, or of standard input for "-". More than
// most bytes are refused: a file before it is read, a stream (a pipe or device)
// as soon as it is longer.
func Read(ctx context.Context, name string, stdin io.Reader, most int64) ([]byte, error) {
	r, size, err := open(ctx, name, stdin)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if size > most {
		return nil, &Error{Name: Label(name), Problem: fmt.Sprintf("is %s long; at most %s are read", Size(size), Size(most))}
	}
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", Label(name), err)
	case int64(len(text)) > most:
		return nil, &Error{Name: Label(name), Problem: fmt.Sprintf("goes on after %s, which is all that is read", Size(most))}
	}
	return text, nil
}

// open opens a file or standard input. The size is that of a regular file, else
// 0.
func open(ctx context.Context, name string, stdin io.Reader) (io.ReadCloser, int64, error) {
	if name == Std {
		return io.NopCloser(Interruptible(ctx, stdin)), 0, nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, 0, &fs.PathError{Op: "open", Path: name, Err: reason(err)}
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		return nil, 0, &Error{Name: Label(name), Problem: "is a folder, not a file"}
	case mode&fs.ModeSocket != 0:
		return nil, 0, &Error{Name: Label(name), Problem: "is a socket, not a file"}
	case !mode.IsRegular():
		f, err := openStream(ctx, name)
		return f, 0, err
	}
	f, err := os.Open(name)
	return f, info.Size(), err
}

// stream is a pipe or device whose reads end with the context.
type stream struct {
	io.Reader
	f *os.File
}

// Close closes the file. If a read blocks in it, it stays open until the
// process ends.
func (s stream) Close() error {
	go s.f.Close()
	return nil
}

// openStream opens a pipe, which blocks until somebody writes to it.
func openStream(ctx context.Context, name string) (io.ReadCloser, error) {
	f, err := await(ctx, func() (*os.File, error) { return os.Open(name) })
	if err != nil {
		return nil, err
	}
	return stream{Interruptible(ctx, f), f}, nil
}

// await returns what do returns, or why ctx has ended, if that comes first.
// Then do continues, and its result is lost.
func await[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := do()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return *new(T), context.Cause(ctx)
	}
}

// Interruptible returns a reader of r whose reads end with ctx. A read of r
// that is under way then continues, and its data is lost, so r must not be used
// afterwards.
func Interruptible(ctx context.Context, r io.Reader) io.Reader {
	return &interruptible{ctx: ctx, r: r, room: make([]byte, 64<<10)}
}

type interruptible struct {
	ctx  context.Context
	r    io.Reader
	buf  []byte // what was read from r but not yet returned
	room []byte
	err  error
}

// Read implements io.Reader.
func (i *interruptible) Read(p []byte) (int, error) {
	if err := context.Cause(i.ctx); err != nil {
		return 0, err
	}
	if len(i.buf) == 0 && i.err == nil && len(p) > 0 {
		n, err := await(i.ctx, func() (int, error) { return i.r.Read(i.room) })
		i.buf, i.err = i.room[:n], err
	}
	n := copy(p, i.buf)
	i.buf = i.buf[n:]
	if n == 0 && len(p) > 0 {
		return 0, i.err
	}
	return n, nil
}

// Size writes a number of bytes for people.
func Size(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= unit.size {
			return fmt.Sprintf("%.4g %s", float64(n)/float64(unit.size), unit.name)
		}
	}
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}
