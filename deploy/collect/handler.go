package collect

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clickedge/clickedge/deploy/collect/batch"
	"github.com/clickedge/clickedge/deploy/output"
)

const (
	// challengePath is where Fastly asks whether a service may send here.
	challengePath = "/.well-known/fastly/logging/challenge"
	healthPath    = "/healthz"
)

const (
	// pieceTime is how long a sender may take for a piece of a body.
	pieceTime = 15 * time.Second
	// bodyTime is how long it may take for all of it.
	bodyTime = 2 * time.Minute
	// atOnce is how many batches are read at once; each is in memory.
	atOnce = 4
	// turnTime is how long a batch waits for its turn.
	turnTime = 10 * time.Second
	// retryAfter is the wait that is asked of a sender, in seconds.
	retryAfter = "10"
)

// store takes batches.
type store interface {
	Append(lines, rejected []byte) error
	RejectedFile() string
}

// handler answers senders.
type handler struct {
	store     store
	field     string                     // header field with the token
	tokens    atomic.Pointer[[][32]byte] // hashes of those that are taken
	open      bool                       // anybody is heard
	challenge string                     // what Fastly is answered; "" for 404
	most      int64                      // bytes of a body
	turns     chan struct{}
	turnTime  time.Duration
	taken     func() // called after lines were kept
	warn      func(text string)

	stopping atomic.Bool
	counts   counts
	mu       sync.Mutex
	said     string // why the disk takes nothing, as it was said last
}

// counts is what came of the requests.
type counts struct{ batches, lines, rejected, refused, failed atomic.Int64 }

// String is the line that is printed at the end.
func (c *counts) String() string {
	return fmt.Sprintf("batches taken: %d, lines: %d, rejected lines: %d, requests refused: %d, batches that could not be kept: %d",
		c.batches.Load(), c.lines.Load(), c.rejected.Load(), c.refused.Load(), c.failed.Load())
}

var _ http.Handler = (*handler)(nil)

// challengeText is what Fastly is answered: a line for each service, with the
// SHA-256 of its id; "*" stands for any.
func challengeText(services []string) string {
	var b strings.Builder
	for _, id := range services {
		if id != anyService {
			sum := sha256.Sum256([]byte(id))
			id = hex.EncodeToString(sum[:])
		}
		b.WriteString(id + "\n")
	}
	return b.String()
}

// setTokens puts tokens into service.
func (h *handler) setTokens(tokens []string) {
	var hashes [][32]byte
	for _, token := range tokens {
		hashes = append(hashes, sha256.Sum256([]byte(token)))
	}
	h.tokens.Store(&hashes)
}

// knows reports whether a request has a token that is taken. How long that takes
// does not depend on where two tokens differ.
func (h *handler) knows(r *http.Request) bool {
	if h.open {
		return true
	}
	values := r.Header.Values(h.field)
	if len(values) != 1 {
		return false
	}
	sum, found := sha256.Sum256([]byte(values[0])), 0
	for _, token := range *h.tokens.Load() {
		found |= subtle.ConstantTimeCompare(sum[:], token[:])
	}
	return found == 1
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	reading := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case r.URL.Path == challengePath && reading:
		h.answerChallenge(w)
	case r.URL.Path == healthPath && reading:
		h.health(w)
	case r.Method == http.MethodPost, r.Method == http.MethodPut:
		h.post(w, r)
	case reading:
		http.Error(w, "lines of a log are posted here", http.StatusNotFound)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST, PUT")
		http.Error(w, "lines of a log are posted here", http.StatusMethodNotAllowed)
	}
}

func (h *handler) answerChallenge(w http.ResponseWriter) {
	if h.challenge == "" {
		http.Error(w, "no service of Fastly may send here: start clickedge collect with --service and its id", http.StatusNotFound)
		return
	}
	_, _ = io.WriteString(w, h.challenge)
}

// health says whether batches are taken.
func (h *handler) health(w http.ResponseWriter) {
	h.mu.Lock()
	said := h.said
	h.mu.Unlock()
	switch {
	case h.stopping.Load():
		http.Error(w, "stopping", http.StatusServiceUnavailable)
	case said != "":
		http.Error(w, "lines cannot be kept", http.StatusServiceUnavailable)
	default:
		_, _ = io.WriteString(w, "ok\n")
	}
}

