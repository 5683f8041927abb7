package prewarm_test

import (
	"bytes"
	"context"
	"fmt"
	"go/build"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/edge/prewarm"
	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

var sites = map[string][]byte{"sites/a.json": []byte(`{"link.example.com": "customerio-eu"}`)}

// warm prewarms a guest, which must succeed.
func warm(t testing.TB, name string, opt prewarm.Options) []byte {
	t.Helper()
	out, _, err := prewarm.Module(context.Background(), guest(t, name), opt)
	require.NoError(t, err)
	return out
}

// warmProbe is one prewarmed probe for all tests that only read it.
var warmProbe = sync.OnceValues(func() ([]byte, error) {
	in, err := buildGuest("probe")
	if err != nil {
		return nil, err
	}
	out, _, err := prewarm.Module(context.Background(), in, prewarm.Options{Warmup: "warmup", Files: sites})
	return out, err
})

// say calls one export of the probe in a sandbox of its own, and returns what
// it prints.
func say(t testing.TB, export string) string {
	t.Helper()
	module, err := warmProbe()
	require.NoError(t, err)
	s := &sandbox{}
	_, err = s.run(t, module, export)
	require.NoError(t, err, s.stderr.String())
	return strings.TrimSpace(s.stdout.String())
}

func TestServesRequests(t *testing.T) {
	for name, location := range map[string]string{
		"raw":     "https://www.example.com/",
		"fsthttp": "https://www.example.com/a",
	} {
		t.Run(name, func(t *testing.T) {
			s := &sandbox{uri: "http://link.example.com/a"}
			_, err := s.run(t, warm(t, name, prewarm.Options{}), "_start")
			require.NoError(t, err, s.stderr.String())
			require.EqualValues(t, 302, s.status)
			require.Equal(t, location, s.header["location"])
			require.Equal(t, 1, s.sent)
			require.Equal(t, "fastly_abi.init", s.calls[0])
		})
	}
}

func TestEntrySeesWhatInitPrepared(t *testing.T) {
	require.Equal(t, "customerio-eu 1 <nil> 0", say(t, "_start"))
}

func TestWithoutFilesThereIsNoDirectory(t *testing.T) {
	s := &sandbox{}
	_, err := s.run(t, warm(t, "probe", prewarm.Options{}), "_start")
	require.NoError(t, err)
	require.Contains(t, s.stdout.String(), "open /sites/a.json:")
}

func TestEverySandboxStartsFromTheSnapshot(t *testing.T) {
	module := warm(t, "probe", prewarm.Options{Entry: "count", Warmup: "warmup"})
	for range 2 {
		s := &sandbox{}
		_, err := s.run(t, module, "_start")
		require.NoError(t, err)
		require.Equal(t, "2\n", s.stdout.String())
	}
}

// What draws from the operating system differs from sandbox to sandbox.
func TestCryptoRandDiffers(t *testing.T) {
	a, b := say(t, "secret"), say(t, "secret")
	require.Len(t, a, 32)
	require.Len(t, b, 32)
	require.NotEqual(t, a, b)
}

// The documented price: what the runtime seeded at build time is the same in
// every sandbox.
func TestMathRandAndMapOrderAreFrozen(t *testing.T) {
	require.Equal(t, say(t, "chance"), say(t, "chance"))
}

func TestSeedsDifferBetweenInputs(t *testing.T) {
	var said []string
	for _, files := range []map[string][]byte{nil, sites} {
		s := &sandbox{}
		_, err := s.run(t, warm(t, "probe", prewarm.Options{Entry: "chance", Files: files}), "_start")
		require.NoError(t, err)
		said = append(said, s.stdout.String())
	}
	require.NotEqual(t, said[0], said[1])
}

func TestClock(t *testing.T) {
	before := time.Now().Unix()
	lines := strings.Split(say(t, "clock"), "\n")
	require.Len(t, lines, 2)
	frozen, now, _ := strings.Cut(lines[0], " ")
	require.Equal(t, strconv.Itoa(prewarm.Epoch), frozen)
	unix, err := strconv.ParseInt(now, 10, 64)
	require.NoError(t, err)
	require.GreaterOrEqual(t, unix, before)
	require.LessOrEqual(t, unix, time.Now().Unix())
	require.Equal(t, "true", lines[1], "time passes for a sleeper")
}

// os.Getenv answers from build time; the platform's environment is there for
// whoever asks for it anew.
func TestEnvironment(t *testing.T) {
	s := &sandbox{env: map[string]string{"OTHER": "x", "MODE": "run"}}
	opt := prewarm.Options{Entry: "environment", Env: map[string]string{"MODE": "build"}}
	_, err := s.run(t, warm(t, "probe", opt), "_start")
	require.NoError(t, err)
	require.Equal(t, `"build" "build" "run"`+"\n", s.stdout.String())
}

func TestCollectorWorks(t *testing.T) {
	require.Equal(t, "true true true customerio-eu", say(t, "collect"))
}

func TestGoroutinesAndTimersOfInitGoOn(t *testing.T) {
	require.Equal(t, "49\nfired", say(t, "goroutines"))
}

// Go traps, rather than exits, when a reactor panics; a platform answers 500 to
// both.
func TestPanicAtTheEntry(t *testing.T) {
	s := &sandbox{}
	_, err := s.run(t, warm(t, "probe", prewarm.Options{Entry: "fault"}), "_start")
	require.ErrorContains(t, err, "unreachable")
	require.Equal(t, "before\n", s.stdout.String())
	require.Contains(t, s.stderr.String(), "panic: boom after the snapshot")
}

func TestOtherExportsRemain(t *testing.T) {
	module, err := warmProbe()
	require.NoError(t, err)
	sum, err := new(sandbox).run(t, module, "sum", 20, 22)
	require.NoError(t, err)
	require.Equal(t, []uint64{42}, sum)
}

func TestExportsAndCustomSections(t *testing.T) {
	for _, keep := range []bool{false, true} {
		m, err := wasm.Parse(warm(t, "probe", prewarm.Options{Warmup: "warmup", KeepNames: keep}))
		require.NoError(t, err)
		exports, err := m.Exports()
		require.NoError(t, err)
		var names, custom []string
		for _, e := range exports {
			names = append(names, e.Name)
		}
		for _, s := range m.Sections {
			require.NotEqual(t, wasm.StartSection, s.ID)
			if s.ID == wasm.CustomSection {
				custom = append(custom, s.Name)
			}
		}
		require.Contains(t, names, "_start")
		require.Contains(t, names, "memory")
		require.Subset(t, []string{"_start", "memory", "count", "secret", "chance", "clock", "environment", "collect",
			"goroutines", "fault", "sum"}, names)
		require.Contains(t, custom, "producers")
		require.Equal(t, keep, slices.Contains(custom, "name"))
		for _, name := range custom {
			require.False(t, strings.HasPrefix(name, ".debug"), name)
		}
	}
}

func TestSameInputsSameBytes(t *testing.T) {
	opt := prewarm.Options{Warmup: "warmup", Files: sites, Env: map[string]string{"A": "1", "B": "2"}, Args: []string{"x"}}
	want := warm(t, "probe", opt)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	require.True(t, bytes.Equal(want, warm(t, "probe", opt)), "one processor gives other bytes")
	runtime.GOMAXPROCS(4)
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			out, _, err := prewarm.Module(context.Background(), guest(t, "probe"), opt)
			if err != nil || !bytes.Equal(want, out) {
				t.Errorf("at the same time: other bytes, or %v", err)
			}
		})
	}
	all.Wait()
}

