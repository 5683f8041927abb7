package server

import (
	"context"
	"net/http"

	"github.com/clickedge/clickedge/hostsim/wire"
)

var (
	_ http.Handler    = (*Server)(nil)
	_ wire.RawHandler = (*Server)(nil)
)

// ServeRaw implements wire.RawHandler.
func (s *Server) ServeRaw(w *wire.RawWriter, r *wire.RawRequest) error {
	x := newExchange()
	x.in = Incoming{Method: r.Method, Target: r.Target, Header: r.Header, Secure: r.TLS != nil,
		Address: r.Remote.Addr(), Body: r.Body, Length: r.Length}
	return s.answer(context.Background(), x, w)
}

// answerer is what package wire gives a handler.
type answerer interface {
	wire.HeadWriter
	http.ResponseWriter
	FlushError() error
}

// ServeHTTP implements http.Handler, behind a [wire.Server]. An answer that is
// not whole ends its connection.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.Answer(r.Context(), IncomingOf(r), w.(answerer)); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// IncomingOf returns a request that came through a [wire.Server].
func IncomingOf(r *http.Request) *Incoming {
	in := &Incoming{Method: r.Method, Target: r.RequestURI, Header: wire.RawHeader(r), Secure: r.TLS != nil,
		Address: addressOf(r.RemoteAddr), Length: r.ContentLength}
	if r.Body != http.NoBody {
		in.Body = r.Body
	}
	return in
}
