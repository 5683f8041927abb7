package wire

import (
	"crypto/tls"
	"errors"
	"io"
	"net/netip"
)

// RawHandler answers requests as they came. Of net/http there is no request, no
// map of fields and no context: what it does not use is not made. A client who
// has left is not noticed before something is written to it, and a request is
// finished without it.
type RawHandler interface {
	// ServeRaw answers one request. An error ends the connection without the end
	// of the answer; [ErrNotRaw] leaves the request to the server's Handler, if
	// nothing has been written or read yet.
	ServeRaw(w *RawWriter, r *RawRequest) error
}

// ErrNotRaw is returned by a [RawHandler] for a request that is not for it.
var ErrNotRaw = errors.New("request is left to the server's Handler")

// RawRequest is a request as it came. It and its Header are the server's again
// when the handler returns; the texts in them may be kept.
type RawRequest struct {
	Method, Target, Proto string
	Header                Header
	Remote                netip.AddrPort // of the client; the zero AddrPort where there is none
	TLS                   *tls.ConnectionState
	// Body is nil where the request has none. Length is -1 where it is not
	// known.
	Body   io.Reader
	Length int64
	// Close: the client sends no other request after this one.
	Close bool
}

// minor is the minor version.
func (r *RawRequest) minor() int { return int(r.Proto[len(r.Proto)-1] - '0') }