func TestReport(t *testing.T) {
	for _, name := range []string{"raw", "fsthttp", "probe"} {
		in := guest(t, name)
		out, rep, err := prewarm.Module(context.Background(), in, prewarm.Options{})
		require.NoError(t, err)
		require.Equal(t, len(in), rep.SizeBefore)
		require.Equal(t, len(out), rep.SizeAfter)
		require.Equal(t, 8, rep.Globals, "Go has eight: its registers and a flag")
		require.Positive(t, rep.Segments)
		require.LessOrEqual(t, rep.Segments, 2000)
		require.Less(t, rep.SegmentBytes, rep.MemoryPages<<16)
		m, err := wasm.Parse(out)
		require.NoError(t, err)
		memories, err := m.Memories()
		require.NoError(t, err)
		require.Equal(t, []wasm.Limits{{Min: uint32(rep.MemoryPages)}}, memories)
	}
}

func TestNothingOfThisMachineInTheOutput(t *testing.T) {
	here, err := filepath.Abs(".")
	require.NoError(t, err)
	home, err := os.UserHomeDir()
	require.NoError(t, err)
	for _, name := range []string{"raw", "fsthttp", "probe"} {
		out := warm(t, name, prewarm.Options{Files: sites, KeepNames: true})
		for _, path := range []string{here, filepath.Join(os.TempDir(), "prewarm"), filepath.Join(home, "go"), build.Default.GOROOT} {
			require.NotContains(t, string(out), path)
		}
	}
}

