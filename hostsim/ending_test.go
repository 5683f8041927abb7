package hostsim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A guest that goes wrong ends its own request, with a reason.
func TestEndings(t *testing.T) {
	var logged bytes.Buffer
	cfg := Config{Limits: Limits{MemoryPages: 400}, Log: slog.New(slog.NewTextHandler(&logged, nil))}
	patient := newHost(t, "raw", cfg)
	cfg.Limits.Time = 400 * time.Millisecond
	hasty := newHost(t, "raw", cfg)
	cases := []struct {
		target  string
		status  int
		kind    EndKind
		code    uint32
		message string
	}{
		{"/nothing", 200, Exited, 0, ""},
		{"/exit", 500, Exited, 7, "exit_code(7)"},
		{"/trap", 500, Trapped, 0, "out of bounds"},
		{"/loop", 503, TimedOut, 0, "still running after 400ms"},
		{"/sleep", 503, TimedOut, 0, "still running after 400ms"},
		{"/eat", 500, OutOfMemory, 2, "beyond 400 pages"},
	}
	for _, c := range cases {
		t.Run(c.target, func(t *testing.T) {
			logged.Reset()
			h := patient
			if c.kind == TimedOut {
				h = hasty
			}
			resp, x := do(t, h, &Request{Target: c.target})
			require.Equal(t, c.status, resp.Status, "%s %s", x.Ending, x.Stderr)
			require.Equal(t, c.kind, x.Ending.Kind)
			require.Equal(t, c.code, x.Ending.Code)
			require.Contains(t, x.Ending.Message, c.message)
			require.False(t, x.Responded)
			require.Equal(t, c.status, x.Response)
			require.Equal(t, c.message == "", logged.Len() == 0, "a failure is logged")
		})
	}
	resp, _ := do(t, patient, &Request{Target: "/uri"})
	require.Equal(t, 200, resp.Status, "the host goes on")
}

func TestEarlyAnswerThenWork(t *testing.T) {
	h := newHost(t, "raw", Config{})
	resp, x := do(t, h, &Request{Target: "/late"})
	require.Equal(t, "early", string(resp.Body))
	require.Equal(t, []LogLine{{"late", "done"}}, x.Logs)
	require.True(t, x.Responded)
	_, x = do(t, h, &Request{Target: "/twice"})
	require.True(t, x.Ending.OK(), "%s", x.Stderr)
}

// A guest that makes handles for ever meets limitexceeded, not the end of the
// host's memory.
func TestHostMemoryBudget(t *testing.T) {
	h := newHost(t, "raw", Config{Limits: Limits{HostBytes: 1 << 20}})
	_, x := do(t, h, &Request{Target: "/flood"})
	last := x.Calls[len(x.Calls)-1]
	require.Equal(t, StatusLimitExceeded, last.Status, last)
}

// A guest that does not come to an answer has AfterDisconnect.
func TestClientGoesBeforeTheAnswer(t *testing.T) {
	h := newHost(t, "raw", Config{Limits: Limits{AfterDisconnect: 50 * time.Millisecond}})
	ctx, cancel := context.WithCancel(context.Background())
	var once bool
	h.cfg.OnLog = func(LogLine) { once = true }
	time.AfterFunc(50*time.Millisecond, cancel)
	resp, x, err := h.Do(ctx, &Request{Target: "/loop"})
	require.ErrorIs(t, err, context.Canceled)
	require.Nil(t, resp)
	require.Equal(t, Cancelled, x.Ending.Kind)
	require.Equal(t, "client went away", x.Ending.Message)
	require.False(t, once)
}

