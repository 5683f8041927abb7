package hostsim

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// guests are built once per test binary, into a directory that lives as long as
// the binary does.
var guests = struct {
	dir   string
	build map[string]func() ([]byte, error)
}{build: map[string]func() ([]byte, error){}}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "hostsim")
	if err != nil {
		panic(err)
	}
	guests.dir = dir
	for _, name := range []string{"raw", "sdk", "reactor", "cached", "cached-hooks"} {
		guests.build[name] = sync.OnceValues(func() ([]byte, error) { return buildGuest(name) })
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func buildGuest(name string) ([]byte, error) {
	out := filepath.Join(guests.dir, name+".wasm")
	args := []string{"build", "-ldflags=-s -w", "-o", out}
	if name == "reactor" {
		args = append(args, "-buildmode=c-shared")
	}
	folder, hooks := strings.CutSuffix(name, "-hooks")
	if hooks {
		args = append(args, "-tags=fsthttp_guest_cache")
	}
	cmd := exec.Command("go", append(args, "./testdata/guests/"+folder)...)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	return os.ReadFile(out)
}

// guest returns the module built from testdata/guests/name.
func guest(t testing.TB, name string) []byte {
	t.Helper()
	module, err := guests.build[name]()
	require.NoError(t, err)
	return module
}

// newHost runs a test guest; the host is closed with the test.
func newHost(t testing.TB, name string, cfg Config) *Host {
	t.Helper()
	cfg.CacheDir = filepath.Join(guests.dir, "cache")
	h, err := New(context.Background(), guest(t, name), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.Close(context.Background())) })
	return h
}

// do runs one exchange that must come to an end.
func do(t testing.TB, h *Host, r *Request) (*Response, *Exchange) {
	t.Helper()
	resp, x, err := h.Do(context.Background(), r)
	require.NoError(t, err)
	return resp, x
}
