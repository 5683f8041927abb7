package output

import (
	"io"
	"sync"
)

// Writer is standard output. It remembers that something could not be written,
// so that no command reports success over a full disk.
type Writer struct {
	w   io.Writer
	mu  sync.Mutex // serve's requests end at the same time
	err error
}

// NewWriter returns a writer around w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write implements io.Writer. After an error nothing more is written.
func (o *Writer) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(p)
	o.err = err
	return n, err
}

// Err is the first error of writing.
func (o *Writer) Err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// Unwrap is the writer behind it.
func (o *Writer) Unwrap() io.Writer { return o.w }
