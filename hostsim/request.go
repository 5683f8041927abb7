package hostsim

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"net/netip"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Request is a request for Do. Target and Header reach the guest as they are.
type Request struct {
	Method string // default GET
	Target string // raw request target; default "/"
	// Host is a Host field put before Header; default "example.com" when Header
	// has none either.
	Host   string
	Header wire.Header // in order
	// Body may be nil. Its length is known when it is a *bytes.Reader,
	// *bytes.Buffer or *strings.Reader.
	Body     io.Reader
	ClientIP netip.Addr // default Config.ClientIP, or 127.0.0.1
}

// Response is a whole response.
type Response struct {
	Status  int
	Header  wire.Header // as the guest left it, framing fields included
	Body    []byte
	Trailer wire.Header
}

// Do runs one exchange without a network: it returns when the guest has ended,
// its backend requests are over, and the body is complete. The response is what
// would have gone onto the wire, without Date and Connection.
//
// The error is not nil when there is no complete response: the request is not
// valid, ctx has ended, the host is closed, or the body broke off. Exchange is
// not nil once a guest has run; with a body that broke off, Response has what
// came.
func (h *Host) Do(ctx context.Context, r *Request) (*Response, *Exchange, error) {
	req, header := r.http(ctx)
	down, summary, err := h.downstream(req)
	if err == nil {
		err = h.cfg.Limits.admit(header)
	}
	if err != nil {
		return nil, nil, err
	}
	down.Header, summary.Header = header, header.Clone()
	if r.ClientIP.IsValid() {
		down.ClientIP = r.ClientIP
	}
	if req.Body != nil {
		down.Body = abi.NewBody(req.Body, req.ContentLength, nil)
	} else {
		down.Body = &abi.Body{}
	}
	x := h.begin(down, summary)
	if x == nil {
		return nil, nil, errClosed
	}
	resp, err := x.collect(ctx, req.Method)
	close(x.replied)
	<-x.done
	return resp, x.rec.x, err
}

func (r *Request) http(ctx context.Context) (*http.Request, wire.Header) {
	header := r.Header.Clone()
	own, given := header.Get("Host")
	host := cmp.Or(r.Host, own, "example.com")
	if !given {
		header = append(wire.Header{{Name: "Host", Value: host}}, header...)
	}
	req := &http.Request{Method: cmp.Or(r.Method, http.MethodGet), RequestURI: cmp.Or(r.Target, "/"), Host: host, ProtoMajor: 1, ProtoMinor: 1}
	if r.Body != nil {
		req.Body, req.ContentLength = closer(r.Body), bodyLength(r.Body)
	}
	return req.WithContext(ctx), header
}

func closer(body io.Reader) io.ReadCloser {
	if rc, ok := body.(io.ReadCloser); ok {
		return rc
	}
	return io.NopCloser(body)
}

func bodyLength(body io.Reader) int64 {
	if l, ok := body.(interface{ Len() int }); ok {
		return int64(l.Len())
	}
	return -1
}

// collect reads the response to its end.
func (r *run) collect(ctx context.Context, method string) (*Response, error) {
	out := r.await(ctx, func(wire.Header) {})
	if out == nil {
		return nil, context.Cause(ctx)
	}
	defer out.Close()
	resp := &Response{Status: out.Status, Header: frameResponse(out, method)}
	r.rec.x.Response, r.rec.x.ResponseHeader = out.Status, out.Header
	var body bytes.Buffer
	reading, cancel := either(ctx, r.ctx)
	defer cancel()
	_, err := body.ReadFrom(out.Body.Reader(reading))
	resp.Body, resp.Trailer = body.Bytes(), out.Body.Trailers()
	if method == http.MethodHead {
		resp.Body = nil
	}
	if err != nil {
		r.abandonSoon()
	}
	return resp, err
}
