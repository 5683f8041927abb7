package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/internal/wattest"
)

var dir string

func TestMain(m *testing.M) {
	var err error
	if dir, err = os.MkdirTemp("", "hostsim-cmd"); err != nil {
		panic(err)
	}
	os.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// guest builds the test guest with a version, once.
var guests sync.Map

func guest(t *testing.T, version string) string {
	t.Helper()
	build, _ := guests.LoadOrStore(version, sync.OnceValues(func() (string, error) {
		path := filepath.Join(dir, version+".wasm")
		cmd := exec.Command("go", "build", "-ldflags=-s -w -X main.version="+version, "-o", path, "./testdata/guest")
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
		cmd.Stderr = os.Stderr
		return path, cmd.Run()
	}))
	path, err := build.(func() (string, error))()
	require.NoError(t, err)
	return path
}

func TestRun(t *testing.T) {
	module := guest(t, "one")
	unknown := filepath.Join(dir, "unknown.wasm")
	code, err := wattest.Assemble(`(module (import "fastly_nothing" "at_all" (func $f (param i32) (result i32)))
		(import "wasi_snapshot_preview1" "at_all" (func $g (param i64) (result i64)))
		(import "fastly_log" "shout" (func $h (result i32)))
		(memory (export "memory") 1)
		(func (export "_start") (drop (call $h)) (if (call $f (i32.wrap_i64 (call $g (i64.const 7)))) (then (unreachable)))))`)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(unknown, code, 0o600))
	broken, config := filepath.Join(dir, "broken.wasm"), filepath.Join(dir, "bad.toml")
	require.NoError(t, os.WriteFile(broken, []byte("not wasm"), 0o600))
	require.NoError(t, os.WriteFile(config, []byte("[local_server.backends.x]\nurll = \"\""), 0o600))
	mocks := filepath.Join(dir, "mocks.toml")
	require.NoError(t, os.WriteFile(mocks, []byte("[mocks.origin]\nstatus = 404\n"), 0o600))
	cases := []struct {
		name   string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{"arguments", []string{"run", module, "-test.v", "--x"}, 0, "[-test.v --x]\naccess :: a line\\nand more\n", "to stderr\n"},
		{"outputs as log lines", []string{"run", "--log-stdout", "--log-stderr", module, "--", "a"}, 0, "stdout :: [a]\nstderr :: to stderr\naccess :: a line", ""},
		{"exit code", []string{"run", "-C", "", module, "7"}, 7, "[7]\n", "exited with code 7"},
		{"quiet", []string{"run", "-q", module, "7"}, 7, "[7]\n", "to stderr\n"},
		{"trace", []string{"run", "--trace", module}, 0, "", `log.endpoint_get(name="access") ok  endpoint_handle=0`},
		{"no module", []string{"run"}, 2, "", "hint: hostsim --help"},
		{"absent module", []string{"run", "absent.wasm"}, 1, "", "absent.wasm"},
		{"broken module", []string{"run", broken}, 1, "", "compile module"},
		{"broken configuration", []string{"run", "-C", config, module}, 1, "", "bad.toml:2"},
		{"mocks without a backend", []string{"run", "--mocks", mocks, module}, 1, "", "mocks.toml:1: mocks.origin: there is no backend of this name"},
		{"absent mocks", []string{"run", "--mocks", "absent.toml", module}, 1, "", "absent.toml"},
		{"unknown flag", []string{"run", "--nonsense", module}, 2, "", "nonsense"},
		{"trace format", []string{"run", "--trace=xml", module}, 2, "", "neither text nor json"},
		{"unknown imports", []string{"run", unknown}, 1, "", `unknown import "wasi_snapshot_preview1" "at_all"; unknown import "fastly_log" "shout"`},
		{"unknown imports at the link", []string{"run", "--unknown-import-behavior=link-error", unknown}, 1, "", `unknown import "fastly_nothing" "at_all"`},
		{"unknown imports trap", []string{"run", "--unknown-import-behavior", "trap", unknown}, 1, "", `unknown import \"fastly_log\" \"shout\" was called`},
		{"unknown imports are zero", []string{"run", "--unknown-import-behavior=zero-or-null", unknown}, 0, "", ""},
		{"unknown imports in a way unknown", []string{"run", "--unknown-import-behavior=ignore", unknown}, 2, "", "want link-error, trap or zero-or-null"},
		{"Viceroy's flags", []string{"run", "--local-pushpin-proxy-port", "7677", "--enable-local-websocket-passthrough", "--profile", "perfmap", "--adapt", "-g",
			"--wasm-gc", module, "-x"}, 0, "[-x]\n", "--profile=perfmap changes nothing here"},
		{"Viceroy's flags, quiet", []string{"run", "-q", "--adapt", "--enable-local-websocket-passthrough=false", module}, 0, "", "to stderr\n"},
		{"profile as in Viceroy", []string{"run", "--profile", "guest," + filepath.Join(dir, "p", "x.json") + ",50μs", module}, 0, "", "x.json\nhint: go tool pprof -top"},
		{"profile, interval", []string{"run", "--profile=guest,x,soon", module}, 2, "", `"soon" is not an interval`},
		{"profile of nothing", []string{"run", "--profile=", module}, 2, "", "want a file"},
		{"profile, parts", []string{"run", "--profile=guest,a,1s,b", module}, 2, "", "guest[,PATH[,INTERVAL]]"},
		{"profile nowhere", []string{"run", "--profile", filepath.Join(dir, "absent", "x"), module, "7"}, 1, "", "hostsim: profile: open"},
		{"profile without names", []string{"run", "--profile", filepath.Join(dir, "x.pb.gz"), module}, 0, "", "build it without -s"},
		{"debug of a run", []string{"run", "--debug-addr", "127.0.0.1:0", module}, 2, "", "is for serve"},
		{"page of a run", []string{"run", "--ui", module}, 2, "", "is for serve"},
		{"page nowhere", []string{"serve", "--ui=7677", module}, 2, "", `"7677" is not an address`},
		{"not a port", []string{"run", "--local-pushpin-proxy-port=x", module}, 2, "", "local-pushpin-proxy-port"},
		{"not a yes", []string{"run", "--enable-local-websocket-passthrough=maybe", module}, 2, "", "enable-local-websocket-passthrough"},
		{"flags behind", []string{"serve", "absent.wasm", "--adapt", "-C", "absent.toml"}, 1, "", "absent.toml"},
		{"adapt", []string{"adapt", module, "-o", "x"}, 2, "", "makes components"},
		{"version", []string{"--version"}, 0, "hostsim ", ""},
		{"help", []string{"--help"}, 0, "usage: hostsim run", ""},
		{"served arguments", []string{"serve", module, "x"}, 2, "", "one argument too many"},
		{"served absent module", []string{"-v", "absent.wasm"}, 1, "", "absent.wasm"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := command(context.Background(), c.args, &stdout, &stderr)
			require.Equal(t, c.code, code, stderr.String())
			require.Contains(t, stdout.String(), c.stdout)
			require.Contains(t, stderr.String(), c.stderr)
			if c.name == "quiet" {
				require.NotContains(t, stderr.String(), "guest failed")
			}
		})
	}
}