// post takes a batch.
func (h *handler) post(w http.ResponseWriter, r *http.Request) {
	if !h.knows(r) {
		h.refuse(w, http.StatusUnauthorized, "the header field "+h.field+" has not the token of this receiver")
		return
	}
	leave, ok := h.enter(r.Context())
	if !ok {
		h.later(w, "too many batches at once; send it again")
		return
	}
	defer leave()
	b, err := batch.Read(newPatient(w, r), h.most)
	if err != nil {
		h.unread(w, err)
		return
	}
	if err := h.store.Append(b.Lines, b.Rejected); err != nil {
		h.counts.failed.Add(1)
		h.notKept(err)
		h.later(w, "the lines cannot be kept now; send them again")
		return
	}
	h.kept(b)
	_, _ = fmt.Fprintln(w, output.Count(b.Count, "line"))
}

// enter waits for the turn of a batch.
func (h *handler) enter(ctx context.Context) (leave func(), ok bool) {
	ctx, cancel := context.WithTimeout(ctx, h.turnTime)
	defer cancel()
	select {
	case h.turns <- struct{}{}:
		return func() { <-h.turns }, true
	case <-ctx.Done():
		return nil, false
	}
}

func (h *handler) refuse(w http.ResponseWriter, status int, text string) {
	h.counts.refused.Add(1)
	w.Header().Set("Connection", "close") // what is left of the body is not read
	http.Error(w, text, status)
}

// later asks the sender to come again.
func (h *handler) later(w http.ResponseWriter, text string) {
	w.Header().Set("Retry-After", retryAfter)
	h.refuse(w, http.StatusServiceUnavailable, text)
}

// unread says why a body was not read.
func (h *handler) unread(w http.ResponseWriter, err error) {
	packed, late := new(batch.PackedError), net.Error(nil)
	switch {
	case errors.Is(err, batch.ErrTooLarge):
		h.warn("warning: a batch was refused, and its lines are not here: " + err.Error() + "; let senders send less at once (Fastly: request_max_bytes, request_max_entries), or raise --body-mib")
		h.refuse(w, http.StatusRequestEntityTooLarge, err.Error()+"; send less at once")
	case errors.As(err, &packed):
		h.warn("warning: a batch was refused, and its lines are not here: " + err.Error() + "; let the sender compress with gzip, or not at all")
		h.refuse(w, http.StatusUnsupportedMediaType, err.Error()+"; gzip is read")
	case errors.As(err, new(*batch.DamagedError)):
		h.warn("warning: a batch was refused, and its sender has to send it again: " + err.Error())
		h.refuse(w, http.StatusBadRequest, err.Error())
	case errors.As(err, &late) && late.Timeout():
		h.refuse(w, http.StatusRequestTimeout, "the batch came too slowly; send it again")
	default:
		h.refuse(w, http.StatusBadRequest, "the batch broke off; send it again")
	}
}

// kept counts a batch that was kept, and says what of it was no line.
func (h *handler) kept(b *batch.Batch) {
	h.counts.batches.Add(1)
	h.counts.lines.Add(int64(b.Count))
	if n := b.Rejections(); n > 0 {
		h.counts.rejected.Add(int64(n))
		h.warn(fmt.Sprintf("warning: of a batch, %s: kept in %s", b.Why, h.store.RejectedFile()))
	}
	h.mu.Lock()
	was := h.said
	h.said = ""
	h.mu.Unlock()
	if was != "" {
		h.warn("lines are kept again")
	}
	h.taken()
}

// notKept says why lines cannot be kept, when it is another reason than before.
func (h *handler) notKept(err error) {
	text := err.Error()
	h.mu.Lock()
	same := h.said == text
	h.said = text
	h.mu.Unlock()
	if !same {
		h.warn("warning: lines cannot be kept, and senders are asked to send them again: " + text)
	}
}

// patient reads a body, and gives its sender some time for each piece, and some
// for all.
type patient struct {
	body  io.Reader
	until time.Time
	set   func(time.Time) error
}

func newPatient(w http.ResponseWriter, r *http.Request) *patient {
	return &patient{r.Body, time.Now().Add(bodyTime), http.NewResponseController(w).SetReadDeadline}
}

// Read implements io.Reader.
func (p *patient) Read(b []byte) (int, error) {
	at := time.Now().Add(pieceTime)
	if at.After(p.until) {
		at = p.until
	}
	_ = p.set(at) // a connection that takes none has none
	return p.body.Read(b)
}

// bound is the most bytes of a body, from MiB.
func bound(mib int) int64 { return int64(mib) << 20 }
