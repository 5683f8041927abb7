package origin

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// sendH2 is Send over HTTP/2, and over nothing else: with ALPN under https,
// with prior knowledge under http. That is what a gRPC backend needs. Names of
// fields go out in lower case; fields about connections, and trailers of
// requests, do not.
func (b *Backend) sendH2(ctx context.Context, req *wire.Request) (*Response, error) {
	conn, err := b.dial(ctx)
	if err != nil {
		req.CloseBody()
		return nil, err
	}
	resp := &Response{Remote: remote(conn)}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := b.firstByte(cancel)
	answer, err := b.transport(conn).RoundTrip(b.h2Request(ctx, req))
	if !stop() && err == nil {
		answer.Body.Close()
		err = senderror.ErrFirstByteTimeout
	}
	if err != nil {
		conn.Close()
		defer cancel(nil)
		return nil, h2Error(ctx, err)
	}
	header := fromHTTP(answer.Header)
	resp.Response = &wire.Response{Proto: answer.Proto, Status: answer.StatusCode, Header: header, Length: answer.ContentLength,
		Body: &h2Body{answer.Body, conn, cancel}, After: func() wire.Header { return fromHTTP(answer.Trailer) }}
	return resp, nil
}

// transport speaks HTTP/2 on one connection.
func (b *Backend) transport(conn net.Conn) *http.Transport {
	dial := func(context.Context, string, string) (net.Conn, error) { return conn, nil }
	protocols := new(http.Protocols)
	protocols.SetHTTP2(b.Scheme == "https" && b.Handler == nil)
	protocols.SetUnencryptedHTTP2(b.Scheme == "http" || b.Handler != nil)
	return &http.Transport{DialContext: dial, DialTLSContext: dial, Protocols: protocols, DisableCompression: true}
}

// h2Request keeps the target's bytes: Opaque is taken as it is.
func (b *Backend) h2Request(ctx context.Context, req *wire.Request) *http.Request {
	scheme := b.Scheme
	if b.Handler != nil {
		scheme = "http"
	}
	r := &http.Request{Method: req.Method, URL: &url.URL{Scheme: scheme, Host: b.Addr, Opaque: req.Target}, Header: http.Header{}, ContentLength: -1}
	for _, f := range req.Header {
		switch name := strings.ToLower(f.Name); name {
		case "host":
			r.Host = f.Value
		case "content-length":
			r.ContentLength, _ = strconv.ParseInt(f.Value, 10, 64)
		case "connection", "transfer-encoding", "keep-alive", "upgrade", "proxy-connection":
		default:
			r.Header.Add(f.Name, f.Value)
		}
	}
	if body, ok := req.Body.(io.ReadCloser); ok && (r.ContentLength != -1 || req.Header.Has("Transfer-Encoding")) {
		r.Body = body
	} else {
		r.ContentLength = 0
		req.CloseBody()
	}
	return r.WithContext(ctx)
}

func fromHTTP(header http.Header) (h wire.Header) {
	for name, values := range header {
		for _, v := range values {
			h.Add(strings.ToLower(name), v)
		}
	}
	return h
}

// h2Body closes the connection with the body.
type h2Body struct {
	io.ReadCloser
	conn   net.Conn
	cancel context.CancelCauseFunc
}

func (b *h2Body) Close() error {
	b.cancel(nil)
	b.ReadCloser.Close()
	return b.conn.Close()
}

// serveH2 serves one connection over HTTP/2, with prior knowledge, until it is
// closed.
func serveH2(conn net.Conn, handler http.Handler) {
	ln := &single{conns: make(chan net.Conn, 1), addr: conn.LocalAddr()}
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	srv := &http.Server{Handler: handler, Protocols: protocols, ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			ln.Close()
		}
	}}
	ln.conns <- conn
	_ = srv.Serve(ln) // ends with the connection
}

// single is a listener with one connection.
type single struct {
	conns chan net.Conn
	addr  net.Addr
	once  sync.Once
}

func (s *single) Accept() (net.Conn, error) {
	if conn, ok := <-s.conns; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}

func (s *single) Close() error {
	s.once.Do(func() { close(s.conns) })
	return nil
}

func (s *single) Addr() net.Addr { return s.addr }

func h2Error(ctx context.Context, err error) *senderror.Error {
	var own *senderror.Error
	switch {
	case errors.As(err, &own):
		return own
	case strings.Contains(err.Error(), "http2: "), strings.HasPrefix(err.Error(), "stream error: "): // net/http has no types for them
		return &senderror.Error{Tag: senderror.TagH2Error, Err: err}
	}
	return senderror.Exchange(ctx, err)
}
