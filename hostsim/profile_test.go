package hostsim

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/internal/pprof"
	"github.com/clickedge/clickedge/hostsim/internal/wasmbin"
	"github.com/clickedge/clickedge/hostsim/internal/wattest"
)

// worker has three functions: one that loops for long, one that loops for a
// while, and one that waits for a backend.
const worker = `(module
  (import "fastly_http_req" "body_downstream_get" (func $request (param i32 i32) (result i32)))
  (import "fastly_http_req" "send" (func $send (param i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "origin")
  (func $long (local i32)
    (loop $again (br_if $again (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 1000000)))))
  (func $short (local i32)
    (loop $again (br_if $again (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 100000)))))
  (func $ask
    (drop (call $request (i32.const 0) (i32.const 4)))
    (drop (call $send (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.const 64) (i32.const 6) (i32.const 8) (i32.const 12))))
  (func (export "_start") (call $long) (call $short) (call $ask)))`

// named appends a section with names of functions, from an index on.
func named(module []byte, from uint32, names ...string) []byte {
	list := wasmbin.AppendU32(nil, uint32(len(names)))
	for i, name := range names {
		list = wasmbin.AppendVector(wasmbin.AppendU32(list, from+uint32(i)), []byte(name))
	}
	section := wasmbin.AppendVector(nil, []byte("name"))
	section = wasmbin.AppendVector(append(section, 1), list)
	return wasmbin.AppendVector(append(bytes.Clone(module), 0), section)
}

func profiledHost(t *testing.T, module []byte, cfg Config) *Host {
	t.Helper()
	cfg.Backends = map[string]Backend{"origin": {Handler: Mock{Body: []byte("x")}}}
	h, err := New(context.Background(), module, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.Close(context.Background())) })
	return h
}

// counts are the samples by the innermost function.
func (p *Profile) counts() map[string]int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	counts := map[string]int64{}
	for _, s := range p.samples {
		counts[p.list[s.stack[0]].Name] += s.count
	}
	return counts
}

func TestProfile(t *testing.T) {
	code, err := wattest.Assemble(worker)
	require.NoError(t, err)
	profile, log := &Profile{}, &bytes.Buffer{}
	h := profiledHost(t, named(code, 2, "long", "short", "ask", "_start"), Config{Profile: profile, Log: slog.New(slog.NewTextHandler(log, nil))})
	require.Empty(t, log.String())
	resp, x := do(t, h, &Request{Target: "/a?b=c"})
	require.True(t, x.Ending.OK(), x.Ending.Message)
	require.Equal(t, 200, resp.Status)
	counts := profile.counts()
	require.InDelta(t, 1000, counts["long"], 2)
	require.InDelta(t, 100, counts["short"], 2)
	require.EqualValues(t, 1, counts["fastly_http_req.send"])
	require.EqualValues(t, 1, counts["(a new instance)"])
	var spent time.Duration
	for _, s := range profile.samples {
		require.Equal(t, "GET /a", s.label)
		spent += s.spent
	}
	require.Positive(t, spent)
	require.LessOrEqual(t, spent, x.Duration)

	text := topOf(t, profile, "-sample_index=samples", "-cum")
	require.Regexp(t, `(?m)  _start$`, text)
	require.Regexp(t, `(?m) ask$`, text)
	require.Contains(t, topOf(t, profile, "-peek=^ask$"), "fastly_http_req.send")
}

func topOf(t *testing.T, p *Profile, args ...string) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, p.Write(&b))
	path := filepath.Join(t.TempDir(), "profile.pb.gz")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	if !strings.HasPrefix(args[0], "-peek") {
		args = append([]string{"-top", "-nodefraction=0"}, args...)
	}
	cmd := exec.Command("go", append(append([]string{"tool", "pprof"}, args...), path)...)
	cmd.Env = append(os.Environ(), "PPROF_TMPDIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

// Without names there are numbers, which are those of the module as it was, and
// a warning.
func TestProfileWithoutNames(t *testing.T) {
	code, err := wattest.Assemble(worker)
	require.NoError(t, err)
	profile, log := &Profile{}, &bytes.Buffer{}
	h := profiledHost(t, code, Config{Profile: profile, Log: slog.New(slog.NewTextHandler(log, nil))})
	require.Contains(t, log.String(), "the module has no names of functions; build it without -s")
	do(t, h, &Request{})
	require.InDelta(t, 1000, profile.counts()["function 2"], 2)
}

// Guests at once, and a reader.
func TestProfileAtOnce(t *testing.T) {
	code, err := wattest.Assemble(worker)
	require.NoError(t, err)
	profile := &Profile{}
	h := profiledHost(t, named(code, 2, "long"), Config{Profile: profile})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			h.Do(context.Background(), &Request{})
			profile.Write(io.Discard)
		})
	}
	all.Wait()
	require.InDelta(t, 4000, profile.counts()["long"], 8)
}

// Many different requests are not told apart for ever, nor are endless stacks
// kept.
func TestProfileIsBounded(t *testing.T) {
	p := &Profile{}
	for i := range 2 * profileRequests {
		p.add([]uint32{p.id(pprof.Function{Name: "f"})}, strings.Repeat("x", i), time.Second)
	}
	require.Len(t, p.samples, profileRequests+1)

	code, err := wattest.Assemble(`(module (memory (export "memory") 1)
  (func $f (param i32) (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1))) (call $g))))
  (func $g (local i32) (loop $again (br_if $again (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 10)))))
  (func (export "_start") (call $f (i32.const 5000))))`)
	require.NoError(t, err)
	p = &Profile{}
	do(t, profiledHost(t, code, Config{Profile: p}), &Request{})
	for _, s := range p.samples {
		require.LessOrEqual(t, len(s.stack), profileDepth)
	}
}

func TestProfileNeedsTheDefaultEngine(t *testing.T) {
	_, err := New(context.Background(), []byte("x"), Config{Profile: &Profile{}, Engine: noEngine{}})
	require.ErrorContains(t, err, "a profile is for the default engine only")
}

type noEngine struct{ Engine }