func TestCloseEndsGuests(t *testing.T) {
	h := newHost(t, "raw", Config{})
	done := make(chan *Exchange)
	go func() {
		_, x, _ := h.Do(context.Background(), &Request{Target: "/sleep"})
		done <- x
	}()
	require.Eventually(t, func() bool { return h.nextID.Load() > 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, h.Close(context.Background()))
	x := <-done
	require.Equal(t, Cancelled, x.Ending.Kind)
	_, _, err := h.Do(context.Background(), &Request{})
	require.ErrorIs(t, err, errClosed)
	require.NoError(t, h.Close(context.Background()), "twice is fine")
}

func TestEnvironment(t *testing.T) {
	at := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	h := newHost(t, "raw", Config{Env: map[string]string{"FASTLY_POP": "LCY", "EXTRA": "1"}, Now: func() time.Time { return at },
		Rand: strings.NewReader(strings.Repeat("abcdefgh", 1000))})
	resp, _ := do(t, h, &Request{Target: "/env"})
	lines := strings.Split(string(resp.Body), "\n")
	require.Contains(t, lines, "FASTLY_POP=LCY")
	require.Contains(t, lines, "EXTRA=1")
	require.Contains(t, lines, "FASTLY_HOSTNAME=localhost")
	require.Contains(t, lines, "FASTLY_TRACE_ID=00000000000000000000000000000000")
	require.Equal(t, "compute-app", lines[len(lines)-1])
	resp, _ = do(t, h, &Request{Target: "/time"})
	require.Equal(t, at.Format(time.RFC3339), string(resp.Body))
	resp, x := do(t, h, &Request{Target: "/random"})
	require.Len(t, resp.Body, 8)
	require.Contains(t, "abcdefghabcdefgh", string(resp.Body), "the bytes are the test's own")
	require.NotContains(t, string(x.Stderr), "there is a file system")
}

func TestLogFault(t *testing.T) {
	refuse := StatusOK
	h := newHost(t, "raw", Config{LogFault: func(endpoint string, line []byte) Status {
		if endpoint == "access" && (line == nil) == (refuse == StatusInval) {
			return refuse
		}
		return StatusOK
	}})
	_, x := do(t, h, &Request{Target: "/log/one"})
	require.Equal(t, []LogLine{{"access", "one"}}, x.Logs)
	for _, refuse = range []Status{StatusInval, StatusError} {
		resp, x := do(t, h, &Request{Target: "/log/one"})
		require.Equal(t, 200, resp.Status)
		require.Empty(t, x.Logs)
		require.Contains(t, string(x.Stderr), "log ")
	}
}

func TestModuleIsRefused(t *testing.T) {
	header := []byte("\x00asm\x01\x00\x00\x00")
	_, err := New(context.Background(), nil, Config{})
	require.ErrorIs(t, err, errNoModule)
	_, err = New(context.Background(), []byte("not wasm"), Config{})
	require.ErrorContains(t, err, "compile module")
	_, err = New(context.Background(), header, Config{})
	require.ErrorContains(t, err, `no exported function "_start"; no exported memory "memory"`)
	_, err = New(context.Background(), importing("fastly_log", "shout", ""), Config{})
	require.ErrorContains(t, err, `unknown import "fastly_log" "shout"`)
	_, err = New(context.Background(), importing("fastly_log", "write", ""), Config{})
	require.ErrorContains(t, err, `import "fastly_log" "write" has type ()->(), want (i32 i32 i32 i32)->(i32)`)
	_, err = New(context.Background(), header, Config{Scheme: "gopher"})
	require.ErrorContains(t, err, "scheme")
	_, err = New(context.Background(), header, Config{Backends: map[string]Backend{"b": {URL: "127.0.0.1"}}})
	require.ErrorContains(t, err, `backend "b"`)
	_, err = New(context.Background(), header, Config{Backends: map[string]Backend{"b": {}}})
	require.ErrorContains(t, err, "neither URL nor Handler")
}

// importing is a module with one import of type ()->().
func importing(module, name, _ string) []byte {
	imp := append([]byte{1, byte(len(module))}, module...)
	imp = append(append(imp, byte(len(name))), name...)
	imp = append(imp, 0, 0)
	b := []byte("\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x02")
	return append(append(b, byte(len(imp))), imp...)
}

// A streaming body that the guest leaves unfinished must not look whole to the
// client.
func TestUnfinishedBodies(t *testing.T) {
	h := newHost(t, "raw", Config{})
	for _, target := range []string{"/abandon", "/unfinished"} {
		resp, x, err := h.Do(context.Background(), &Request{Target: target})
		require.Error(t, err)
		require.Equal(t, "half", string(resp.Body))
		require.True(t, x.Ending.OK())
	}
	addr := listen(t, h)
	for _, target := range []string{"/abandon", "/unfinished"} {
		resp, err := http.Get("http://" + addr + target)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		require.True(t, errors.Is(err, io.ErrUnexpectedEOF), "%v", err)
		require.Equal(t, "half", string(body))
	}
}
