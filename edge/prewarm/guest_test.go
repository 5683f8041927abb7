package prewarm_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

var guests sync.Map // name to func() ([]byte, error)

// guest builds a program of testdata/guest as a reactor, once per run of the
// tests.
func guest(t testing.TB, name string) []byte {
	t.Helper()
	build, _ := guests.LoadOrStore(name, sync.OnceValues(func() ([]byte, error) { return buildGuest(name) }))
	module, err := build.(func() ([]byte, error))()
	require.NoError(t, err)
	return module
}

// stripped builds a program without the names of functions.
func stripped(t testing.TB, name string) []byte {
	t.Helper()
	module, err := buildGuest(name, "-ldflags=-s")
	require.NoError(t, err)
	return module
}

func buildGuest(name string, flags ...string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "prewarm")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "guest.wasm")
	args := append([]string{"build", "-trimpath", "-buildmode=c-shared", "-o", file}, flags...)
	cmd := exec.Command("go", append(args, "./testdata/guest/"+name)...)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building guest %s: %w\n%s", name, err, out)
	}
	return os.ReadFile(file)
}

// sandbox runs modules the way a platform does, with just enough of Compute for
// the guests here.
type sandbox struct {
	env    map[string]string
	args   []string
	uri    string
	stdout bytes.Buffer
	stderr bytes.Buffer
	calls  []string // the platform's functions, in the order of their calls
	status uint32
	header map[string]string
	sent   int
	clock  *testClock // nil: this machine's
}

// run instantiates the module and calls its _start, or another export with
// arguments.
func (s *sandbox) run(t testing.TB, module []byte, export string, args ...uint64) ([]uint64, error) {
	t.Helper()
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer rt.Close(ctx)
	wasi_snapshot_preview1.MustInstantiate(ctx, rt)
	compiled, err := rt.CompileModule(ctx, module)
	require.NoError(t, err)
	s.definePlatform(ctx, t, rt, compiled)
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions().WithStdout(&s.stdout).WithStderr(&s.stderr).
		WithSysWalltime().WithSysNanotime().WithSysNanosleep().WithRandSource(random{})
	config = config.WithArgs(s.args...)
	for k, v := range s.env {
		config = config.WithEnv(k, v)
	}
	if s.clock != nil {
		config = s.clock.configure(config)
	}
	m, err := rt.InstantiateModule(ctx, compiled, config)
	require.NoError(t, err)
	require.NotNil(t, m.ExportedFunction(export), "export %s", export)
	return m.ExportedFunction(export).Call(ctx, args...)
}

func (s *sandbox) definePlatform(ctx context.Context, t testing.TB, rt wazero.Runtime, m wazero.CompiledModule) {
	builders := map[string]wazero.HostModuleBuilder{}
	for _, f := range m.ImportedFunctions() {
		module, name, _ := f.Import()
		if module == wasi_snapshot_preview1.ModuleName {
			continue
		}
		if builders[module] == nil {
			builders[module] = rt.NewHostModuleBuilder(module)
		}
		call := func(_ context.Context, m api.Module, stack []uint64) {
			s.calls = append(s.calls, module+"."+name)
			stack[0] = s.platform(module+"."+name, m.Memory(), stack)
		}
		builders[module].NewFunctionBuilder().
			WithGoModuleFunction(api.GoModuleFunc(call), f.ParamTypes(), f.ResultTypes()).Export(name)
	}
	for _, b := range builders {
		_, err := b.Instantiate(ctx)
		require.NoError(t, err)
	}
}

// platform is one host call. Handles are made up; what is not listed answers 0,
// ok, and writes nothing.
func (s *sandbox) platform(name string, memory api.Memory, p []uint64) uint64 {
	put := func(at uint64, v uint32) { memory.WriteUint32Le(uint32(at), v) }
	get := func(at, n uint64) string { b, _ := memory.Read(uint32(at), uint32(n)); return string(b) }
	switch name {
	case "fastly_http_req.body_downstream_get":
		put(p[0], 1)
		put(p[1], 2)
	case "fastly_http_req.method_get":
		memory.WriteString(uint32(p[1]), "GET")
		put(p[3], 3)
	case "fastly_http_req.uri_get":
		memory.WriteString(uint32(p[1]), s.uri)
		put(p[3], uint32(len(s.uri)))
	case "fastly_http_req.header_names_get":
		memory.WriteUint64Le(uint32(p[4]), ^uint64(0)) // no further page
		put(p[5], 0)
	case "fastly_http_resp.new", "fastly_http_body.new":
		put(p[0], 3)
	case "fastly_http_resp.status_set":
		s.status = uint32(p[1])
	case "fastly_http_resp.header_insert", "fastly_http_resp.header_values_set":
		if s.header == nil {
			s.header = map[string]string{}
		}
		// header_values_set ends every value with a NUL
		s.header[strings.ToLower(get(p[1], p[2]))] = strings.TrimSuffix(get(p[3], p[4]), "\x00")
	case "fastly_http_resp.send_downstream":
		s.sent++
	}
	return 0
}

// random differs from sandbox to sandbox.
type random struct{}

var (
	randomMu sync.Mutex
	randomN  uint64
)

func (random) Read(p []byte) (int, error) {
	randomMu.Lock()
	defer randomMu.Unlock()
	for i := 0; i < len(p); i += 8 {
		randomN++
		copy(p[i:], binary.LittleEndian.AppendUint64(nil, randomN*0x9e3779b97f4a7c15))
	}
	return len(p), nil
}
