package wire

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Request is a request as it goes onto the wire.
type Request struct {
	Method string
	// Target is written as it is. It must not be empty and must not hold CR, LF
	// or NUL.
	Target string
	// Header is written as it is and must hold Host. It also frames the body:
	// Content-Length or Transfer-Encoding: chunked. With neither, no body is
	// sent.
	Header Header
	// Body may be nil. It is read in a goroutine of its own, possibly beyond
	// the end of the exchange until the Read under way returns; when nothing
	// more will be read and it is an io.Closer, it is closed. The head goes out
	// before the body is read, unless the body has a method Here() bool that
	// returns true.
	Body io.Reader
	// Trailer is asked after the body has been read, for a chunked request; it
	// may be nil.
	Trailer func() Header
	// Until is when the head of the response must be there; the zero time is no
	// bound. It may take a sixteenth of the time longer, so that a connection
	// that carries one request after another need not be told of each. The error
	// wraps [ErrLate].
	Until time.Time
}

// ErrLate is why a response is no longer waited for, see Request.Until.
var ErrLate = errors.New("no response in time")

// Response is a response as it came from the wire.
type Response struct {
	Proto  string // "HTTP/1.1" or "HTTP/1.0"
	Status int
	Header Header
	// Body must be closed; that closes the connection, or releases a [Conn].
	// Length is the body's length in bytes, or -1.
	Body   io.ReadCloser
	Length int64

	// After gives the trailer fields once Body has returned io.EOF, in place of
	// those of a Body that came from the wire; it may be nil.
	After func() Header
	// Upgraded is the connection behind a 101 (Switching Protocols), and nil
	// behind every other status. Whoever takes it closes it; otherwise Body's
	// Close does.
	Upgraded io.ReadWriteCloser

	body       *bodyReader
	persistent bool // the other side takes another request after this one
}

// Trailer returns the trailer fields after Body has returned io.EOF.
func (r *Response) Trailer() Header {
	switch {
	case r.After != nil:
		return r.After()
	case r.body != nil:
		return r.body.Trailer()
	}
	return nil
}

// RoundTrip sends req over conn and returns when the head of the final response
// is there; 1xx responses are skipped. The request body is written at the same
// time, so an early answer is not missed. RoundTrip owns conn: it is closed on
// error, when ctx ends before the head arrives, and by Response.Body.Close. One
// connection serves one exchange; see [Conn] for several.
//
// Errors wrap ErrMalformed, ErrStatus, ErrHeadTooLarge, io.EOF (the connection
// ended before the first byte of a response) or io.ErrUnexpectedEOF (within its
// head), or come from ctx or conn.
func RoundTrip(ctx context.Context, conn net.Conn, req *Request, limit Limits) (*Response, error) {
	return NewConn(conn).RoundTrip(ctx, req, limit)
}

// CloseBody closes Body when it can be closed. RoundTrip does so in any case;
// it is for callers that do not get that far.
func (r *Request) CloseBody() {
	if c, ok := r.Body.(io.Closer); ok {
		c.Close()
	}
}

func (r *Request) check() error {
	if !ValidName(r.Method) || r.Target == "" || strings.ContainsAny(r.Target, "\r\n\x00") {
		return malformed("request line for method %q", clip(r.Method))
	}
	return checkFields("request", r.Header)
}

// appendHead appends the head of the request.
func (r *Request) appendHead(buf []byte) []byte {
	buf = append(append(buf, r.Method...), ' ')
	buf = append(append(buf, r.Target...), " HTTP/1.1\r\n"...)
	return appendFieldLines(buf, r.Header)
}

// ErrRequestBody is why a request was not sent whole: its body broke off, or
// has another length than it says.
var ErrRequestBody = errors.New("request body is not whole")

// sender writes the request, in its own goroutine where that takes long.
type sender struct {
	conn net.Conn
	done chan struct{} // closed at the end of the goroutine; nil for none
	err  error
	body bool // the error came from reading the request body
}