func TestStdoutAndStderrOfTheBuild(t *testing.T) {
	var stdout, stderr bytes.Buffer
	opt := prewarm.Options{Stdout: &stdout, Stderr: &stderr, Warmup: "count"}
	_, _, err := prewarm.Module(context.Background(), guest(t, "probe"), opt)
	require.NoError(t, err)
	require.Equal(t, "1\n", stdout.String())
	require.Empty(t, stderr.String())
}

func TestInitialisationFails(t *testing.T) {
	for _, c := range []struct {
		name, fail, warmup string
		maxPages           uint32
		code               prewarm.Code
		exit               uint32
		text               string
	}{
		{name: "panic", fail: "panic", code: prewarm.GuestTrap, text: "panic: no site has a key"},
		{name: "panic in the warm-up", warmup: "panic", code: prewarm.GuestTrap, text: "no site has a key"},
		{name: "exit", fail: "exit", code: prewarm.GuestExit, exit: 3, text: "sites.json: unknown field"},
		{name: "host call", fail: "log", code: prewarm.HostCall, text: "fastly_log.write"},
		{name: "host call in the warm-up", warmup: "log", code: prewarm.HostCall, text: "open handles lazily"},
		{name: "a platform that is not Fastly's", fail: "abort", code: prewarm.HostCall, text: "env.abort"},
		{name: "memory", fail: "hoard", maxPages: 128, code: prewarm.GuestTrap, text: "out of memory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stderr bytes.Buffer
			out, rep, err := prewarm.Module(context.Background(), guest(t, "failing"), prewarm.Options{
				Warmup: "warmup", Env: map[string]string{"FAIL": c.fail, "FAIL_WARMUP": c.warmup},
				MaxPages: c.maxPages, Stderr: &stderr,
			})
			require.Nil(t, out)
			require.Zero(t, rep)
			var failure *prewarm.Error
			require.ErrorAs(t, err, &failure)
			require.Equal(t, c.code, failure.Code)
			require.Equal(t, c.exit, failure.ExitCode)
			require.ErrorContains(t, err, c.text)
			require.Contains(t, stderr.String(), failure.Stderr)
		})
	}
}

func TestLongStderrIsCut(t *testing.T) {
	var stderr bytes.Buffer
	opt := prewarm.Options{Env: map[string]string{"FAIL": "chatter"}, Stderr: &stderr}
	_, _, err := prewarm.Module(context.Background(), guest(t, "failing"), opt)
	var failure *prewarm.Error
	require.ErrorAs(t, err, &failure)
	require.Len(t, failure.Stderr, 8<<10)
	require.Contains(t, stderr.String(), "panic: after much chatter")
}

