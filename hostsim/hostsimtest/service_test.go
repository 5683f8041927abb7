package hostsimtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/internal/wattest"
	"github.com/clickedge/clickedge/hostsim/wire"
)

const sdk = "../testdata/guests/sdk"

// stores are what the guest looks up.
var stores = With(func(c *hostsim.Config) {
	c.ConfigStores["settings"] = map[string]string{"greeting": "good day"}
	c.SecretStores["keys"] = map[string][]byte{"k1": []byte("hush")}
})

func TestService(t *testing.T) {
	origin := hostsim.Mocks{{Method: "POST", Status: 201, Header: wire.NewHeader("X-B", "2", "X-A", "1"), Body: []byte("made\n")}, {Path: "/gone", Fault: hostsim.BackendRefuses}}
	s := Run(t, sdk, Backend("origin", origin), stores)
	s.Get("/hello", "Host", "edge.example").WantStatus(200).WantBody("hello from GET http://edge.example/hello").WantSent().WantLog("access").WantEnding("exited with code 0")
	s.Get("/redirect").WantStatus(302).WantHeader("Location", "https://www.example.com/").WantHeader("X-Absent")
	s.Get("/stores").WantBodyContains("hush").WantLog("access", `{"a":1}`).WantLogContains("access", "a")
	x := s.Post("/orders", `{"order":1}`, "X-C", "3").WantStatus(201).WantSent("origin POST /orders").Golden("order")
	x.SentTo("origin").WantHeader("X-C", "3").WantBody(`{"order":1}`)
	s.Get("/gone").WantStatus(502).Golden("gone")
	t.Run("subtest", func(t *testing.T) {
		s.In(t).Get("/panic").WantStatus(500).WantEnding("exited with code 2")
	})
}

// failures is a test whose failures are kept.
type failures struct {
	testing.TB
	mu   sync.Mutex
	text []string
}

func (f *failures) Helper() {}

func (f *failures) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.text = append(f.text, fmt.Sprintf(format, args...))
}

func (f *failures) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

func (f *failures) Logf(format string, args ...any) { f.Errorf(format, args...) }

// failing runs a test that fails, and returns how.
func failing(t *testing.T, test func(testing.TB)) string {
	f := &failures{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(f)
	}()
	<-done
	return strings.Join(f.text, "\n")
}

func TestChecksFail(t *testing.T) {
	s := Run(t, sdk, Backend("origin", hostsim.Mock{Path: "/known", Status: 201}), stores)
	cases := []struct {
		name string
		test func(*Service)
		want string
	}{
		{"status", func(s *Service) { s.Get("/hello").WantStatus(404) }, "GET /hello: status 200, want 404"},
		{"header", func(s *Service) { s.Get("/redirect").WantHeader("location", "/") }, `location: ["https://www.example.com/"], want ["/"]`},
		{"absent header", func(s *Service) { s.Get("/redirect").WantHeader("Location") }, `want []`},
		{"body", func(s *Service) { s.Get("/hello").WantBody("x") }, `want "x"`},
		{"part of a body", func(s *Service) { s.Get("/hello").WantBodyContains("goodbye") }, `does not contain "goodbye"`},
		{"log", func(s *Service) { s.Get("/stores").WantLog("access") }, `has ["{\"a\":1}"], want []`},
		{"log line", func(s *Service) { s.Get("/stores").WantLogContains("access", "b") }, `none with "b"`},
		{"sent", func(s *Service) { s.Get("/known").WantSent() }, `sent ["origin GET /known"], want []`},
		{"ending", func(s *Service) { s.Get("/panic").WantEnding("exited with code 0") }, "on purpose"},
		{"none sent", func(s *Service) { s.Get("/hello").SentTo("origin") }, `0 requests to backend "origin", want one`},
		{"other sent", func(s *Service) { s.Get("/known").SentTo("orgin") }, "sent to origin: GET /known"},
		{"sent header", func(s *Service) { s.Get("/known").SentTo("origin").WantHeader("X-A", "1") }, `sent to origin: X-A: [], want ["1"]`},
		{"sent body", func(s *Service) { s.Post("/known", "a").SentTo("origin").WantBody("b") }, `body "a", want "b"`},
		{"not mocked", func(s *Service) { s.Get("/unknown") }, `no mock fits GET "/unknown"`},
		{"not a request", func(s *Service) { s.Do(&hostsim.Request{Target: "x"}) }, "no whole answer"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			require.Contains(t, failing(t, func(t testing.TB) { c.test(s.In(t)) }), c.want)
		})
	}
	require.Empty(t, failing(t, func(t testing.TB) { s.In(t).Get("/known").WantStatus(201) }))
}

