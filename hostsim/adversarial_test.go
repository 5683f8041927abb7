package hostsim

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
	"github.com/clickedge/clickedge/hostsim/internal/probetest"
	"github.com/clickedge/clickedge/hostsim/internal/wattest"
)

// nothingLeaks fails when goroutines, files or sandboxes are still there once
// the test is over.
func nothingLeaks(t *testing.T) {
	t.Helper()
	goroutines, files, sandboxes := runtime.NumGoroutine(), openFiles(), abi.Open.Load()
	t.Cleanup(func() {
		settled := func() bool {
			return runtime.NumGoroutine() <= goroutines && openFiles() <= files && abi.Open.Load() <= sandboxes
		}
		for deadline := time.Now().Add(10 * time.Second); !settled() && time.Now().Before(deadline); {
			runtime.Gosched()
			time.Sleep(time.Millisecond)
		}
		require.True(t, settled(), "goroutines %d, now %d; files %d, now %d; sandboxes %d, now %d\n%s", goroutines, runtime.NumGoroutine(),
			files, openFiles(), sandboxes, abi.Open.Load(), stacks())
	})
}

// openFiles is 0 where the system does not tell.
func openFiles() int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(list)
}

var expectation = regexp.MustCompile(`;; expect: (refused|[a-z ]+?(?: with code \d+)?)(?:, (\d+)( cut off)?)?(?:, (.*))?\n`)

// Modules that no compiler would make. The first comment of each file says what
// must come of it.
func TestAdversarialModules(t *testing.T) {
	files, err := filepath.Glob("testdata/adversarial/*.wat")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	nothingLeaks(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".wat"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			want := expectation.FindStringSubmatch(string(text))
			require.NotNil(t, want, "the file does not say what to expect")
			module, err := wattest.Assemble(string(text))
			require.NoError(t, err)
			adversary(t, module, want[1], want[2], want[3] != "", want[4])
		})
	}
}

func adversary(t *testing.T, module []byte, ending, status string, cut bool, message string) {
	origin := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	limit := time.Minute
	if ending == "timed out" {
		limit = 200 * time.Millisecond
	}
	h, err := New(context.Background(), module, Config{Backends: map[string]Backend{"origin": {Handler: origin}},
		Limits: Limits{Time: limit, HostBytes: 8 << 20, StoreBytes: 8 << 20, MemoryPages: 512}})
	if ending == "refused" {
		require.ErrorContains(t, err, message)
		return
	}
	require.NoError(t, err)
	defer h.Close(context.Background())
	for range 2 { // the second time on a host that has seen the first
		resp, x, err := h.Do(context.Background(), &Request{})
		require.Equal(t, cut, err != nil, "%v", err)
		require.Equal(t, ending, x.Ending.String(), x.Ending.Message)
		require.Contains(t, x.Ending.Message, message)
		require.Equal(t, status, fmt.Sprint(resp.Status))
	}
}

// Bytes that are no module, half a module, and a module with each byte changed
// in turn: an error or a guest, never a panic.
func TestCorruptModules(t *testing.T) {
	nothingLeaks(t)
	text, err := os.ReadFile("testdata/adversarial/body-never-closed.wat")
	require.NoError(t, err)
	whole, err := wattest.Assemble(string(text))
	require.NoError(t, err)
	try := func(module []byte) {
		h, err := New(context.Background(), module, Config{Limits: Limits{Time: 50 * time.Millisecond}})
		if err != nil {
			return
		}
		h.Do(context.Background(), &Request{})
		require.NoError(t, h.Close(context.Background()))
	}
	for n := range whole {
		try(whole[:n])
		changed := bytes.Clone(whole)
		changed[n] ^= byte(1 << (n % 8))
		try(changed)
		changed[n] = 0xff
		try(changed)
	}
	for _, module := range []string{"\x00asm", "\x00asm\x0d\x00\x01\x00", "\x00asm\x01\x00\x00\x00\x01\xff\xff\xff\xff\x0f", "\x7fELF", strings.Repeat("\x00", 1000)} {
		_, err := New(context.Background(), []byte(module), Config{})
		require.Error(t, err)
	}
}

// Each of the host calls with good and with bad arguments: handles that were
// never given out, of every other kind, used twice; addresses out of bounds,
// misaligned, at the very end; lengths of zero and 4 GiB; texts that are not
// UTF-8; values beyond enums and flags. The guest lives, and each status is one
// of the ABI's.
func TestHostileArguments(t *testing.T) {
	nothingLeaks(t)
	module, err := probetest.Module()
	require.NoError(t, err)
	h := probeHost(t, module, time.Minute)
	defer h.Close(context.Background())
	counts := map[Status]int{}
	for _, c := range probetest.Sweep() {
		if strings.Contains(c.Name, ", ") {
			continue // two at once: for the comparison with another host
		}
		statuses, x := tell(t, h, c.Program)
		require.Len(t, statuses, len(c.Program.Calls), "%s: %s %s", c.Name, x.Ending, x.Ending.Message)
		last := Status(statuses[len(statuses)-1])
		require.LessOrEqual(t, last, StatusAgain, c.Name)
		if want, known := expected(c.Name); known {
			require.Equal(t, want, last, c.Name)
		}
		counts[last]++
	}
	for _, st := range []Status{StatusOK, StatusError, StatusInval, StatusBadHandle, StatusBufLen, StatusUnsupported, StatusBadAlign, StatusNone, StatusLimitExceeded, StatusAgain} {
		t.Logf("%-14s %d", st, counts[st])
	}
	require.Greater(t, counts[StatusBadHandle], 500)
	require.Greater(t, counts[StatusBadAlign], 100)
	require.Greater(t, counts[StatusInval], 500)
}

