package wire

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is a connection to a server. It carries one request after another, never
// two at once.
type Conn struct {
	// Release, if not nil, is called by Response.Body.Close in place of closing
	// the connection, if the connection can carry another request: both messages
	// are whole, the server has sent nothing more, and neither side has asked to
	// close.
	Release func()
	// BetweenBytes bounds each wait for more of a response's body; 0 is no
	// bound.
	BetweenBytes time.Duration

	conn net.Conn
	br   *bufio.Reader
	// bounded: a read now has a deadline.
	bounded bool
}

// NewConn returns a Conn on a connection, which it owns.
func NewConn(conn net.Conn) *Conn {
	c := &Conn{conn: conn}
	c.br = bufio.NewReaderSize((*connReader)(c), 16<<10)
	return c
}

// Close closes the connection.
func (c *Conn) Close() error { return c.conn.Close() }

// Quiet reports whether the server has neither closed an idle connection nor
// sent anything on it, as far as this system knows. It does not wait.
func (c *Conn) Quiet() bool { return c.br.Buffered() == 0 && quiet(c.conn) }

// connReader reads from the connection, within BetweenBytes if a body is read.
type connReader Conn

// Read implements io.Reader.
func (c *connReader) Read(p []byte) (int, error) {
	if c.bounded {
		if err := c.conn.SetReadDeadline(time.Now().Add(c.BetweenBytes)); err != nil {
			return 0, err
		}
	}
	return c.conn.Read(p)
}

// RoundTrip is the function [RoundTrip] on this connection. The connection is
// closed where that function closes it, unless it can be released.
func (c *Conn) RoundTrip(ctx context.Context, req *Request, limit Limits) (*Response, error) {
	if err := req.check(); err != nil {
		c.Close()
		req.CloseBody()
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { c.Close() })
	sent := c.send(req)
	resp, err := readResponse(c.br, req.Method, limit.orDefaults())
	if !stop() && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err = sent.explain(err); err != nil {
		c.Close()
		return nil, err
	}
	body := &responseBody{bodyReader: resp.body, conn: c, sent: sent}
	body.reusable = resp.persistent && !wantsClose("HTTP/1.1", req.Header) && resp.Status != http.StatusSwitchingProtocols
	if resp.body.left == 0 {
		body.whole.Store(true)
	} else {
		resp.body.ended = func() { body.whole.Store(true) }
	}
	c.bounded = c.BetweenBytes > 0
	resp.Body, resp.After = body, resp.body.Trailer
	if resp.Status == http.StatusSwitchingProtocols {
		resp.Upgraded = &upgraded{Conn: c.conn, buffered: c.br}
	}
	return resp, nil
}

// smallHead is the longest head that is sent before the response is read. A
// server reads that much before it answers.
const smallHead = 4 << 10

// send sends the request: at once where it is short and has no body, else while
// the response is read.
func (c *Conn) send(req *Request) *sender {
	s := &sender{conn: c.conn, done: make(chan struct{})}
	if head := req.head(); req.Body == nil && len(head) <= smallHead {
		// If it fails, so does the read, unless the server has answered.
		_, s.err = c.conn.Write(head)
		close(s.done)
		return s
	}
	go s.send(req)
	return s
}

// whole reports whether the request has been sent to its end.
func (s *sender) whole() bool {
	select {
	case <-s.done:
		return s.err == nil
	default:
		return false
	}
}

// responseBody closes or releases the connection with the body.
type responseBody struct {
	*bodyReader
	conn     *Conn
	sent     *sender
	reusable bool
	whole    atomic.Bool // it has been read to its end
	once     sync.Once
	err      error
}

// Close may be called while a Read is under way; the Read then fails.
func (b *responseBody) Close() error {
	b.once.Do(func() {
		if b.conn.Release == nil || !b.reusable || !b.whole.Load() || !b.sent.whole() || b.conn.br.Buffered() > 0 {
			b.err = b.conn.Close()
			return
		}
		if b.conn.bounded {
			b.conn.bounded = false
			b.err = b.conn.conn.SetReadDeadline(time.Time{})
		}
		b.conn.Release()
	})
	return b.err
}
