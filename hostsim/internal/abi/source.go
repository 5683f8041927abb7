package abi

import (
	"compress/gzip"
	"context"
	"io"
	"time"

	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// source is a part of a body that is still to come.
type source interface {
	// next returns at least one byte, or io.EOF, or another error; ctx ends the
	// wait.
	next(ctx context.Context) ([]byte, error)
	ready() <-chan struct{}
	trailer() wire.Header // after io.EOF
	length() int64        // bytes still to come, -1 when unknown
	close()
}

// reader is a source over an io.ReadCloser, read ahead by one piece so that
// readiness can be asked for.
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
		return senderror.ErrBetweenBytes
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

// gunzip reads gzip; the header is read with the first byte, so that a bad one
// is an error of the body.
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
