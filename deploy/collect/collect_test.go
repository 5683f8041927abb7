package collect

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/clicklog"
	"github.com/clickedge/clickedge/deploy/clickreport"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/origins"
)

const (
	secret  = "Bearer hunter2-0123456789abcdef"
	service = "SU1Z0isxPaozGVKXdv0eYx"
	wait    = 30 * time.Second
	pause   = 10 * time.Millisecond
)

// buffer is a strings.Builder for several goroutines.
type buffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// running is a collector in this process.
type running struct {
	t       *testing.T
	o       Options
	said    buffer
	hangups chan struct{}
	stop    context.CancelFunc
	done    chan error
	url     string
	client  *http.Client
}

func newRunning(t *testing.T) *running {
	dir := t.TempDir()
	r := &running{t: t, hangups: make(chan struct{}), client: &http.Client{Timeout: wait}}
	token := filepath.Join(dir, "token")
	require.NoError(t, os.WriteFile(token, []byte(secret+"\n"), 0o600))
	r.o = Options{Dir: filepath.Join(dir, "log"), Listen: "127.0.0.1:0", Token: token, Service: []string{service}, Err: &r.said,
		In: &input.Input{Ctx: t.Context(), Err: &r.said}, LookupEnv: func(string) (string, bool) { return "", false }, Hangups: r.hangups}
	return r
}

func (r *running) start() *running {
	r.t.Helper()
	ctx, stop := context.WithCancel(r.t.Context())
	r.stop, r.done = stop, make(chan error, 1)
	from := len(r.said.String())
	go func() { r.done <- Run(ctx, r.o) }()
	r.t.Cleanup(r.stop)
	address := regexp.MustCompile(`listening on (https?://\S+)\n`)
	require.Eventually(r.t, func() bool {
		m := address.FindStringSubmatch(r.said.String()[from:])
		if m != nil {
			r.url = m[1]
		}
		return m != nil || len(r.done) > 0
	}, wait, pause)
	if r.url == "" {
		require.NoError(r.t, <-r.done)
	}
	return r
}

func (r *running) end() {
	r.t.Helper()
	r.stop()
	require.NoError(r.t, <-r.done)
	r.client.CloseIdleConnections()
}

func (r *running) until(text string) {
	r.t.Helper()
	require.Eventually(r.t, func() bool { return strings.Contains(r.said.String(), text) }, wait, pause, "%s", &r.said)
}

