package spool

import (
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
)

// receiver is where batches are sent to in tests.
type receiver struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	answer  func(id, lines string) (status int, retryAfter string)
	batches map[string]string // by id
	asked   []string          // ids, attempts that were refused included
	headers []http.Header
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{t: t, batches: map[string]string{}, answer: func(string, string) (int, string) { return 204, "" }}
	r.Server = httptest.NewTLSServer(r)
	t.Cleanup(r.Server.Close)
	return r
}

func (r *receiver) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(r.Certificate())
	return pool
}

// answers sets what the receiver says.
func (r *receiver) answers(f func(id, lines string) (int, string)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

func always(status int, retryAfter string) func(string, string) (int, string) {
	return func(string, string) (int, string) { return status, retryAfter }
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body := io.Reader(q.Body)
	if q.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			r.t.Error(err)
			return
		}
		body = z
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return // the server was stopped in the middle
	}
	id, err := strconv.Unquote(q.Header.Get(KeyField))
	if err != nil || q.Method != http.MethodPost {
		r.t.Errorf("%s with %q", q.Method, q.Header.Get(KeyField))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, id)
	r.headers = append(r.headers, q.Header)
	status, retry := r.answer(id, string(text))
	if before, again := r.batches[id]; again && before != string(text) {
		r.t.Errorf("batch %s has changed", id)
	}
	if status < 300 {
		r.batches[id] = string(text)
	}
	if retry != "" {
		w.Header().Set("Retry-After", retry)
	}
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, q.Header.Get("Authorization")) // as careless receivers do
}

// lines counts how often each line was received, a batch counted once.
func (r *receiver) lines() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	count := map[string]int{}
	for _, text := range r.batches {
		for one := range strings.Lines(text) {
			count[one]++
		}
	}
	return count
}

func (r *receiver) attempts() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.asked)
}

// deliver sends the spool's batches to a receiver, with short waits.
func (r *rig) deliver(to *receiver, o ReceiverOptions) *Delivery {
	r.Helper()
	o.URL, o.Roots = to.URL+"/clicks?source=a", to.roots()
	at, err := NewReceiver(o)
	require.NoError(r, err)
	at.SetToken("Bearer secret-token")
	d := &Delivery{spool: r.s, receiver: at, observe: func(string) {}, nudge: make(chan struct{}, 1), last: make(chan struct{}), done: make(chan struct{}),
		first: time.Millisecond, longest: tick}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	go d.run()
	return d
}

func (r *rig) end(d *Delivery) {
	r.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), wait30)
	defer cancel()
	require.NoError(r, d.Close(ctx))
	require.NotContains(r, r.String(), "secret-token")
	require.NotContains(r, r.String(), "source=a")
}

func requireEach(t *testing.T, got map[string]int, n int) {
	t.Helper()
	require.Len(t, got, n)
	for i := range n {
		require.Equal(t, 1, got[line(i)], line(i))
	}
}

// Each line arrives, in a batch with an id, as Fastly sends NDJSON; compressed
// if asked for. Nothing is left behind.
func TestDeliver(t *testing.T) {
	for _, zip := range []bool{false, true} {
		r := newRig(t).open()
		to := newReceiver(t)
		d := r.deliver(to, ReceiverOptions{Gzip: zip})
		r.write(0, 200)
		r.end(d)
		requireEach(t, to.lines(), 200)
		for _, h := range to.headers {
			require.Equal(t, "application/x-ndjson", h.Get("Content-Type"))
			require.Equal(t, "Bearer secret-token", h.Get("Authorization"))
			require.Equal(t, zip, h.Get("Content-Encoding") == "gzip")
		}
		require.Equal(t, []string{filepath.Join(r.o.Dir, "lock")}, r.names(""))
		require.Empty(t, r.String())
	}
}

// A receiver that is down, slow or wrong costs no line, whatever it answers. It
// is said once, and once when it is over.
func TestReceiverFails(t *testing.T) {
	for status, want := range map[int]string{
		500: "it answers 500", 503: "it answers 503", 429: "it answers 429", 401: "is its token right?", 404: "it answers 404",
		413: "bodies of 1 MiB", 301: "redirects are not followed", 400: "it answers 400", 408: "it answers 408",
	} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			r := newRig(t).open()
			to := newReceiver(t)
			to.answers(always(status, ""))
			d := r.deliver(to, ReceiverOptions{})
			r.write(0, 100)
			require.Eventually(t, func() bool { return to.attempts() >= 3 && strings.Contains(r.String(), want) }, wait30, tick)
			require.Empty(t, to.lines())
			to.answers(always(200, ""))
			d.Nudge()
			require.Eventually(t, func() bool { return len(to.lines()) == 100 }, wait30, tick)
			r.end(d)
			requireEach(t, to.lines(), 100)
			require.Equal(t, 1, strings.Count(r.String(), want), "%s", r.String())
			require.Equal(t, 1, strings.Count(r.String(), " again\n"), "%s", r.String())
		})
	}
}