func (s *sender) send(req *Request) {
	defer req.CloseBody()
	f, err := parseFraming(req.Header)
	bw := bufio.NewWriterSize(s.conn, 8<<10)
	if err == nil {
		_, err = bw.Write(req.appendHead(nil))
	}
	if err == nil && req.Body != nil && (f.chunked || f.length > 0) {
		err = s.sendBody(bw, req, f)
	}
	if err == nil {
		err = bw.Flush()
	}
	s.err = err
	// before the connection: whoever finds it closed finds the reason, too
	close(s.done)
	if s.body {
		s.conn.Close() // half a request must not look like a whole one
	}
}

func (s *sender) sendBody(bw *bufio.Writer, req *Request, f framing) error {
	var out io.Writer = bw
	var chunks *chunkWriter
	if here, ok := req.Body.(interface{ Here() bool }); !ok || !here.Here() {
		// The other side may answer before there is a body, and the body may
		// wait for that answer.
		if err := bw.Flush(); err != nil {
			return err
		}
	}
	if f.chunked {
		chunks = newChunkWriter(bw)
		out = chunks
	}
	n, err := s.copyFlushing(bw, out, req.Body)
	if err != nil {
		return err
	}
	if !f.chunked && n != f.length {
		s.body = true
		return fmt.Errorf("%w: it has %d bytes, Content-Length says %d", ErrRequestBody, n, f.length)
	}
	if chunks == nil {
		return nil
	}
	var trailer Header
	if req.Trailer != nil {
		trailer = req.Trailer()
	}
	return chunks.finish(trailer)
}

// copyFlushing sends each piece as soon as it is there: a guest may stream and
// wait for an answer in between.
func (s *sender) copyFlushing(bw *bufio.Writer, out io.Writer, body io.Reader) (int64, error) {
	buf, total := make([]byte, 16<<10), int64(0)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if _, werr := out.Write(buf[:n]); werr != nil {
				return total, werr
			}
			total += int64(n)
			if werr := bw.Flush(); werr != nil {
				return total, werr
			}
		}
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			s.body = true
			return total, fmt.Errorf("%w: %w", ErrRequestBody, err)
		}
	}
}

// explain prefers the reason why the request could not be sent. It does so
// where there is a response too: TLS says goodbye before it closes, and the
// other side may answer 400 to half a request in between. It does not wait: the
// sender may be waiting for a body that goes on only when the caller does.
func (s *sender) explain(err error) error {
	if s.done == nil {
		return err
	}
	select {
	case <-s.done:
		if s.body && s.err != nil {
			return s.err
		}
	default:
	}
	return err
}

// spareFields is room for fields that a proxy adds to a response.
const spareFields = 4

// read reads the head of the final response to a request with this method.
func (x *trip) read(br *bufio.Reader, method string, limit Limits) error {
	for {
		h := head{r: br, limit: limit}
		h.prefetch()
		line, err := h.line()
		if err != nil {
			return err
		}
		proto, status, err := parseStatusLine(line)
		if err != nil {
			return err
		}
		header, err := h.fields(make(Header, 0, min(strings.Count(h.ready, "\n")+spareFields, limit.Fields)))
		if err != nil {
			return err
		}
		if status >= 200 || status == http.StatusSwitchingProtocols {
			x.resp.Proto, x.resp.Status, x.resp.Header = proto, status, header
			return x.frame(br, method, limit)
		}
	}
}

// frame says how the body of the response ends.
func (x *trip) frame(br *bufio.Reader, method string, limit Limits) error {
	r := &x.resp
	f, err := parseFraming(r.Header)
	if err != nil {
		return err
	}
	if bodyless(method, r.Status) {
		f = framing{}
	}
	x.body.init(br, f, limit)
	r.Length, r.body = f.length, &x.body.bodyReader
	r.persistent = (f.chunked || f.length >= 0) && !wantsClose(r.Proto, r.Header)
	return nil
}

// upgraded is a connection whose first bytes have been read already.
type upgraded struct {
	net.Conn
	buffered *bufio.Reader
}

func (u *upgraded) Read(p []byte) (int, error) { return u.buffered.Read(p) }

// IsTimeout reports whether err is a deadline that passed, be it of a context
// or of a connection.
func IsTimeout(err error) bool {
	var t net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

// aLongTimeAgo is a deadline that ends reads at once.
var aLongTimeAgo = time.Unix(1, 0)
