package hostsim

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

var errBodyClosed = errors.New("request body is closed")

// requestBody is a client's request body as long as its handler runs. A guest
// may read it in the background, and net/http's Close waits for a Read under
// way, so Close has to end that Read by other means: a deadline in the past.
type requestBody struct {
	body io.Reader
	rc   *http.ResponseController
	mu   sync.Mutex
	// closed when the Read under way returns; nil when there is none
	reading chan struct{}
	closed  bool
}

// longAgo is a deadline that ends what it is set for at once.
var longAgo = time.Unix(1, 0)

func (b *requestBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return 0, errBodyClosed
	}
	done := make(chan struct{})
	b.reading = done
	b.mu.Unlock()
	n, err := b.body.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reading = nil
	close(done)
	return n, err
}

// Close ends reading. What has not been read is left to the server.
func (b *requestBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	if b.reading == nil {
		return nil
	}
	return b.rc.SetReadDeadline(longAgo)
}

// finish closes and waits: once the handler returns, the connection is the
// server's again.
func (b *requestBody) finish() {
	b.Close()
	b.mu.Lock()
	reading := b.reading
	b.mu.Unlock()
	if reading != nil {
		<-reading
	}
}
