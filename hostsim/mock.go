package hostsim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/hostsim/internal/origin"
	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// ErrNotMocked is why a request to a backend failed that no Mock fits, or that
// the guest registered and nothing in Config.Dynamic answers for. It is in
// [BackendRequest].Err.
var ErrNotMocked = errors.New("not mocked")

// Mock is a backend's answer that needs no code. It is a Handler for a Backend
// or for Config.Dynamic. A request that it does not fit fails with
// [ErrNotMocked]; it does not get a made-up 404.
type Mock struct {
	// Method and Path say which requests it answers; empty: all. A path that
	// ends in * means all that begin so; one with a ? is compared with the
	// query as well. It is the path that the origin would get, with the prefix
	// of the backend's URL.
	Method, Path string

	Status int         // default 200
	Header wire.Header // Content-Length is added
	Body   []byte
	Delay  time.Duration // before the answer, or the fault
	// Fault makes the request fail instead: BackendRefuses, BackendTimesOut,
	// BackendResets or BackendBreakTLS.
	Fault FaultKind
}

// Mocks are the answers of one backend: the first that fits a request is taken.
type Mocks []Mock

var (
	_ http.Handler   = Mock{}
	_ http.Handler   = Mocks{}
	_ origin.Refuser = Mock{}
	_ origin.Refuser = Mocks{}
)

// check finds mistakes; the key is the one that fastly.toml has for it.
func (m *Mock) check() (key string, err error) {
	switch {
	case m.Method != "" && !wire.ValidName(m.Method):
		return "method", fmt.Errorf("%q is not a method", m.Method)
	case m.Path != "" && !strings.HasPrefix(m.Path, "/") && m.Path != "*":
		return "path", fmt.Errorf("%q does not begin with /", m.Path)
	case m.Status != 0 && (m.Status < 200 || m.Status > 599):
		return "status", fmt.Errorf("%d is not between 200 and 599", m.Status)
	case m.Delay < 0:
		return "delay_ms", errors.New("must not be negative")
	case m.Fault != "" && faultTags[m.Fault] == 0:
		return "fault", fmt.Errorf("%q is none of %q, %q, %q, %q", m.Fault, BackendRefuses, BackendTimesOut, BackendResets, BackendBreakTLS)
	case m.Fault != "" && (m.Status != 0 || m.Header != nil || m.Body != nil):
		return "fault", errors.New("a fault has no status, fields or body")
	}
	for _, f := range m.Header {
		if err := checkMockField(f); err != nil {
			return "headers", err
		}
	}
	return "", nil
}

func checkMockField(f wire.Field) error {
	switch {
	case !wire.ValidName(f.Name) || !wire.ValidValue(f.Value):
		return fmt.Errorf("%q: %q cannot be a field", f.Name, f.Value)
	case strings.EqualFold(f.Name, "Content-Length"), strings.EqualFold(f.Name, "Transfer-Encoding"):
		return fmt.Errorf("%s follows from the body, and cannot be set", f.Name)
	}
	return nil
}

// checkMocks finds mistakes in a handler that is made of mocks.
func checkMocks(handler http.Handler) error {
	mocks, ok := handler.(Mocks)
	if one, single := handler.(Mock); single {
		mocks, ok = Mocks{one}, true
	}
	if ok && len(mocks) == 0 {
		return errors.New("mocks: there is none")
	}
	for i := range mocks {
		if key, err := mocks[i].check(); err != nil {
			return fmt.Errorf("mock %d: %s: %w", i, key, err)
		}
	}
	return nil
}

func (m *Mock) fits(method, target string) bool {
	if m.Method != "" && m.Method != method {
		return false
	}
	if !strings.Contains(m.Path, "?") {
		target, _, _ = strings.Cut(target, "?")
	}
	if start, open := strings.CutSuffix(m.Path, "*"); open {
		return strings.HasPrefix(target, start)
	}
	return m.Path == "" || m.Path == target
}

func (m Mocks) find(method, target string) *Mock {
	for i := range m {
		if m[i].fits(method, target) {
			return &m[i]
		}
	}
	return nil
}

// Refuse fails requests that no mock fits, or that one makes fail.
func (m Mocks) Refuse(ctx context.Context, req *wire.Request) *senderror.Error {
	mock := m.find(req.Method, req.Target)
	if mock == nil {
		return &senderror.Error{Tag: senderror.TagDestinationNotFound, Err: fmt.Errorf("%w: no mock fits %s %q", ErrNotMocked, req.Method, req.Target)}
	}
	if mock.Fault == "" {
		return nil
	}
	if !wait(ctx, mock.Delay) {
		return senderror.Exchange(ctx, context.Cause(ctx))
	}
	return mock.Fault.asError()
}

// ServeHTTP answers with the first mock that fits.
func (m Mocks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mock := m.find(r.Method, r.RequestURI)
	if r.ContentLength > 0 {
		// As most origins do. The body of unknown length may be that of a guest
		// which waits for the answer before it goes on.
		io.Copy(io.Discard, r.Body)
	}
	if mock == nil || !wait(r.Context(), mock.Delay) {
		panic(http.ErrAbortHandler)
	}
	mock.answer(w, r)
}

// Refuse is that of Mocks.
func (m Mock) Refuse(ctx context.Context, req *wire.Request) *senderror.Error {
	return Mocks{m}.Refuse(ctx, req)
}

// ServeHTTP is that of Mocks.
func (m Mock) ServeHTTP(w http.ResponseWriter, r *http.Request) { Mocks{m}.ServeHTTP(w, r) }

func (m *Mock) answer(w http.ResponseWriter, r *http.Request) {
	header, status := m.Header.Clone(), orDefault(m.Status, http.StatusOK)
	bare := status == http.StatusNoContent || status == http.StatusNotModified
	if !bare {
		header.Add("Content-Length", strconv.Itoa(len(m.Body)))
	}
	if err := writeHead(w, status, header); err != nil {
		panic(http.ErrAbortHandler)
	}
	if !bare && r.Method != http.MethodHead {
		w.Write(m.Body) // the guest may have gone
	}
}

// wait reports whether so much time has passed before ctx ended.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