// ask sends a request; fields are names and values.
func (r *running) ask(method, path string, body io.Reader, fields ...string) (status int, text string, header http.Header) {
	r.t.Helper()
	req, err := http.NewRequest(method, r.url+path, body)
	require.NoError(r.t, err)
	for i := 0; i < len(fields); i += 2 {
		req.Header.Add(fields[i], fields[i+1])
	}
	resp, err := r.client.Do(req)
	require.NoError(r.t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(r.t, err)
	return resp.StatusCode, string(answer), resp.Header
}

// post sends a batch that must be taken.
func (r *running) post(text string) {
	r.t.Helper()
	status, said, _ := r.ask("POST", "/clicks", strings.NewReader(text), "Authorization", secret)
	require.Equal(r.t, http.StatusOK, status, said)
}

// report is what clickedge clicks says of the folder.
func (r *running) report() *clickreport.Report {
	r.t.Helper()
	var clicks clickreport.Clicks
	in := &input.Input{Ctx: r.t.Context(), Err: io.Discard}
	require.NoError(r.t, clicklog.Read(in, []string{filepath.Join(r.o.Dir, "clicks")}, &clicks.Reader, clicks.Line))
	return clicks.Report()
}

func line(id int) string {
	return fmt.Sprintf(`{"v":1,"time":"2026-03-01T12:00:00.000Z","request":"%032x","host":"link.example.com","esp":"sendgrid","kind":"click","method":"GET","action":"proxy","code":"ok","status":302,"destination":"","us":3,"version":"v1"}`, id)
}

func span(from, to int) (text string) {
	for i := from; i < to; i++ {
		text += line(i) + "\n"
	}
	return text
}

func packed(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.Bytes()
}

// What was taken is in the folder, whatever its form, and after a restart.
func TestCollect(t *testing.T) {
	r := newRunning(t).start()
	r.post(span(0, 3))
	status, said, _ := r.ask("PUT", "/", strings.NewReader("["+line(3)+","+line(4)+"]"), "Authorization", secret, "Content-Type", "application/json")
	require.Equal(t, "200 2 lines\n", fmt.Sprint(status, " ", said))
	status, said, _ = r.ask("POST", "/any/path?x=1", bytes.NewReader(packed(span(5, 6))), "Authorization", secret, "Content-Encoding", "gzip")
	require.Equal(t, "200 1 line\n", fmt.Sprint(status, " ", said))
	r.post("")
	r.post(span(0, 3)) // its answer was lost
	r.end()
	require.Contains(t, r.said.String(), "batches taken: 5, lines: 9, rejected lines: 0, requests refused: 0, batches that could not be kept: 0\n")
	r.start()
	r.post(span(6, 7))
	report := r.report()
	require.Equal(t, 7, report.Total.Requests)
	require.Equal(t, 3, report.Repeats)
	r.end()
	require.NotContains(t, r.said.String(), "warning")
	require.NotContains(t, r.said.String(), "hunter2")
}

// What is no line of the log is kept, and said; the rest of its batch is taken.
func TestRejected(t *testing.T) {
	r := newRunning(t).start()
	r.post(line(1) + "\nGET / 200\n" + line(2)[:60] + "\n" + `{"v":2,"action":"proxy"}` + "\n")
	r.until("warning: of a batch, 1 of another version of the log, 1 broken and 1 not of the click log: kept in ")
	r.end()
	list, err := filepath.Glob(filepath.Join(r.o.Dir, "rejected", "*"))
	require.NoError(t, err)
	require.Len(t, list, 1)
	text, err := os.ReadFile(list[0])
	require.NoError(t, err)
	require.Equal(t, "GET / 200\n"+line(2)[:60]+"\n"+`{"v":2,"action":"proxy"}`+"\n", string(text))
	require.Equal(t, 1, r.report().Total.Requests)
}

// Fastly is told which services may send here.
func TestChallenge(t *testing.T) {
	r := newRunning(t)
	r.o.Service = []string{"SU1Z0isxPaozGVKXdv0eY", service}
	r.start()
	status, said, header := r.ask("GET", "/.well-known/fastly/logging/challenge", nil)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "66b01d440c79400570c755aad9d589af5368719067c13fee58710a7198db2de8\n", said[:65])
	require.Equal(t, 2, strings.Count(said, "\n"))
	require.Equal(t, "text/plain; charset=utf-8", header.Get("Content-Type"))
	r.end()
	r.o.Service = []string{"*"}
	r.start()
	_, said, _ = r.ask("GET", "/.well-known/fastly/logging/challenge", nil)
	require.Equal(t, "*\n", said)
	require.Contains(t, r.said.String(), "warning: every service")
	r.end()
	r.o.Service = nil
	r.start()
	status, said, _ = r.ask("GET", "/.well-known/fastly/logging/challenge", nil)
	require.Equal(t, http.StatusNotFound, status)
	require.Contains(t, said, "--service")
	r.end()
}

// Nobody is heard without the token, and nothing of the body is read before.
func TestToken(t *testing.T) {
	r := newRunning(t)
	old := filepath.Join(t.TempDir(), "old")
	require.NoError(t, os.WriteFile(old, []byte("Bearer hunter2-fedcba9876543210\n"), 0o600))
	r.o.OldToken = old
	r.start()
	for _, fields := range [][]string{{}, {"Authorization", "Bearer hunter3"}, {"Authorization", ""}, {"X-Token", secret}, {"Authorization", secret + "x"},
		{"Authorization", secret[:len(secret)-1]}, {"Authorization", secret, "Authorization", secret}, {"Authorization", strings.ToLower(secret)}} {
		status, said, header := r.ask("POST", "/", strings.NewReader(line(1)), fields...)
		require.Equal(t, http.StatusUnauthorized, status, fields)
		require.Contains(t, said, "Authorization has not the token")
		require.NotContains(t, said, "hunter2")
		require.Empty(t, header.Get("Retry-After"))
	}
	r.post(line(1))
	status, _, _ := r.ask("POST", "/", strings.NewReader(line(2)), "Authorization", "Bearer hunter2-fedcba9876543210")
	require.Equal(t, http.StatusOK, status)

	// A changed token is in service soon, and one that is invalid is not.
	require.NoError(t, os.WriteFile(r.o.Token, []byte("\n"), 0o600))
	r.hangups <- struct{}{}
	r.until("the file of --log-token is empty")
	r.until("what was in service before stays")
	r.post(line(3))
	require.NoError(t, os.WriteFile(r.o.Token, []byte("Bearer hunter2-another-0123456\n"), 0o600))
	r.until("were read again")
	status, _, _ = r.ask("POST", "/", strings.NewReader(line(4)), "Authorization", secret)
	require.Equal(t, http.StatusUnauthorized, status)
	r.end()
	require.Equal(t, 3, r.report().Total.Requests)
	require.NotContains(t, r.said.String(), "hunter2")
}