func module(t *testing.T, text string) string {
	t.Helper()
	code, err := wattest.Assemble(text)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "main.wasm")
	require.NoError(t, os.WriteFile(path, code, 0o600))
	return path
}

// asking sends the request to a backend, after having registered it as a
// dynamic one when it gets an address.
func asking(name, address string) string {
	register := ""
	if address != "" {
		register = fmt.Sprintf(`(drop (call $register (i32.const 64) (i32.const %d) (i32.const 512) (i32.const %d) (i32.const 0) (i32.const 1024)))`, len(name), len(address))
	}
	return fmt.Sprintf(`(module
  (import "fastly_http_req" "body_downstream_get" (func $request (param i32 i32) (result i32)))
  (import "fastly_http_req" "register_dynamic_backend" (func $register (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_req" "send" (func $send (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_resp" "send_downstream" (func $answer (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 64) "%s") (data (i32.const 512) "%s")
  (func (export "_start")
    (drop (call $request (i32.const 0) (i32.const 4))) %s
    (br_if 0 (call $send (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.const 64) (i32.const %d) (i32.const 8) (i32.const 12)))
    (drop (call $answer (i32.load (i32.const 8)) (i32.load (i32.const 12)) (i32.const 0)))))`, name, address, register, len(name))
}

// Without Network, only what is on this machine can be asked.
func TestNobodyAsksTheInternet(t *testing.T) {
	here := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "here") }))
	defer here.Close()
	url := func(url string) Option {
		return With(func(c *hostsim.Config) { c.Backends["b"] = hostsim.Backend{URL: url} })
	}
	cache := CacheDir(t.TempDir())
	static, dynamic := module(t, asking("b", "")), module(t, asking("d", "d.invalid"))
	local := module(t, asking("d", strings.TrimPrefix(here.URL, "http://")))
	RunModule(t, static, cache, url(here.URL)).Get("/").WantBody("here")
	RunModule(t, local, cache).Get("/").WantBody("here")
	RunModule(t, dynamic, cache, Dynamic("D.invalid", hostsim.Mock{Body: []byte("mocked")})).Get("/").WantBody("mocked")
	require.Contains(t, failing(t, func(tb testing.TB) { RunModule(tb, static, cache, url("http://b.invalid")).Get("/") }), "not mocked")
	require.Contains(t, failing(t, func(tb testing.TB) { RunModule(tb, dynamic, cache).Get("/") }), `dynamic backend "d" (d.invalid:80)`)
	x := RunModule(t, dynamic, cache, Network()).Get("/")
	require.ErrorContains(t, x.Sent[0].Err, "dns_", "asked, in vain")
}

func TestConfiguration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fastly.toml")
	require.NoError(t, os.WriteFile(file, []byte("[local_server.backends.b]\nurl = \"http://b.invalid\"\n[local_server.mocks.b]\nbody = \"from fastly.toml\"\n"), 0o600))
	path, cache := module(t, asking("b", "")), CacheDir(t.TempDir())
	RunModule(t, path, cache, FastlyTOML(file)).Get("/").WantBody("from fastly.toml")
	RunModule(t, path, cache, FastlyTOML(file), Backend("b", hostsim.Mock{Body: []byte("from the test")})).Get("/").WantBody("from the test")
	require.Contains(t, failing(t, func(t testing.TB) { RunModule(t, path, cache, FastlyTOML("absent.toml")) }), "absent.toml")
	require.Contains(t, failing(t, func(t testing.TB) { RunModule(t, "absent.wasm", cache) }), "absent.wasm")
	require.Contains(t, failing(t, func(t testing.TB) { RunModule(t, file, cache) }), "compile module")
	require.Contains(t, failing(t, func(t testing.TB) { Run(t, "./...", cache) }), "not one package")
}

// The same moment and the same randomness each time.
func TestAt(t *testing.T) {
	text := `(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "fastly_log" "endpoint_get" (func $endpoint (param i32 i32 i32) (result i32)))
  (import "fastly_log" "write" (func $log (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 64) "l")
  (func (export "_start")
    (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 128)))
    (drop (call $random (i32.const 136) (i32.const 8)))
    (drop (call $endpoint (i32.const 64) (i32.const 1) (i32.const 0)))
    (drop (call $log (i32.load (i32.const 0)) (i32.const 128) (i32.const 16) (i32.const 4)))))`
	path, at := module(t, text), At(time.Unix(1, 0))
	first := RunModule(t, path, CacheDir(t.TempDir()), at).Get("/")
	RunModule(t, path, CacheDir(t.TempDir()), at).Get("/").WantLog("l", first.Logs[0].Line)
	require.Equal(t, "\x00\xca\x9a\x3b\x00\x00\x00\x00", first.Logs[0].Line[:8])
}
