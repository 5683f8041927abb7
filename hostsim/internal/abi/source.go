package abi

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/clickedge/clickedge/hostsim/internal/origin"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// source is a part of a body that is still to come.
type source interface {
	// next returns at least one byte, or io.EOF, or another error; ctx ends the wait.
	next(ctx context.Context) ([]byte, error)
	ready() <-chan struct{}
	trailer() wire.Header // after io.EOF
	length() int64        // bytes still to come, -1 when unknown
	close()
}

// reader is a source over an io.ReadCloser, read ahead by one piece so that readiness can be asked for.
type reader struct {
	rc       io.ReadCloser
	trailers func() wire.Header
	left     int64
	timeout  time.Duration // longest silence; 0: none
	now      *piece
}

type piece struct {
	done chan struct{}
	data []byte
	err  error
}

const readSize = 32 << 10

func (r *reader) fetch() *piece {
	if r.now == nil {
		p := &piece{done: make(chan struct{})}
		r.now = p
		size := int64(readSize)
		if r.left >= 0 && r.left < size {
			size = r.left + 1 // room for one more, so that the end shows
		}
		go func() {
			defer close(p.done)
			buf := make([]byte, size)
			n, err := 0, error(nil)
			for n == 0 && err == nil {
				n, err = r.rc.Read(buf)
			}
			p.data, p.err = buf[:n], err
		}()
	}
	return r.now
}

func (r *reader) next(ctx context.Context) ([]byte, error) {
	p := r.fetch()
	if err := r.await(ctx, p); err != nil {
		return nil, err
	}
	if len(p.data) > 0 {
		data := p.data
		if r.left > 0 {
			r.left -= int64(len(data))
		}
		if p.data = nil; p.err == nil {
			r.now = nil
		}
		return data, nil
	}
	return nil, p.err // stays: an error is final
}

func (r *reader) await(ctx context.Context, p *piece) error {
	var timer <-chan time.Time
	if r.timeout > 0 {
		t := time.NewTimer(r.timeout)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-p.done:
		return nil
	case <-timer:
		r.close()
		return origin.ErrBetweenBytes
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (r *reader) ready() <-chan struct{} { return r.fetch().done }
func (r *reader) length() int64          { return r.left }
func (r *reader) close()                 { r.rc.Close() }

func (r *reader) trailer() wire.Header {
	if r.trailers == nil {
		return nil
	}
	return r.trailers()
}

// gunzip reads gzip; the header is read with the first byte, so that a bad one is an error of the body.
type gunzip struct {
	rc io.ReadCloser
	zr *gzip.Reader
}

func (g *gunzip) Read(p []byte) (n int, err error) {
	if g.zr == nil {
		if g.zr, err = gzip.NewReader(g.rc); err != nil {
			return 0, err
		}
	}
	return g.zr.Read(p)
}

func (g *gunzip) Close() error { return g.rc.Close() }

// errUnfinished ends a streaming body that the guest left without closing it.
var errUnfinished = errors.New("streaming body was not finished by the guest")

// errReaderGone is what a guest's write meets when nobody reads any more.
var errReaderGone = errors.New("streaming body has no reader any more")

// pipeSize is how many writes may be under way in a streaming body before the guest has to wait; Viceroy has the same.
const pipeSize = 8

// pipe carries a streaming body from the guest (push, finish, abandon) to its reader (a source).
type pipe struct {
	mu       sync.Mutex
	chunks   []chunk
	over     bool // no more chunks will come
	finished bool // ... and that is how the guest wanted it
	gone     bool // the reader has closed its end
	trailers wire.Header
	data     gate // open: the reader need not wait
	room     gate // open: the writer need not wait
}

// gate is a channel that is closed while the gate is open.
type gate struct {
	ch   chan struct{}
	open bool
}

func (g *gate) set(open bool) {
	if g.ch == nil || g.open && !open {
		g.ch = make(chan struct{})
		g.open = false
	}
	if open && !g.open {
		close(g.ch)
		g.open = true
	}
}

func newPipe() *pipe {
	p := &pipe{}
	p.update()
	return p
}

func (p *pipe) update() {
	p.data.set(len(p.chunks) > 0 || p.over)
	p.room.set(len(p.chunks) < pipeSize || p.gone)
}

// push waits for room and hands c to the reader.
func (p *pipe) push(ctx context.Context, c chunk) error {
	for {
		p.mu.Lock()
		if p.gone {
			p.mu.Unlock()
			return errReaderGone
		}
		if len(p.chunks) < pipeSize {
			p.chunks = append(p.chunks, c)
			p.update()
			p.mu.Unlock()
			return nil
		}
		room := p.room.ch
		p.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// end closes the writing side. Without finished, the reader meets errUnfinished after the last chunk.
func (p *pipe) end(finished bool, trailers wire.Header) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.over {
		p.over, p.finished, p.trailers = true, finished, trailers
		p.update()
	}
}

func (p *pipe) next(ctx context.Context) ([]byte, error) {
	for {
		c, data, err := p.pop()
		switch {
		case err != nil:
			return nil, err
		case c.src != nil:
			if b, err := p.nested(ctx, c.src); err != nil || len(b) > 0 {
				return b, err
			}
		case len(c.data) > 0:
			return c.data, nil
		case data != nil:
			select {
			case <-data:
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
	}
}

// pop takes the first chunk. A source stays at the front until it has ended.
func (p *pipe) pop() (c chunk, wait <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case len(p.chunks) > 0:
		c = p.chunks[0]
		if c.src == nil {
			p.shift()
		}
	case !p.over:
		wait = p.data.ch
	case p.finished:
		err = io.EOF
	default:
		err = errUnfinished
	}
	return c, wait, err
}

func (p *pipe) shift() {
	p.chunks = p.chunks[1:]
	p.update()
}

func (p *pipe) nested(ctx context.Context, src source) ([]byte, error) {
	b, err := src.next(ctx)
	if err != io.EOF {
		return b, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shift()
	return nil, nil
}

func (p *pipe) ready() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.data.ch
}

func (p *pipe) writable() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.room.ch
}

func (p *pipe) trailer() wire.Header {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trailers
}

func (p *pipe) length() int64 { return -1 }

// close is the reader going away.
func (p *pipe) close() {
	p.mu.Lock()
	chunks := p.chunks
	p.gone, p.chunks = true, nil
	p.update()
	p.mu.Unlock()
	for _, c := range chunks {
		if c.src != nil {
			c.src.close()
		}
	}
}
