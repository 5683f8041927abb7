package abi

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// errUnfinished ends a streaming body that the guest left without closing it.
var errUnfinished = errors.New("streaming body was not finished by the guest")

// errReaderGone fails a guest's write when the reader has gone.
var errReaderGone = errors.New("streaming body has no reader any more")

// pipeSize is how many writes may be under way in a streaming body before the
// guest has to wait; Viceroy has the same.
const pipeSize = 8

// pipe carries a streaming body from the guest (push, finish, abandon) to its
// reader (a source).
type pipe struct {
	mu       sync.Mutex
	chunks   []chunk
	over     bool // no more chunks will come
	finished bool // the guest closed the body, rather than leave it open
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

// end closes the writing side. Unless finished, the reader gets errUnfinished
// after the last chunk.
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

// ready looks into a source at the front: the pipe has that one's bytes only
// when they are there.
func (p *pipe) ready() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.chunks) > 0 && p.chunks[0].src != nil {
		return p.chunks[0].src.ready()
	}
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
