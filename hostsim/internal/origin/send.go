package origin

import (
	"cmp"
	"context"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Request is what a guest sends to a backend.
type Request struct {
	Method string
	// of the request's URI; used for Host when nothing else says it
	Authority string
	Target    string // raw
	Header    wire.Header
	Manual    bool // the guest frames the body by its own fields
	Body      io.Reader
	Length    int64 // of the body in bytes, -1 when unknown
	Trailer   func() wire.Header
}

// Response is what came back.
type Response struct {
	*wire.Response
	Remote netip.AddrPort // zero for a Handler
}

// Prepare turns req into the bytes that b gets: target with prefix, Host,
// framing. The Host field is the backend's override, else the request's own,
// else the authority of its URI, else the backend's.
func (b *Backend) Prepare(req *Request) *wire.Request {
	header := req.Header.Clone()
	own, _ := header.Get("Host")
	header = withHost(header, cmp.Or(b.Host, own, req.Authority, b.Name))
	if !req.Manual || !FramingValid(header) {
		header = frameRequest(header, req)
	}
	return &wire.Request{Method: req.Method, Target: b.target(req.Target), Header: header, Body: req.Body, Trailer: req.Trailer}
}

// withHost gives the first Host field a value and drops the others; place and
// case of its name stay.
func withHost(header wire.Header, host string) wire.Header {
	for i, f := range header {
		if strings.EqualFold(f.Name, "Host") {
			rest := header[i+1:].Clone()
			rest.Del("Host")
			header[i].Value = host
			return append(header[:i+1], rest...)
		}
	}
	return append(wire.Header{{Name: "Host", Value: host}}, header...)
}

func frameRequest(header wire.Header, req *Request) wire.Header {
	header.Del("Content-Length")
	header.Del("Transfer-Encoding")
	switch {
	case req.Length < 0:
		header.Add("Transfer-Encoding", "chunked")
	case req.Length > 0, req.Method == "POST", req.Method == "PUT", req.Method == "PATCH":
		header.Add("Content-Length", strconv.FormatInt(req.Length, 10))
	}
	return header
}

// FramingValid reports whether the fields frame a body by themselves: one
// Content-Length of digits or one Transfer-Encoding: chunked, not both.
func FramingValid(header wire.Header) bool {
	lengths, codings := header.Values("Content-Length"), header.Values("Transfer-Encoding")
	switch {
	case len(lengths) == 1 && len(codings) == 0:
		return lengths[0] != "" && strings.Trim(lengths[0], "0123456789") == "" && len(lengths[0]) < 19
	case len(lengths) == 0 && len(codings) == 1:
		return strings.EqualFold(codings[0], "chunked")
	}
	return false
}

// Send sends a prepared request and returns when the response's head is there.
// The error is always a [*senderror.Error]. The request's body is closed when
// nothing more will be read from it.
func (b *Backend) Send(ctx context.Context, req *wire.Request) (*Response, error) {
	if r, ok := b.Handler.(Refuser); ok {
		if err := r.Refuse(ctx, req); err != nil {
			req.CloseBody()
			return nil, err
		}
	}
	if b.GRPC {
		return b.sendH2(ctx, req)
	}
	if !req.Header.Has("Content-Length") && !req.Header.Has("Transfer-Encoding") {
		req.CloseBody() // it would not be sent
		req.Body = nil
	}
	return b.exchange(ctx, req)
}

func (b *Backend) roundTrip(ctx context.Context, conn *wire.Conn, req *wire.Request) (*wire.Response, error) {
	if b.FirstByteTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, b.FirstByteTimeout, senderror.ErrFirstByteTimeout)
		defer cancel()
	}
	resp, err := conn.RoundTrip(ctx, req, wire.Limits{})
	if err != nil {
		return nil, senderror.Exchange(ctx, err)
	}
	return resp, nil
}

// firstByte ends a wait that is too long. The function it returns stops the
// timer, and reports whether it was still running.
func (b *Backend) firstByte(cancel context.CancelCauseFunc) (stop func() bool) {
	if b.FirstByteTimeout <= 0 {
		return func() bool { return true }
	}
	return time.AfterFunc(b.FirstByteTimeout, func() { cancel(senderror.ErrFirstByteTimeout) }).Stop
}

func remote(conn net.Conn) netip.AddrPort {
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort()
	}
	return netip.AddrPort{}
}

// Timeout returns d, the default when d is zero, or none when d is negative.
func Timeout(d, otherwise time.Duration) time.Duration {
	switch {
	case d < 0:
		return 0
	case d == 0:
		return otherwise
	}
	return d
}
