package wire

import (
	"bufio"
	"errors"
	"io"
	"net/http/httputil"
	"sync"
	"sync/atomic"
)

// bodyReader reads one message body. Only one goroutine may read; Trailer is
// valid after io.EOF.
type bodyReader struct {
	src     io.Reader
	left    int64 // bytes to come when the length is known, else -1
	chunked bool
	conn    *bufio.Reader
	limit   Limits
	err     error
	trailer Header
	before  func() error // called once before the first read
	once    sync.Once
	ended   func() // called once at io.EOF
	// whole: it has been read to its end. Close asks, in another goroutine too.
	whole atomic.Bool
}

func newBodyReader(r *bufio.Reader, f framing, limit Limits) *bodyReader {
	b := new(bodyReader)
	b.init(r, f, limit)
	return b
}

func (b *bodyReader) init(r *bufio.Reader, f framing, limit Limits) {
	b.src, b.left, b.chunked, b.conn, b.limit = r, f.length, f.chunked, r, limit
	if f.chunked {
		b.src, b.left = httputil.NewChunkedReader(r), -1
	}
	b.whole.Store(b.left == 0)
}

// Read returns io.ErrUnexpectedEOF when the connection ends before the body
// does.
func (b *bodyReader) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.left == 0 {
		return 0, b.finish(io.EOF)
	}
	if b.before != nil {
		var err error
		if b.once.Do(func() { err = b.before() }); err != nil {
			return 0, b.finish(err)
		}
	}
	if b.left > 0 && int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.src.Read(p)
	return b.account(n, err)
}

func (b *bodyReader) account(n int, err error) (int, error) {
	if b.left > 0 {
		b.left -= int64(n)
		if err == io.EOF && b.left > 0 {
			err = io.ErrUnexpectedEOF
		}
	}
	if err == io.EOF && b.chunked {
		err = b.readTrailer()
	}
	if err != nil {
		return n, b.finish(err)
	}
	return n, nil
}

// readTrailer reads what follows the last chunk; httputil's reader leaves it in
// place.
func (b *bodyReader) readTrailer() error {
	h := &head{r: b.conn, limit: b.limit}
	trailer, err := h.fields(nil)
	if err != nil {
		return err
	}
	b.trailer = trailer
	return io.EOF
}

func (b *bodyReader) finish(err error) error {
	b.err = err
	if errors.Is(err, io.EOF) {
		b.whole.Store(true)
		if b.ended != nil {
			b.ended()
		}
	}
	return err
}

// over reports whether the body has been read to its end.
func (b *bodyReader) over() bool { return b.err == io.EOF || b.left == 0 }

// Trailer returns the trailer fields; nil before the end of the body or when
// there are none.
func (b *bodyReader) Trailer() Header { return b.trailer }

// chunkWriter frames a body in chunks. Every Write goes out at once, so that a
// stream is not held back.
type chunkWriter struct {
	bw *bufio.Writer
	cw io.WriteCloser
}

func newChunkWriter(bw *bufio.Writer) *chunkWriter {
	return &chunkWriter{bw, httputil.NewChunkedWriter(bw)}
}

func (c *chunkWriter) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil // an empty chunk would end the body
	}
	return c.cw.Write(p)
}

// finish writes the last chunk and the trailer section.
func (c *chunkWriter) finish(trailer Header) error {
	if err := c.cw.Close(); err != nil {
		return err
	}
	for _, f := range trailer {
		if _, err := c.bw.WriteString(f.Name + ": " + f.Value + "\r\n"); err != nil {
			return err
		}
	}
	_, err := c.bw.WriteString("\r\n")
	return err
}