// Each flag that Viceroy or Fastly's CLI passes is taken alone, and one that
// changes nothing says so.
func TestViceroysFlags(t *testing.T) {
	module := guest(t, "one")
	flags := map[string]string{"enable-local-websocket-passthrough": "", "unknown-import-behavior=link-error": "", "v": "", "q": "", "log-stdout": "", "log-stderr": "",
		"profile=guest," + filepath.Join(t.TempDir(), "x"): "go tool pprof -top"}
	for name := range viceroys {
		flags[name] = "--" + name + " changes nothing here: "
	}
	flags["local-pushpin-proxy-port=7677"] = flags["local-pushpin-proxy-port"]
	flags["experimental_modules=wasi-nn"] = flags["experimental_modules"]
	delete(flags, "local-pushpin-proxy-port")
	delete(flags, "experimental_modules")
	for flag, says := range flags {
		t.Run(flag, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			require.Zero(t, command(context.Background(), []string{"run", "--" + flag, module}, &stdout, &stderr), stderr.String())
			require.Contains(t, stderr.String(), says)
			require.Equal(t, strings.Contains(says, "changes nothing"), strings.Contains(stderr.String(), "changes nothing here"), stderr.String())
		})
	}
}

func TestTraceAsJSON(t *testing.T) {
	var stdout, stderr bytes.Buffer
	require.Zero(t, command(context.Background(), []string{"run", "--trace=json", guest(t, "one")}, &stdout, &stderr))
	_, text, _ := strings.Cut(stderr.String(), "to stderr\n")
	var line traceLine
	require.NoError(t, json.Unmarshal([]byte(text), &line), text)
	require.Equal(t, "example.com", line.Host)
	require.Equal(t, 200, line.Status)
	require.Equal(t, "exited with code 0", line.Ending)
	require.Equal(t, []traceLog{{"access", "a line\nand more"}}, line.Logs)
	require.Equal(t, line.AllCalls, len(line.Calls))
	at := 0
	for line.Calls[at].Call != "http_body.write" {
		at++
	}
	require.Equal(t, `h=1 buf="version one" end=0`, line.Calls[at].Args)
	require.Equal(t, "ok", line.Calls[at].Status)
	require.Equal(t, "num_bytes=11", line.Calls[at].Results)
}

