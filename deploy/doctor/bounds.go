package doctor

import (
	"errors"
	"time"
)

// What one examination sends at most. A healthy set-up takes about half.
const (
	MaxQueries     = 64 // DNS queries, repetitions over TCP included
	MaxConnections = 96 // TCP connections
	MaxRequests    = 64 // HTTP requests, those to the ESP's origin included
	// RequestsPerESP are more requests, and connections, for each further ESP.
	RequestsPerESP = 8
	MaxBody        = 160 << 10
)

// patience bounds an examination as a whole, in timeouts.
const patience = 12

// errBound says that the examination has sent all that it may.
var errBound = errors.New("the examination has reached its bound")

// bounds counts what was sent.
type bounds struct {
	until                          time.Time
	queries, connections, requests int
	further                        int // requests and connections for further ESPs
	// exhausted is set once something was not sent, or must not be; nothing is
	// sent then. why says it.
	exhausted bool
	why       string
}

// end lets nothing more be sent.
func (b *bounds) end(why string) {
	if !b.exhausted {
		b.exhausted, b.why = true, why
	}
}

func (b *bounds) take(count *int, most int) error {
	if *count >= most || time.Now().After(b.until) {
		b.end("the examination has sent all that it may, or taken too long")
	}
	if b.exhausted {
		return errBound
	}
	*count++
	return nil
}

func (b *bounds) query() error      { return b.take(&b.queries, MaxQueries) }
func (b *bounds) connection() error { return b.take(&b.connections, MaxConnections+b.further) }
func (b *bounds) request() error    { return b.take(&b.requests, MaxRequests+b.further) }