// The token may be in another field, in the environment, or a credential.
func TestTokenElsewhere(t *testing.T) {
	r := newRunning(t)
	r.o.Field, r.o.Token = "X-Token", ""
	r.o.LookupEnv = func(name string) (string, bool) {
		return secret, name == "CLICKEDGE_LOG_HTTPS_HEADER_VALUE"
	}
	r.start()
	status, _, _ := r.ask("POST", "/", strings.NewReader(line(1)), "X-Token", secret)
	require.Equal(t, http.StatusOK, status)
	r.end()

	r = newRunning(t)
	r.o.Credentials = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(r.o.Credentials, "clickedge.log"), []byte("short\n"), 0o600))
	require.ErrorContains(t, Run(t.Context(), r.o), "given more than once")
	r.o.Token = ""
	r.start()
	status, _, _ = r.ask("POST", "/", strings.NewReader(line(1)), "Authorization", "short")
	require.Equal(t, http.StatusOK, status)
	r.end()
	require.Contains(t, r.said.String(), "can be guessed")

	r = newRunning(t)
	r.o.Credentials = t.TempDir() // and no such credential
	r.o.Token, r.o.Open = "", true
	r.start()
	status, _, _ = r.ask("POST", "/", strings.NewReader(line(1)))
	require.Equal(t, http.StatusOK, status)
	r.end()
	require.Contains(t, r.said.String(), "warning: whoever reaches the address can add lines")
}

// What cannot be taken says what to do, to the sender and to the operator.
func TestRefused(t *testing.T) {
	r := newRunning(t)
	r.o.BodyMiB = 1
	r.start()
	for name, c := range map[string]struct {
		method, path string
		body         []byte
		status       int
		says, warns  string
	}{
		"too large":          {"POST", "/", []byte(strings.Repeat(span(0, 8), 1<<10)), 413, "send less at once", "raise --body-mib"},
		"a bomb":             {"POST", "/", packed(strings.Repeat(span(0, 8), 1<<10)), 413, "send less at once", "raise --body-mib"},
		"another packing":    {"POST", "/", []byte("\x28\xb5\x2f\xfd...."), 415, "gzip is read", "compressed with zstd"},
		"damaged":            {"POST", "/", packed(line(1))[:50], 400, "damaged", "damaged"},
		"no body to take":    {"GET", "/", nil, 404, "posted here", ""},
		"another method":     {"DELETE", "/", nil, 405, "posted here", ""},
		"the challenge, put": {"DELETE", challengePath, nil, 405, "posted here", ""},
	} {
		status, said, _ := r.ask(c.method, c.path, bytes.NewReader(c.body), "Authorization", secret)
		require.Equal(t, c.status, status, name)
		require.Contains(t, said, c.says, name)
		require.Contains(t, r.said.String(), c.warns, name)
	}
	r.end()
	require.NoDirExists(t, filepath.Join(r.o.Dir, "clicks"))
}

// https, with a certificate that is read again when it changes.
func TestHTTPS(t *testing.T) {
	ca, err := origins.NewAuthority("test")
	require.NoError(t, err)
	r := newRunning(t)
	r.o.Cert, r.o.Key = certificate(t, ca, "127.0.0.1")
	r.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Pool()}, ForceAttemptHTTP2: true}
	r.start()
	require.True(t, strings.HasPrefix(r.url, "https://"))
	r.post(line(1))
	r.end()
}