// expected is the status that the ABI's table has for one bad argument, where
// nothing else can come before it.
func expected(name string) (Status, bool) {
	call, question, _ := strings.Cut(name, "/")
	module, _, _ := strings.Cut(call, ".")
	switch {
	case strings.Contains(question, ","), module == "http_cache", module == "image_optimizer", module == "uap", unsupportedCalls[call], strings.HasPrefix(call, "cache.replace"):
		return 0, false
	case strings.HasPrefix(question, "h 0x3e7"), strings.HasPrefix(question, "h 0xfffffffe"), strings.HasPrefix(question, "store 0x3e7"), strings.HasPrefix(question, "secret 0x3e7"):
		return StatusBadHandle, call != "http_resp.http_keepalive_mode_set"
	case strings.HasSuffix(question, "_handle 0x7001"), strings.HasSuffix(question, "_handle_out 0x7001"), question == "nwritten_out 0x7001" && strings.HasPrefix(call, "http_req.") && strings.HasSuffix(call, "_get"):
		return StatusBadAlign, module == "http_body" && call == "http_body.new" || call == "http_req.new" || call == "http_resp.new"
	case strings.HasSuffix(question, "out of bounds") || strings.HasSuffix(question, " 4 GiB"):
		return StatusInval, module == "config_store" || module == "log" || module == "secret_store" || module == "acl" || module == "geo"
	}
	return 0, false
}

var unsupportedCalls = map[string]bool{"http_req.on_behalf_of": true, "http_req.upgrade_websocket": true}

// probeHost runs the probe with what its programs expect.
func probeHost(t testing.TB, module []byte, limit time.Duration) *Host {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fastly.toml")
	require.NoError(t, os.WriteFile(path, []byte(probetest.Config("http://127.0.0.1:1")), 0o600))
	cfg, err := LoadConfig(path)
	require.NoError(t, err)
	origin := cfg.Backends["origin"]
	origin.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "answer") })
	cfg.Backends["origin"] = origin
	cfg.Limits = Limits{Time: limit, HostBytes: 4 << 20, StoreBytes: 4 << 20}
	h, err := New(context.Background(), module, cfg)
	require.NoError(t, err)
	return h
}

// tell has the probe run a program and returns the statuses of its calls, as
// far as it came.
func tell(t testing.TB, h *Host, p *probetest.Program) ([]abi.Status, *Exchange) {
	t.Helper()
	_, x, _ := h.Do(context.Background(), &Request{Method: "POST", Body: bytes.NewReader(p.Encode())})
	for _, l := range x.Logs {
		if l.Endpoint == "report" {
			return probetest.Statuses(l.Line), x
		}
	}
	return nil, x
}

// Any calls in any order with any arguments: every status is one of the ABI's,
// the guest is never the end of the host, and nothing of it is left behind.
func FuzzHostCalls(f *testing.F) {
	module, err := probetest.Module()
	require.NoError(f, err)
	for _, c := range probetest.Sweep() {
		if strings.HasSuffix(c.Name, "/twice") {
			f.Add(c.Program.Encode())
		}
	}
	h := probeHost(f, module, 200*time.Millisecond)
	f.Cleanup(func() { h.Close(context.Background()) })
	f.Fuzz(func(t *testing.T, body []byte) {
		_, x, _ := h.Do(context.Background(), &Request{Method: "POST", Body: bytes.NewReader(body)})
		require.NotNil(t, x)
		for _, c := range x.Calls {
			require.LessOrEqual(t, c.Status, StatusAgain, c.Name)
		}
		require.Zero(t, abi.Open.Load())
		var resp *Response
		var err error
		for range 100 { // on a busy machine even nothing may take longer than the limit
			resp, x, err = h.Do(context.Background(), &Request{Body: bytes.NewReader((&probetest.Program{}).Encode())})
			if x == nil || x.Ending.Kind != TimedOut {
				break
			}
		}
		require.NoError(t, err, "the host goes on")
		require.Equal(t, 200, resp.Status)
	})
}

// Many adversaries at once, on one host, beside guests that mean well.
func TestAdversariesInParallel(t *testing.T) {
	nothingLeaks(t)
	module, err := probetest.Module()
	require.NoError(t, err)
	h := probeHost(t, module, time.Minute)
	defer h.Close(context.Background())
	sweep := probetest.Sweep()
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := worker * 37; i < len(sweep); i += 800 {
				if statuses, x := tell(t, h, sweep[i].Program); len(statuses) == 0 {
					t.Errorf("%s: %s", sweep[i].Name, x.Ending)
				}
			}
		})
	}
	all.Wait()
}
