package wire

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
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
	head []byte // of a short request, used again
	// bounded: a read is one of a body now.
	bounded bool
	// bound is the deadline that is set for reads, and for writes too if both.
	bound time.Time
	both  bool
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
		c.bound, c.both = time.Now().Add(c.BetweenBytes), false
		if err := c.conn.SetReadDeadline(c.bound); err != nil {
			return 0, err
		}
	}
	return c.conn.Read(p)
}

// wait sets the deadline for the head of a response. One that is at most a
// sixteenth of the time later is left as it is: to set one costs more than to
// send a request.
func (c *Conn) wait(until time.Time) error {
	if until.IsZero() {
		if c.bound.IsZero() {
			return nil
		}
		c.bound = time.Time{}
		return c.conn.SetDeadline(c.bound)
	}
	latest := until.Add(max(0, time.Until(until)) / 16)
	if c.both && !c.bound.Before(until) && !c.bound.After(latest) {
		return nil
	}
	c.bound, c.both = latest, true
	return c.conn.SetDeadline(latest)
}

// trip is one request with its response, allocated at once.
type trip struct {
	resp Response
	body responseBody
	sent sender
}

// RoundTrip is the function [RoundTrip] on this connection. The connection is
// closed where that function closes it, unless it can be released.
func (c *Conn) RoundTrip(ctx context.Context, req *Request, limit Limits) (*Response, error) {
	if err := req.check(); err != nil {
		c.Close()
		req.CloseBody()
		return nil, err
	}
	x := &trip{sent: sender{conn: c.conn}}
	if err := c.make(ctx, x, req, limit.orDefaults()); err != nil {
		c.Close()
		return nil, err
	}
	x.body.conn, x.body.sent = c, &x.sent
	x.body.reusable = x.resp.persistent && !wantsClose("HTTP/1.1", req.Header) && x.resp.Status != http.StatusSwitchingProtocols
	x.resp.Body = &x.body
	if x.resp.Status == http.StatusSwitchingProtocols {
		x.resp.Upgraded = &upgraded{Conn: c.conn, buffered: c.br}
	}
	return &x.resp, nil
}

// make sends a request, and waits for the head of its response.
func (c *Conn) make(ctx context.Context, x *trip, req *Request, limit Limits) error {
	stop := func() bool { return true }
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, func() { c.Close() })
	}
	c.bounded = false
	err := c.wait(req.Until) // if it fails, so does all else
	c.send(req, &x.sent)
	err = cmp.Or(err, x.read(c.br, req.Method, limit))
	switch {
	case !stop() && ctx.Err() != nil:
		err = context.Cause(ctx)
	case err != nil && !req.Until.IsZero() && errors.Is(err, os.ErrDeadlineExceeded):
		err = fmt.Errorf("%w: %w", ErrLate, err)
	case err == nil && (req.Body != nil || c.BetweenBytes == 0 || x.resp.Status == http.StatusSwitchingProtocols):
		err = c.wait(time.Time{}) // what comes now has no bound, or another one
	}
	c.bounded = c.BetweenBytes > 0
	return x.sent.explain(err)
}

// smallHead is the longest head that is sent before the response is read. A
// server reads that much before it answers.
const smallHead = 4 << 10

// send sends the request: at once where it is short and has no body, else while
// the response is read.
func (c *Conn) send(req *Request, s *sender) {
	if req.Body == nil {
		head := req.appendHead(c.head[:0])
		if len(head) <= smallHead {
			c.head = head
			// If it fails, so does the read, unless the server has answered.
			_, s.err = c.conn.Write(head)
			return
		}
	}
	s.done = make(chan struct{})
	go s.send(req)
}

// whole reports whether the request has been sent to its end.
func (s *sender) whole() bool {
	if s.done == nil {
		return s.err == nil
	}
	select {
	case <-s.done:
		return s.err == nil
	default:
		return false
	}
}

// responseBody closes or releases the connection with the body.
type responseBody struct {
	bodyReader
	conn     *Conn
	sent     *sender
	reusable bool
	once     sync.Once
	err      error
}

// Close may be called while a Read is under way; the Read then fails.
func (b *responseBody) Close() error {
	b.once.Do(b.close)
	return b.err
}

func (b *responseBody) close() {
	if b.conn.Release == nil || !b.reusable || !b.whole.Load() || !b.sent.whole() || b.conn.br.Buffered() > 0 {
		b.err = b.conn.Close()
		return
	}
	b.conn.bounded = false
	b.conn.Release()
}