// A start that would lose lines, or the token, is refused.
func TestOptions(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Options)
		says   string
	}{
		"no folder":           {func(o *Options) { o.Dir = "" }, "no folder"},
		"no token":            {func(o *Options) { o.Token = "" }, "there is no token"},
		"a token and none":    {func(o *Options) { o.Open = true }, "--no-token says"},
		"an old one alone":    {func(o *Options) { o.OldToken, o.Token = o.Token, "" }, "there is no token"},
		"an old one and none": {func(o *Options) { o.OldToken, o.Token, o.Open = o.Token, "", true }, "--old-token is taken beside"},
		"a token's text":      {func(o *Options) { o.Token = secret }, "not there; its name is not repeated"},
		"a name for it":       {func(o *Options) { o.Field = "Content-Type" }, "cannot have the token"},
		"no name":             {func(o *Options) { o.Field = "X Token" }, "not the name of a header field"},
		"half a certificate":  {func(o *Options) { o.Cert = "x" }, "needs a certificate and its key"},
		"no certificate":      {func(o *Options) { o.Cert, o.Key = "x", "y" }, "the certificate cannot be used"},
		"plain and not":       {func(o *Options) { o.Cert, o.Key, o.Plain = "x", "y", true }, "--plain-http"},
		"in clear":            {func(o *Options) { o.Listen = "0.0.0.0:0" }, "can be reached by others"},
		"no address":          {func(o *Options) { o.Listen = "nowhere" }, "cannot listen"},
		"standard input":      {func(o *Options) { o.Token = "-" }, "standard input"},
		"a hash":              {func(o *Options) { o.Service = []string{strings.Repeat("ab", 32)} }, "is the hash of an id"},
		"no id":               {func(o *Options) { o.Service = []string{"my service"} }, "is no id"},
		"a size":              {func(o *Options) { o.FileMiB = 5000 }, "--file-mib 5000"},
		"a body":              {func(o *Options) { o.BodyMiB = -1 }, "--body-mib -1"},
		"days":                {func(o *Options) { o.Keep = -1 }, "--keep -1"},
		"days of centuries":   {func(o *Options) { o.Keep = 200_000 }, "--keep 200000 is out of bounds"},
		"a password encoded":  {func(o *Options) { o.Postgres = "postgres://u@db/x?pass%77ord=hunter2" }, "has a password"},
		"a loader alone":      {func(o *Options) { o.Program = "duckdb" }, "no database is named"},
		"no loader":           {func(o *Options) { o.DuckDB, o.Program = "clicks.db", "no-duckdb-here" }, "cannot be found"},
		"a password":          {func(o *Options) { o.Postgres = "postgres://u:hunter2@db/x" }, "has a password"},
		"a password in words": {func(o *Options) { o.Postgres = "host=db password=hunter2" }, "has a password"},
		"no database":         {func(o *Options) { o.Postgres = "postgres://db:port/x" }, "is no URL"},
		"a folder for all":    {func(o *Options) { o.Dir = t.TempDir(); _ = os.Chmod(o.Dir, 0o777) }, "everybody can write"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRunning(t)
			c.change(&r.o)
			err := Run(t.Context(), r.o)
			require.ErrorContains(t, err, c.says)
			require.NotEmpty(t, failure.Of(err).Hint)
			require.NotContains(t, err.Error()+failure.Of(err).Hint+r.said.String(), "hunter2")
		})
	}
}

// An address that others can reach takes http when the operator says so.
func TestPlain(t *testing.T) {
	r := newRunning(t)
	r.o.Listen, r.o.Plain = "0.0.0.0:0", true
	r.start()
	require.Contains(t, r.said.String(), "come to ")
	require.Contains(t, r.said.String(), " in clear")
	r.end()
}

// fakeStore takes no lines while err is set.
type fakeStore struct {
	mu    sync.Mutex
	err   error
	block chan struct{}
	text  string
}

func (s *fakeStore) Append(lines, _ []byte) error {
	if s.block != nil {
		<-s.block
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.text += string(lines)
	}
	return s.err
}

func (s *fakeStore) RejectedFile() string { return "rejected" }

// A disk that takes nothing is said once, to the operator, and to senders each
// time, who come again.
func TestFullDisk(t *testing.T) {
	var said buffer
	s := &fakeStore{err: errors.New("no space left on device")}
	h := &handler{store: s, open: true, most: 1 << 20, turns: make(chan struct{}, 1), turnTime: wait, taken: func() {}, warn: func(text string) { fmt.Fprintln(&said, text) }}
	for range 3 {
		w := post(t, h, line(1))
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Equal(t, "10", w.Header().Get("Retry-After"))
	}
	require.Equal(t, 1, strings.Count(said.String(), "lines cannot be kept"))
	require.Equal(t, http.StatusServiceUnavailable, get(h, healthPath).Code)
	s.err = nil
	require.Equal(t, http.StatusOK, post(t, h, line(1)).Code)
	require.Equal(t, http.StatusOK, get(h, healthPath).Code)
	require.Contains(t, said.String(), "lines are kept again")
	require.Equal(t, line(1)+"\n", s.text)
	h.stopping.Store(true)
	require.Equal(t, http.StatusServiceUnavailable, get(h, healthPath).Code)
	require.Equal(t, http.StatusNotFound, get(h, challengePath).Code)
	require.Equal(t, "batches taken: 1, lines: 1, rejected lines: 0, requests refused: 3, batches that could not be kept: 3", h.counts.String())
}

// Batches beyond the bound wait, and are asked to come again.
func TestTooManyAtOnce(t *testing.T) {
	s := &fakeStore{block: make(chan struct{})}
	h := &handler{store: s, open: true, most: 1 << 20, turns: make(chan struct{}, 1), turnTime: time.Millisecond, taken: func() {}, warn: func(string) {}}
	first := make(chan int)
	go func() { first <- post(t, h, line(1)).Code }()
	require.Eventually(t, func() bool { return len(h.turns) == 1 }, wait, time.Millisecond)
	w := post(t, h, line(2))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Contains(t, w.Body.String(), "too many batches")
	close(s.block)
	require.Equal(t, http.StatusOK, <-first)
	require.Equal(t, http.StatusOK, post(t, h, line(2)).Code)
}