// served runs the command until the test ends, and returns its URL and what it
// writes to stderr.
func served(t *testing.T, args ...string) (url string, stderr *syncBuffer) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	stderr = &syncBuffer{}
	done := make(chan int, 1)
	go func() {
		done <- command(ctx, args, in, stderr)
		in.Close()
	}()
	t.Cleanup(func() {
		cancel()
		require.Zero(t, <-done, stderr.String())
	})
	line := make([]byte, 200)
	n, err := out.Read(line)
	require.NoError(t, err, stderr.String())
	go io.Copy(io.Discard, out)
	url, found := strings.CutPrefix(strings.TrimSpace(string(line[:n])), "Listening on ")
	require.True(t, found, string(line[:n]))
	return url, stderr
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func get(t *testing.T, client *http.Client, url string) (string, *http.Response) {
	t.Helper()
	resp, err := client.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body), resp
}

// The arguments are those with which Fastly's CLI calls Viceroy.
func TestServeAndReload(t *testing.T) {
	module := filepath.Join(t.TempDir(), "main.wasm")
	config := filepath.Join(t.TempDir(), "fastly.toml")
	require.NoError(t, os.WriteFile(config, []byte("[local_server]\n"), 0o600))
	put := func(from string) {
		data, err := os.ReadFile(from)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(module, data, 0o600))
	}
	put(guest(t, "one"))
	url, stderr := served(t, "-v", "-C", config, "--addr", "127.0.0.1:0", module)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	body, _ := get(t, client, url+"/x")
	require.Equal(t, "version one", body)
	put(guest(t, "second"))
	body, _ = get(t, client, url)
	require.Equal(t, "version second", body)
	require.NoError(t, os.WriteFile(module, []byte("half a build"), 0o600))
	body, _ = get(t, client, url)
	require.Equal(t, "version second", body, "what cannot be used changes nothing")
	require.Contains(t, stderr.String(), "module not loaded again")
	put(guest(t, "one"))
	body, _ = get(t, client, url)
	require.Equal(t, "version one", body)
	require.Eventually(t, func() bool {
		return strings.Contains(stderr.String(), "GET "+strings.TrimPrefix(url, "http://")+"/x -> 200")
	}, 10*time.Second, time.Millisecond)
}

func TestServeTLS(t *testing.T) {
	url, _ := served(t, "serve", "--tls", "--addr", "127.0.0.1:0", "--trace=json", guest(t, "one"))
	require.True(t, strings.HasPrefix(url, "https://"), url)
	for _, h2 := range []bool{true, false} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: h2}
		body, resp := get(t, &http.Client{Transport: transport}, url)
		require.Equal(t, "version one", body)
		require.Equal(t, h2, resp.ProtoMajor == 2)
		transport.CloseIdleConnections()
	}
}

// proxy passes each request on to the backend "origin".
const proxy = `(module
  (import "fastly_http_req" "body_downstream_get" (func $request (param i32 i32) (result i32)))
  (import "fastly_http_req" "send" (func $send (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_resp" "send_downstream" (func $answer (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "origin")
  (func (export "_start")
    (drop (call $request (i32.const 0) (i32.const 4)))
    (br_if 0 (call $send (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.const 64) (i32.const 6) (i32.const 8) (i32.const 12)))
    (drop (call $answer (i32.load (i32.const 8)) (i32.load (i32.const 12)) (i32.const 0)))))`

func assembled(t *testing.T, text string) string {
	t.Helper()
	code, err := wattest.Assemble(text)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "main.wasm")
	require.NoError(t, os.WriteFile(path, code, 0o600))
	return path
}

// Answers come from the configuration, or from a file that Fastly's CLI does
// not write.
func TestMocks(t *testing.T) {
	module, files := assembled(t, proxy), t.TempDir()
	config, mocks := filepath.Join(files, "fastly.toml"), filepath.Join(files, "mocks.toml")
	const backend = "[local_server.backends.origin]\nurl = \"http://origin.example\"\n"
	require.NoError(t, os.WriteFile(mocks, []byte("[mocks.origin]\nstatus = 404\nbody = 'from a file'\n"), 0o600))
	require.NoError(t, os.WriteFile(config, []byte(backend), 0o600))
	url, _ := served(t, "--addr", "127.0.0.1:0", "-C", config, "--mocks", mocks, module)
	body, resp := get(t, http.DefaultClient, url)
	require.Equal(t, "404 from a file", strconv.Itoa(resp.StatusCode)+" "+body)

	require.NoError(t, os.WriteFile(config, []byte(backend+"[[local_server.mocks.origin]]\npath = \"/a\"\nbody = \"from fastly.toml\"\n"), 0o600))
	url, _ = served(t, "--addr", "127.0.0.1:0", "-C", config, module)
	body, _ = get(t, http.DefaultClient, url+"/a")
	require.Equal(t, "from fastly.toml", body)

	var stdout, stderr bytes.Buffer
	require.Zero(t, command(context.Background(), []string{"run", "--trace", "-C", config, module}, &stdout, &stderr))
	require.Contains(t, stderr.String(), `sent to origin: GET /: 0 (destination_not_found: not mocked: no mock fits GET "/")`)
}
