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
}

// Response is a response as it came from the wire.
type Response struct {
	Proto  string // "HTTP/1.1" or "HTTP/1.0"
	Status int
	Header Header
	// Body must be closed; that closes the connection, or releases a [Conn].
	// Length is the body's length in bytes, or -1.
	Body   io.ReadCloser
	Length int64

	// After gives the trailer fields once Body has returned io.EOF; it may be
	// nil.
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
	if r.After == nil {
		return nil
	}
	return r.After()
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

func (r *Request) head() []byte {
	size := len(r.Method) + len(r.Target) + len("  HTTP/1.1\r\n\r\n")
	for i := range r.Header {
		size += len(r.Header[i].Name) + len(": \r\n") + len(r.Header[i].Value)
	}
	return appendHead(make([]byte, 0, size), r.Method+" "+r.Target+" HTTP/1.1", r.Header)
}

// ErrRequestBody is why a request was not sent whole: its body broke off, or
// has another length than it says.
var ErrRequestBody = errors.New("request body is not whole")

// sender writes the request in its own goroutine.
type sender struct {
	conn net.Conn
	done chan struct{}
	err  error
	body bool // the error came from reading the request body
}

func (s *sender) send(req *Request) {
	defer req.CloseBody()
	f, err := parseFraming(req.Header)
	bw := bufio.NewWriterSize(s.conn, 8<<10)
	if err == nil {
		_, err = bw.Write(req.head())
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
	select {
	case <-s.done:
		if s.body && s.err != nil {
			return s.err
		}
	default:
	}
	return err
}

func readResponse(br *bufio.Reader, method string, limit Limits) (*Response, error) {
	for {
		h := &head{r: br, limit: limit}
		h.prefetch()
		line, err := h.line()
		if err != nil {
			return nil, err
		}
		proto, status, err := parseStatusLine(line)
		if err != nil {
			return nil, err
		}
		header, err := h.fields(nil)
		if err != nil {
			return nil, err
		}
		if status >= 200 || status == http.StatusSwitchingProtocols {
			return newResponse(br, method, proto, status, header, limit)
		}
	}
}

func newResponse(br *bufio.Reader, method, proto string, status int, header Header, limit Limits) (*Response, error) {
	f, err := parseFraming(header)
	if err != nil {
		return nil, err
	}
	if bodyless(method, status) {
		f = framing{}
	}
	body := newBodyReader(br, f, limit)
	persistent := (f.chunked || f.length >= 0) && !wantsClose(proto, header)
	return &Response{Proto: proto, Status: status, Header: header, Length: f.length, body: body, persistent: persistent}, nil
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
