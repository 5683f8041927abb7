package fastlytest

import (
	"context"
	"net/http"
)

// router turns functions of a call into handlers.
type router struct {
	api *API
	mux *http.ServeMux
}

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

func (r *router) handle(pattern string, do func(*call)) {
	r.mux.HandleFunc(pattern, func(_ http.ResponseWriter, req *http.Request) {
		c := req.Context().Value(callKey{}).(*call)
		c.r = req // the one that knows the path's values
		do(c)
	})
}

// discard takes an answer that is lost on its way.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}
