package abi

import (
	"context"
	"errors"
	"io"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// chunk is a piece of a body: bytes that are here, or a source.
type chunk struct {
	data []byte
	src  source
}

// Body is a request or response body: a queue of chunks, then trailers. It
// belongs to one goroutine at a time.
type Body struct {
	chunks   []chunk
	trailers wire.Header
	ended    bool // read to the end, so the trailers are known
	err      error
}

var _ item = (*Body)(nil)

// NewBody makes a body of a stream of length bytes (-1: unknown). trailer may
// be nil; it is called after io.EOF.
func NewBody(rc io.ReadCloser, length int64, trailer func() wire.Header) *Body {
	if rc == nil || length == 0 {
		return &Body{}
	}
	return &Body{chunks: []chunk{{src: &reader{rc: rc, trailers: trailer, left: length}}}}
}

// BodyOf makes a body of bytes.
func BodyOf(data []byte) *Body {
	b := &Body{}
	b.push(data)
	return b
}

func (b *Body) push(data []byte) {
	if len(data) > 0 {
		b.chunks = append(b.chunks, chunk{data: data})
	}
}

func (b *Body) pushFront(data []byte) {
	if len(data) > 0 {
		b.chunks = append([]chunk{{data: data}}, b.chunks...)
	}
}

// Next returns the next piece, at least one byte of it, or io.EOF.
func (b *Body) Next(ctx context.Context) ([]byte, error) {
	for b.err == nil {
		if len(b.chunks) == 0 {
			b.ended = true
			return nil, io.EOF
		}
		c := b.chunks[0]
		if c.src == nil {
			b.chunks = b.chunks[1:]
			return c.data, nil
		}
		data, err := c.src.next(ctx)
		if err == nil {
			return data, nil
		}
		b.endSource(c.src, err)
	}
	return nil, b.err
}

// endSource drops a source that has ended. Any error but io.EOF is final: a
// broken body must never appear complete.
func (b *Body) endSource(src source, err error) {
	if !errors.Is(err, io.EOF) {
		b.err = err
		return
	}
	b.trailers = append(b.trailers, src.trailer()...)
	src.close()
	b.chunks = b.chunks[1:]
}

// read is Next into a buffer.
func (b *Body) read(ctx context.Context, p []byte) (int, error) {
	data, err := b.Next(ctx)
	if err != nil {
		return 0, err
	}
	n := copy(p, data)
	b.pushFront(data[n:])
	return n, nil
}

// Length returns the number of bytes to come, or -1 when that is not known.
func (b *Body) Length() int64 {
	total := int64(0)
	for _, c := range b.chunks {
		n := int64(len(c.data))
		if c.src != nil {
			n = c.src.length()
		}
		if n < 0 {
			return -1
		}
		total += n
	}
	return total
}

// Trailers returns the trailer fields; they are complete after Next has
// returned io.EOF.
func (b *Body) Trailers() wire.Header { return b.trailers }

func (b *Body) ready() <-chan struct{} {
	if len(b.chunks) == 0 || b.chunks[0].src == nil || b.err != nil {
		return closed
	}
	return b.chunks[0].src.ready()
}

// Here reports whether Next would return at once.
func (b *Body) Here() bool { return isClosed(b.ready()) }

// Close drops everything that is still to come.
func (b *Body) Close() {
	for _, c := range b.chunks {
		if c.src != nil {
			c.src.close()
		}
	}
	b.chunks = nil
	if b.err == nil && !b.ended {
		b.err = errors.New("body is closed")
	}
}

// Reader presents the body as an io.ReadCloser for as long as ctx lasts.
func (b *Body) Reader(ctx context.Context) io.ReadCloser { return &bodyReader{b, ctx, nil} }

type bodyReader struct {
	body *Body
	ctx  context.Context
	rest []byte
}

// Here is Body's.
func (r *bodyReader) Here() bool { return len(r.rest) > 0 || r.body.Here() }

func (r *bodyReader) Close() error {
	r.body.Close()
	return nil
}

func (r *bodyReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		data, err := r.body.Next(r.ctx)
		if err != nil {
			return 0, err
		}
		r.rest = data
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// streaming is what a body handle becomes when its body is sent in streaming
// mode: the writing end of a pipe.
type streaming struct {
	pipe     *pipe
	trailers wire.Header
}

var _ item = (*streaming)(nil)

func (w *streaming) ready() <-chan struct{} { return w.pipe.writable() }

// startStreaming turns the body behind h into a writing end and returns what
// the reader gets.
func (f *frame) startStreaming(h uint32) *Body {
	body := itemAs[*Body](f, h)
	if !f.ok() {
		return nil
	}
	p := newPipe()
	f.s.items[h] = &streaming{pipe: p}
	f.s.own(p.close)
	body.chunks = append(body.chunks, chunk{src: p})
	body.ended = false
	return body
}

func bodyNew(f *frame) { f.newItem(0, func() item { return &Body{} }) }

func bodyAppend(f *frame) {
	src := takeItem[*Body](f, f.u32(1))
	if !f.ok() {
		return
	}
	if dest, ok := f.streamingAt(0); ok {
		f.appendStreaming(dest, src)
		return
	}
	if dest := itemAs[*Body](f, f.u32(0)); f.ok() {
		dest.chunks = append(dest.chunks, src.chunks...)
		dest.trailers = append(dest.trailers, src.trailers...)
		dest.ended = false
	}
}

func (f *frame) appendStreaming(dest *streaming, src *Body) {
	dest.trailers = append(dest.trailers, src.trailers...)
	for _, c := range src.chunks {
		f.push(dest, c)
	}
}

func (f *frame) push(dest *streaming, c chunk) {
	if !f.ok() {
		return
	}
	if !isClosed(dest.pipe.writable()) {
		defer f.s.idle()()
	}
	if dest.pipe.push(f.s.ctx, c) != nil {
		f.fail(Error)
	}
}

func bodyRead(f *frame) {
	body := itemAs[*Body](f, f.u32(0))
	buf := f.bytes(1)
	if !f.ok() {
		return
	}
	n, err := 0, error(nil)
	switch {
	case len(buf) == 0:
	case body.Here():
		n, err = body.read(f.s.ctx, buf)
	default:
		f.s.Idle(func() { n, err = body.read(f.s.ctx, buf) })
	}
	if err != nil && err != io.EOF {
		f.fail(bodyStatus(err))
	}
	f.put32(3, uint32(n))
}

// bodyStatus is Viceroy's mapping: a body that was cut short is httpincomplete,
// everything else error.
func bodyStatus(err error) Status {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return HTTPIncomplete
	case errors.Is(err, wire.ErrMalformed):
		return HTTPInvalid
	}
	return Error
}

func bodyWrite(f *frame) {
	end := f.enum(3, 2)
	data := f.bytes(1)
	if !f.ok() {
		return
	}
	data = append([]byte(nil), data...)
	if dest, ok := f.streamingAt(0); ok && end == 0 {
		if len(data) > 0 {
			f.push(dest, chunk{data: data})
		}
	} else if body := itemAs[*Body](f, f.u32(0)); f.ok() {
		if f.spend(len(data)); f.ok() && end == 1 {
			body.pushFront(data)
		} else if f.ok() {
			body.push(data)
			body.ended = false
		}
	}
	f.put32(4, uint32(len(data)))
}

func (f *frame) streamingAt(i int) (*streaming, bool) {
	if h := f.u32(i); uint64(h) < uint64(len(f.s.items)) {
		w, ok := f.s.items[h].(*streaming)
		return w, ok
	}
	return nil, false
}

func bodyClose(f *frame)   { f.endBody(true) }
func bodyAbandon(f *frame) { f.endBody(false) }

// endBody drops a body. What streams is complete for its reader when finished,
// and cut off otherwise.
func (f *frame) endBody(finished bool) {
	if w, ok := f.streamingAt(0); ok {
		w.pipe.end(finished, w.trailers)
		f.s.items[f.u32(0)] = nil
		return
	}
	if b := takeItem[*Body](f, f.u32(0)); f.ok() {
		b.Close()
	}
}

func bodyTrailerAppend(f *frame) {
	var trailers *wire.Header
	if w, ok := f.streamingAt(0); ok {
		trailers = &w.trailers
	} else if body := itemAs[*Body](f, f.u32(0)); f.ok() {
		trailers = &body.trailers
	}
	if name, value := f.name(1), f.value(3); f.ok() {
		trailers.Add(name, value)
	}
}

// trailersOf is the trailers of the body in argument 0 for reading: again until
// the body has been read to its end.
func (f *frame) trailersOf() *wire.Header {
	if _, ok := f.streamingAt(0); ok {
		f.fail(Inval)
		return nil
	}
	body := itemAs[*Body](f, f.u32(0))
	if f.ok() && !body.ended {
		f.fail(Again)
	}
	if !f.ok() {
		return nil
	}
	return &body.trailers
}

// onTrailers makes a host call about the trailers of a body. It touches the
// cursor only once they are there to be read, unlike the header calls.
func onTrailers(call func(*frame, *wire.Header)) hostCall {
	return func(f *frame) {
		if trailers := f.trailersOf(); f.ok() {
			call(f, trailers)
		}
	}
}

func bodyKnownLength(f *frame) {
	if _, ok := f.streamingAt(0); ok {
		f.fail(None)
		return
	}
	if body := itemAs[*Body](f, f.u32(0)); f.ok() {
		n := body.Length()
		if n < 0 {
			f.fail(None)
		}
		f.put64(1, uint64(n))
	}
}