// A batch that alone is refused does not hold up the others, and is not lost.
func TestOneBatchIsRefused(t *testing.T) {
	r := newRig(t).open()
	to := newReceiver(t)
	refuse := func(_, lines string) (int, string) {
		if strings.Contains(lines, line(0)) {
			return 422, ""
		}
		return 200, ""
	}
	to.answers(refuse)
	d := r.deliver(to, ReceiverOptions{})
	r.write(0, 200)
	require.Eventually(t, func() bool { return to.lines()[line(150)] == 1 }, wait30, tick)
	r.end(d)
	require.Contains(t, r.String(), "1 batch of the click log")
	require.Contains(t, r.all(), line(0))

	r.open()
	to.answers(always(200, ""))
	r.end(r.deliver(to, ReceiverOptions{}))
	requireEach(t, to.lines(), 200)
}

// A receiver that is there again after a restart gets what the process before
// had, with the ids that it may know already.
func TestReceiverIsDown(t *testing.T) {
	r := newRig(t).open()
	to := newReceiver(t)
	to.answers(func(id, lines string) (int, string) { // it has it, and its answer is lost
		to.batches[id] = lines
		return 500, ""
	})
	d := r.deliver(to, ReceiverOptions{})
	r.write(0, 100)
	require.Eventually(t, func() bool { return to.attempts() > 0 }, wait30, tick)
	r.end(d)
	require.Contains(t, r.String(), "stay in the spool and are delivered after the next start")
	to.answers(always(200, ""))
	r.open()
	r.end(r.deliver(to, ReceiverOptions{}))
	requireEach(t, to.lines(), 100)
}

// Without a network there is no answer, and nothing is lost.
func TestNoAnswer(t *testing.T) {
	r := newRig(t).open()
	to := newReceiver(t)
	to.Server.Close()
	d := r.deliver(to, ReceiverOptions{})
	r.write(0, 3)
	require.Eventually(t, func() bool {
		return strings.Contains(r.String(), "connection refused") || strings.Contains(r.String(), "refused it")
	}, wait30, tick)
	r.end(d)
	require.Equal(t, span(0, 3), r.all())
}

// A certificate of nobody's gets no line.
func TestUnknownAuthority(t *testing.T) {
	r := newRig(t).open()
	to := newReceiver(t)
	to.Config.ErrorLog = nil
	at, err := NewReceiver(ReceiverOptions{URL: to.URL, Roots: x509.NewCertPool()})
	require.NoError(t, err)
	d := Deliver(r.s, at, func(string) {})
	r.write(0, 3)
	require.Eventually(t, func() bool { return strings.Contains(r.String(), "certificate") }, wait30, tick)
	r.end(d)
	require.Zero(t, to.attempts())
	require.Equal(t, span(0, 3), r.all())
}

// The end does not wait for a receiver that never answers.
func TestCloseIsBounded(t *testing.T) {
	r := newRig(t).open()
	hold := make(chan struct{})
	stuck := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hold }))
	defer stuck.Close()
	defer close(hold)
	pool := x509.NewCertPool()
	pool.AddCert(stuck.Certificate())
	at, err := NewReceiver(ReceiverOptions{URL: stuck.URL, Roots: pool})
	require.NoError(t, err)
	d := Deliver(r.s, at, func(string) { t.Error("no failure of the receiver's is counted") })
	r.write(0, 100)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, d.Close(ctx))
	require.Equal(t, span(0, 100), r.all())
}