func TestContextEndsAnEndlessInit(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(fmt.Errorf("the operator lost patience"))
	opt := prewarm.Options{Env: map[string]string{"FAIL": "loop"}}
	_, _, err := prewarm.Module(ctx, guest(t, "failing"), opt)
	var failure *prewarm.Error
	require.ErrorAs(t, err, &failure)
	require.Equal(t, prewarm.Canceled, failure.Code)
	require.ErrorContains(t, err, "the operator lost patience")
}

func TestPrewarmedModuleIsNoReactor(t *testing.T) {
	_, _, err := prewarm.Module(context.Background(), warm(t, "raw", prewarm.Options{}), prewarm.Options{})
	var failure *prewarm.Error
	require.ErrorAs(t, err, &failure)
	require.Equal(t, prewarm.NotReactor, failure.Code)
}

// Programs of every kind are rehearsed by a plain GET: with Fastly's SDK, with
// host calls of their own, and with WASI alone.
func TestGuestsAreRehearsed(t *testing.T) {
	for name, least := range map[string]int{"raw": 3, "fsthttp": 30, "probe": 3} {
		in := guest(t, name)
		out, rep, err := prewarm.Module(context.Background(), in, prewarm.Options{})
		require.NoError(t, err)
		require.NoError(t, rep.NotRehearsed, name)
		require.GreaterOrEqual(t, rep.WrittenFirst, least, name)
		plain, rep, err := prewarm.Module(context.Background(), in, prewarm.Options{NoRehearsal: true})
		require.NoError(t, err)
		require.Zero(t, rep.WrittenFirst+rep.ReadFirst)
		a, err := wasm.Parse(plain)
		require.NoError(t, err)
		b, err := wasm.Parse(out)
		require.NoError(t, err)
		before, _ := a.Body(wasm.DataSection)
		after, _ := b.Body(wasm.DataSection)
		require.True(t, bytes.Equal(before, after), "a rehearsal changes no data")
	}
}

// A guest that fails in its rehearsal is built nevertheless, and the report
// says what it wrote.
func TestGuestFailsInItsRehearsal(t *testing.T) {
	for how, says := range map[string]string{
		"panic": "no site has a key", "exit": "sites.json: unknown field", "abort": "", "log": "",
	} {
		opt := prewarm.Options{Env: map[string]string{"FAIL_REQUEST": how}}
		out, rep, err := prewarm.Module(context.Background(), guest(t, "failing"), opt)
		require.NoError(t, err)
		if says == "" { // the platform has no such function, or it works: the guest goes on
			require.NoError(t, rep.NotRehearsed, how)
			continue
		}
		require.ErrorContains(t, rep.NotRehearsed, `rehearsal "plain GET": `, how)
		require.ErrorContains(t, rep.NotRehearsed, says, how)
		opt.NoRehearsal = true
		plain, _, err := prewarm.Module(context.Background(), guest(t, "failing"), opt)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plain, out), how)
	}
}

// A real module, cut anywhere, is refused and nothing worse.
func TestTruncatedModules(t *testing.T) {
	module := guest(t, "raw")
	for i := 0; i < len(module); i += len(module)/97 + 1 {
		_, _, err := prewarm.Module(context.Background(), module[:i], prewarm.Options{})
		var failure *prewarm.Error
		require.ErrorAs(t, err, &failure, "cut at %d", i)
	}
}

func TestRealModulesParseAndEncode(t *testing.T) {
	for _, name := range []string{"raw", "fsthttp"} {
		in := guest(t, name)
		m, err := wasm.Parse(in)
		require.NoError(t, err)
		require.True(t, bytes.Equal(in, m.Encode()), name)
		ops := 0
		require.NoError(t, m.EachOp(func(int, wasm.Op) error { ops++; return nil }))
		require.Greater(t, ops, 100_000)
	}
}

// BenchmarkModule is what prewarming adds to a build.
func BenchmarkModule(b *testing.B) {
	for _, name := range []string{"raw", "fsthttp"} {
		b.Run(name, func(b *testing.B) {
			in := guest(b, name)
			for b.Loop() {
				_, _, err := prewarm.Module(context.Background(), in, prewarm.Options{})
				require.NoError(b, err)
			}
		})
	}
}
