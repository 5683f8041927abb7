package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// UserAgent is the User-Agent of a request whose Header has none.
const UserAgent = "clickedge"

// headLimits bound the head of an answer.
var headLimits = wire.Limits{HeadBytes: 64 << 10, Fields: 200}

// Do sends one request over a new connection. The answer is never nil: with an
// error it has what was found before. The error is an [*Error].
func (c *Client) Do(ctx context.Context, q Question) (*Answer, error) {
	a := &Answer{}
	if err := q.complete(); err != nil {
		return a, err
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.Timeout, DefaultTimeout))
	defer cancel()
	start := time.Now()
	err := c.ask(ctx, &q, a)
	a.Times.Total = time.Since(start)
	return a, err
}

func (c *Client) ask(ctx context.Context, q *Question, a *Answer) error {
	conn, err := c.connect(ctx, q, a)
	if err != nil {
		return err
	}
	if q.TLS {
		if conn, err = c.secure(ctx, conn, q, a); err != nil {
			return err
		}
		if a.TLS.Err != nil {
			conn.Close()
			return &Error{StageTrust, q.Host, a.TLS.Err}
		}
	}
	return c.exchange(ctx, conn, q, a)
}

func (c *Client) exchange(ctx context.Context, conn net.Conn, q *Question, a *Answer) error {
	b, err := Exchange(ctx, conn, q.request(), c.maxBody())
	a.Status, a.Header, a.Body, a.Cut, a.BodyErr = b.Status, b.Header, b.Body, b.Cut, b.BodyErr
	a.Times.FirstByte = b.Times.FirstByte
	if err != nil {
		return &Error{StageAnswer, q.Host, err}
	}
	return nil
}

// Exchange sends one request over an open connection, reads the answer with at
// most so many bytes of its body, and closes the connection. The answer is
// never nil; of its times only FirstByte is set.
func Exchange(ctx context.Context, conn net.Conn, r *wire.Request, most int) (*Answer, error) {
	a := &Answer{}
	timed := &timedConn{Conn: conn, start: time.Now()}
	resp, err := wire.RoundTrip(ctx, timed, r, headLimits)
	a.Times.FirstByte = timed.firstByte()
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	a.Status, a.Header = resp.Status, resp.Header
	// RoundTrip uses the context for the head only; this bounds the body too.
	stop := context.AfterFunc(ctx, func() { resp.Body.Close() })
	defer stop()
	a.readBody(resp.Body, most)
	if a.BodyErr != nil && ctx.Err() != nil {
		a.BodyErr = context.Cause(ctx)
	}
	return a, nil
}

func (a *Answer) readBody(body io.Reader, most int) {
	if most == 0 {
		return
	}
	a.Body, a.BodyErr = io.ReadAll(io.LimitReader(body, int64(most)+1))
	if a.Cut = len(a.Body) > most; a.Cut {
		a.Body = a.Body[:most]
	}
}

// complete sets a request's defaults, and refuses an invalid request.
func (q *Question) complete() error {
	if q.Host == "" {
		return &Error{StageAsk, q.Host, errors.New("the question has no host")}
	}
	if strings.ContainsAny(q.Host, "/@ \t\r\n\x00") {
		return &Error{StageAsk, q.Host, fmt.Errorf("%q is not a host", q.Host)}
	}
	q.Port = cmp.Or(q.Port, q.usualPort())
	q.Method, q.Target = cmp.Or(q.Method, "GET"), cmp.Or(q.Target, "/")
	return nil
}

func (q *Question) usualPort() uint16 {
	if q.TLS {
		return 443
	}
	return 80
}

// hostField has the port unless it is the usual one.
func (q *Question) hostField() string {
	host := q.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if q.Port == q.usualPort() {
		return host
	}
	return host + ":" + strconv.Itoa(int(q.Port))
}

func (q *Question) request() *wire.Request {
	header := append(wire.NewHeader("Host", q.hostField()), q.Header...)
	for _, f := range [...]wire.Field{{Name: "User-Agent", Value: UserAgent}, {Name: "Accept", Value: "*/*"}} {
		if !header.Has(f.Name) {
			header = append(header, f)
		}
	}
	header.Set("Connection", "close")
	return &wire.Request{Method: q.Method, Target: q.Target, Header: header}
}

// timedConn records when the first byte of the answer came.
type timedConn struct {
	net.Conn
	start time.Time
	first atomic.Int64 // nanoseconds after start; 0 before
}

// Read records the time of the first byte.
func (t *timedConn) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	if n > 0 {
		t.first.CompareAndSwap(0, max(1, int64(time.Since(t.start))))
	}
	return n, err
}

func (t *timedConn) firstByte() time.Duration { return time.Duration(t.first.Load()) }
