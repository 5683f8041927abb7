package abi

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// collector keeps a body that is written once, by one guest, and read by any
// number at the same time.
type collector struct {
	mu       sync.Mutex
	data     []byte
	trailers wire.Header
	err      error // io.EOF: complete; nil: still being written
	changed  chan struct{}
}

// errCacheFull ends a body that the cache has no room for.
var errCacheFull = errors.New("cache is full")

// errWrongLength ends a body whose length differs from the one announced.
var errWrongLength = errors.New("body has not the length that it was inserted with")

func newCollector() *collector { return &collector{changed: make(chan struct{})} }

// collect reads body to its end. want is its length, or -1; room is asked
// before bytes are kept.
func (c *collector) collect(ctx context.Context, body *Body, want int64, room func(int) bool) {
	defer body.Close()
	for {
		piece, err := body.Next(ctx)
		switch {
		case err == nil && !room(len(piece)):
			err = errCacheFull
		case want >= 0 && int64(len(c.data)+len(piece)) > want, err == io.EOF && want >= 0 && int64(len(c.data)) != want:
			err = errWrongLength
		}
		c.add(piece, body, err)
		if err != nil {
			return
		}
	}
}

func (c *collector) add(piece []byte, body *Body, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.data = append(c.data, piece...); err != nil {
		c.err, c.trailers = err, body.Trailers().Clone()
	}
	close(c.changed)
	c.changed = make(chan struct{})
}

// state returns what is there from offset at on, a channel that is closed when
// there is more, and how the body has ended.
func (c *collector) state(at int64) (data []byte, changed <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at < int64(len(c.data)) {
		data = c.data[at:len(c.data):len(c.data)]
	}
	return data, c.changed, c.err
}

// length is the number of bytes of a body that is complete, else -1.
func (c *collector) length() int64 {
	data, _, err := c.state(0)
	if err != io.EOF {
		return -1
	}
	return int64(len(data))
}

// await waits until there are n bytes, or for the end when n is negative. It
// fails when they never come.
func (c *collector) await(ctx context.Context, n int64) error {
	for {
		data, changed, err := c.state(0)
		switch {
		case n >= 0 && int64(len(data)) >= n, n < 0 && err == io.EOF:
			return nil
		case err != nil:
			return errUnfinished
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// read makes a body of the bytes from start to end; end is exclusive, and
// negative for all that there will be.
func (c *collector) read(start, end int64) *Body {
	return &Body{chunks: []chunk{{src: &collected{c: c, at: start, end: end}}}}
}

// collected is a source that reads a collector.
type collected struct {
	c       *collector
	at, end int64
}

func (r *collected) next(ctx context.Context) ([]byte, error) {
	for {
		data, changed, err := r.c.state(r.at)
		if r.end >= 0 && r.at+int64(len(data)) > r.end {
			data = data[:max(r.end-r.at, 0)]
		}
		switch {
		case len(data) > 0:
			r.at += int64(len(data))
			return data, nil
		case err == io.EOF:
			return nil, r.ended()
		case err != nil:
			return nil, errUnfinished
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// ended: a body that was shorter than the range asked for is cut off, not
// complete.
func (r *collected) ended() error {
	if r.end >= 0 && r.at < r.end {
		return errUnfinished
	}
	return io.EOF
}

func (r *collected) ready() <-chan struct{} {
	data, changed, err := r.c.state(r.at)
	if len(data) > 0 || err != nil {
		return closed
	}
	return changed
}

func (r *collected) trailer() wire.Header {
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	return r.c.trailers.Clone()
}

func (r *collected) length() int64 { return -1 }
func (r *collected) close()        {}