// A batch that somebody has removed, or that cannot be read, is said and does
// not hold up the others.
func TestBatchIsGone(t *testing.T) {
	r := newRig(t).open()
	r.write(0, 200)
	require.NoError(t, r.s.Close())
	names := r.names(sealedEnding)
	r.open()
	require.NoError(t, os.Remove(names[0]))
	require.NoError(t, os.Truncate(names[1], 0))
	to := newReceiver(t)
	d := r.deliver(to, ReceiverOptions{})
	require.Eventually(t, func() bool { return to.lines()[line(199)] == 1 }, wait30, tick)
	require.Contains(t, r.String(), "somebody has removed a batch")
	require.Contains(t, r.String(), "cannot be read: it is empty")
	r.end(d)
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, " 90 ": 90 * time.Second, "-1": 0, "soon": 0, "1.5": 0, "9999999": mostWait, "99999999999999999999": 0,
		"Sun, 01 Mar 2026 12:00:30 GMT": 30 * time.Second, "Sun, 01 Mar 2026 11:00:00 GMT": 0, "Mon, 02 Mar 2026 12:00:00 GMT": mostWait,
	} {
		require.Equal(t, want, waitOf(value, now), value)
	}
	r := newRig(t).open()
	d := &Delivery{spool: r.s, receiver: &Receiver{}, observe: func(string) {}, first: time.Second, longest: time.Minute, ctx: t.Context()}
	require.Equal(t, 7*time.Minute, d.failed(Batch{}, &refusal{429, 7 * time.Minute}))
	for n := 2; n < 100; n++ {
		wait, want := d.failed(Batch{}, errors.New("x")), min(time.Second<<min(n-1, 10), time.Minute)
		require.LessOrEqual(t, wait, want)
		require.GreaterOrEqual(t, wait, want*3/4)
	}
}

// What could be a secret is refused in the URL, and never repeated.
func TestReceivers(t *testing.T) {
	for url, want := range map[string]string{
		"http://logs.example.com/":                    "only sent over https",
		"ftp://logs.example.com/":                     "only sent over https",
		"https://":                                    "not a URL with a host",
		"https://:443/":                               "not a URL with a host",
		"https://logs.example.com:x/hunter2":          "not a URL with a host",
		"https://me:hunter2@logs.example.com/":        "has a user's name",
		"https://logs.example.com/?api_key=hunter2":   "looks like a secret",
		"https://logs.example.com/?X-Token=hunter2":   "looks like a secret",
		"https://logs.example.com/#hunter2":           "fragment",
		"https://logs.example.com/?signature=hunter2": "looks like a secret",
	} {
		require.True(t, IsURL(url))
		_, err := NewReceiver(ReceiverOptions{URL: url})
		require.ErrorContains(t, err, want, url)
		require.True(t, failure.Is(err))
		require.NotContains(t, err.Error()+failure.Of(err).Hint, "hunter2")
	}
	for _, name := range []string{"-", "clicks.ndjson", "/var/log/a://b", `C:\logs\a`, "https:/x"} {
		require.False(t, IsURL(name), name)
	}
	for field, want := range map[string]string{"X Key": "not the name", "idempotency-key": "written with each batch", "content-type": "written with each batch", "Über": "not the name"} {
		_, err := NewReceiver(ReceiverOptions{URL: "https://logs.example.com/", Field: field})
		require.ErrorContains(t, err, want, field)
	}
	for _, url := range []string{"https://logs.example.com", "https://logs.example.com:8443/v1/push?source=clicks&ddtags=a:b", "https://[::1]/x"} {
		_, err := NewReceiver(ReceiverOptions{URL: url, Field: "X-Api-Key"})
		require.NoError(t, err, url)
	}
}

// Of files that the disk has damaged the receiver gets the whole lines; the rest
// stays, is said, and holds up nothing.
func TestDamagedBatchesAreDelivered(t *testing.T) {
	r := newRig(t).open()
	r.write(0, 200)
	require.NoError(t, r.s.Close())
	names := r.names(sealedEnding)
	require.Greater(t, len(names), 3)
	text, err := os.ReadFile(names[0])
	require.NoError(t, err)
	lost := strings.Count(string(text), "\n")
	require.NoError(t, os.WriteFile(names[0], make([]byte, len(text)), 0o600)) // zeros
	text, err = os.ReadFile(names[1])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(names[1], text[:len(text)-5], 0o600)) // its last line is cut
	lost++

	to := newReceiver(t)
	r.open()
	r.end(r.deliver(to, ReceiverOptions{}))
	got := to.lines()
	require.Len(t, got, 200-lost)
	for text, n := range got {
		require.Regexp(t, `^\{"request":"\d{6}"\}\n$`, text)
		require.Equal(t, 1, n)
	}
	require.Empty(t, r.names(sealedEnding))
	require.Len(t, r.names(damagedEnding), 2)
	require.Equal(t, 2, strings.Count(r.String(), "were no whole line any more"), "%s", r.String())
	_, size := r.s.Waiting()
	require.Positive(t, size, "what stays has its bytes")
}
