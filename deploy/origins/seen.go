package origins

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/clickedge/clickedge/hostsim/wire"
)

const (
	keepSeen = 4096     // requests
	maxBody  = 64 << 10 // bytes; a one-click body has 26
)

// Seen is one request as it arrived at an origin.
type Seen struct {
	Backend string
	TLS     bool
	SNI     string // the name in the handshake; "" over http, or when none was sent
	Method  string
	Target  string      // the request target, byte for byte
	Header  wire.Header // the fields in order, with names as sent, Host included
	Body    []byte      // nil when there was none
	Remote  string      // who connected, "127.0.0.1:port"
}

// Host returns the Host field, as sent.
func (s Seen) Host() string {
	host, _ := s.Header.Get("Host")
	return host
}

// newSeen reads the request's body. It is returned even on an error, with what
// had arrived by then.
func newSeen(backend string, r *http.Request) (Seen, error) {
	s := Seen{
		Backend: backend, Method: r.Method, Target: r.RequestURI,
		Header: wire.RawHeader(r).Clone(), Remote: r.RemoteAddr,
	}
	if r.TLS != nil {
		s.TLS, s.SNI = true, r.TLS.ServerName
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if len(body) > maxBody {
		body, err = body[:maxBody], fmt.Errorf("request body has more than %d bytes", maxBody)
	}
	if len(body) > 0 {
		s.Body = body
	}
	return s, err
}

// recorder keeps the latest requests and calls notify.
type recorder struct {
	notify func(Seen) // may be nil

	mu   sync.Mutex
	seen []Seen
}

func (r *recorder) add(s Seen) {
	r.mu.Lock()
	if len(r.seen) == keepSeen {
		r.seen = append(r.seen[:0], r.seen[keepSeen/2:]...) // half at once, not one each time
	}
	r.seen = append(r.seen, s)
	r.mu.Unlock()
	if r.notify != nil {
		r.notify(s)
	}
}

func (r *recorder) list() []Seen {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

func (r *recorder) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = nil
}
