package server

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/outcome"
)

// MostBody is the most bytes of a request's body, unless a [Server] says
// otherwise. An unsubscribe has some hundred.
const MostBody = 10 << 20

// bounded is a body of at most left bytes: a longer one fails.
type bounded struct {
	io.Reader
	left int64
	over atomic.Bool // it was longer
}

var errBodyTooLong = errors.New("the request's body is too long")

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.over.Load() {
		return 0, errBodyTooLong
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one more, to see that there is more
	}
	n, err := b.Reader.Read(p)
	if b.left -= int64(n); b.left < 0 {
		b.over.Store(true)
		return n - 1, errBodyTooLong
	}
	return n, err
}

// Close implements io.Closer.
func (b *bounded) Close() error {
	if c, ok := b.Reader.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// bound reports whether the request's body may be sent to an ESP: one whose
// length is known to be too long is not begun. Any other fails where it becomes
// too long.
func (x *exchange) bound() bool {
	most := x.s.MostBody
	if most == 0 {
		most = MostBody
	}
	if x.in.Length > most {
		return false
	}
	if x.in.Body != nil {
		x.body = &bounded{Reader: x.in.Body, left: most}
	}
	return true
}

// tooLong is the page for a body that is too long.
var tooLong = core.Page{Code: outcome.IncompleteRequest, Status: http.StatusRequestEntityTooLarge}
