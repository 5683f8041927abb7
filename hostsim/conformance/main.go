// Command conformance runs the integration and end-to-end tests of
// compute-sdk-go, as they are in the module cache, on hostsim, and prints how
// many suites passed. What the tests want from origins on the internet, a
// stand-in on loopback gives. What cannot run is named, with the reason. It must
// be started in a module that requires the SDK; run.sh does that.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
)

const sdk = "github.com/fastly/compute-sdk-go/"

// suite is one package of tests.
type suite struct {
	name string
	// origins are the backends that stand in for ones on the internet; the
	// others, and the stores, come from the package's own fastly.toml.
	origins []string
	// served: the package is a program, too, and its tests talk to it through
	// the backend "self".
	served bool
	// cached: it is a program that tests itself when it is asked to, with the
	// HTTP cache: one case for each path, and "PASS" in the answer.
	cached []string
}

var suites = []suite{
	{name: "integration_tests/_version"},
	{name: "integration_tests/acl"},
	{name: "integration_tests/async_select", origins: []string{"TheOrigin", "TheOrigin2"}},
	{name: "integration_tests/byte_repeater", origins: []string{"TheOrigin"}},
	{name: "integration_tests/compute_runtime"},
	{name: "integration_tests/config_store"},
	{name: "integration_tests/device_detection"},
	{name: "integration_tests/geolocation"},
	{name: "integration_tests/hello_world"},
	{name: "integration_tests/httpcache", cached: httpCacheCases},
	{name: "integration_tests/internal_debug", origins: []string{"httpme"}},
	{name: "integration_tests/kvstore", origins: []string{"httpme"}},
	{name: "integration_tests/request_downstream"},
	{name: "integration_tests/request_upstream", origins: []string{"TheOrigin", "TheOrigin2", "example_backend", "httpedge"}},
	{name: "integration_tests/secret_store"},
	{name: "integration_tests/shielding"},
	{name: "integration_tests/status"},
	{name: "integration_tests/streaming_close", origins: []string{"TheOrigin", "TheOrigin2", "example_backend"}},
	{name: "end_to_end_tests/bot-detection", served: true},
	{name: "end_to_end_tests/loopback", served: true},
	{name: "end_to_end_tests/serve-many", served: true},
}

// leftOut are the packages that cannot run here, and why.
var leftOut = map[string]string{
	"integration_tests/backend": "it registers a backend of a name on the internet, over TLS",
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := 0
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		code = 1
	}
	stop()
	os.Exit(code)
}

// bench is what the suites share: a folder for files, the built hostsim, and
// the stand-in's address.
type bench struct {
	dir, hostsim, origin string
}

func run(ctx context.Context, names []string) error {
	dir, err := os.MkdirTemp("", "hostsim-conformance")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir, hostsim: filepath.Join(dir, "hostsim")}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", b.hostsim, "./hostsim/cmd/hostsim").CombinedOutput(); err != nil {
		return fmt.Errorf("build hostsim: %w\n%s", err, out)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: standIn()}
	defer srv.Close()
	go srv.Serve(ln)
	b.origin = "http://" + ln.Addr().String()
	folder, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", strings.TrimSuffix(sdk, "/")).Output()
	if err != nil {
		return fmt.Errorf("find the SDK: %w", err)
	}
	if err := complete(os.DirFS(strings.TrimSpace(string(folder)))); err != nil {
		return err
	}
	return b.all(ctx, names)
}

// complete fails when the SDK has a folder of tests that is neither run nor
// named as left out, or lacks one that is.
func complete(sdk fs.FS) error {
	have := map[string]bool{}
	for _, parent := range []string{"integration_tests", "end_to_end_tests"} {
		entries, err := fs.ReadDir(sdk, parent)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.IsDir() {
				have[parent+"/"+e.Name()] = true
			}
		}
	}
	known := slices.Collect(maps.Keys(leftOut))
	for _, s := range suites {
		known = append(known, s.name)
	}
	var problems []error
	for _, name := range known {
		if !have[name] {
			problems = append(problems, fmt.Errorf("%s: the SDK does not have it, or it is listed twice", name))
		}
		delete(have, name)
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		problems = append(problems, fmt.Errorf("%s: the SDK has it, and it is neither run nor listed as left out", name))
	}
	return errors.Join(problems...)
}

// all runs the suites one after the other, and fails when one does.
func (b *bench) all(ctx context.Context, names []string) error {
	passed, failed := 0, 0
	for _, s := range suites {
		if len(names) > 0 && !slices.Contains(names, filepath.Base(s.name)) {
			continue
		}
		out, err := b.suite(ctx, s)
		if err != nil {
			failed++
			fmt.Printf("FAIL %s: %v\n%s\n", s.name, err, out)
			continue
		}
		passed++
		fmt.Printf("ok   %s\n", s.name)
	}
	if len(names) == 0 {
		for _, name := range slices.Sorted(maps.Keys(leftOut)) {
			fmt.Printf("NOT RUN %s: %s\n", name, leftOut[name])
		}
		fmt.Printf("%d passed, %d failed, %d not run\n", passed, failed, len(leftOut))
	} else {
		fmt.Printf("%d passed, %d failed\n", passed, failed)
	}
	if failed > 0 || passed == 0 {
		return errors.New("not every suite passed")
	}
	return nil
}

func (b *bench) suite(ctx context.Context, s suite) ([]byte, error) {
	if s.cached != nil {
		return b.selfTest(ctx, s)
	}
	config := "fastly.toml" // of the package, in whose folder the test runs
	if s.served {
		stop, url, err := b.serve(ctx, s, "fastlyinternaldebug")
		if err != nil {
			return nil, err
		}
		defer stop()
		if config, err = b.backends(s, []string{"self"}, url); err != nil {
			return nil, err
		}
	}
	if len(s.origins) > 0 {
		var err error
		if config, err = b.backends(s, s.origins, b.origin); err != nil {
			return nil, err
		}
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-timeout=2m", "-exec", b.hostsim+" run -C "+config, "-tags=fastlyinternaldebug", sdk+s.name)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	return cmd.CombinedOutput()
}

// backends writes a fastly.toml with backends of a URL. The KV store is what
// the SDK's own file has.
func (b *bench) backends(s suite, names []string, url string) (string, error) {
	var text strings.Builder
	for _, name := range names {
		path := "/"
		if name == "httpedge" {
			path = "/anything/"
		}
		fmt.Fprintf(&text, "[local_server.backends.%s]\nurl = %q\n", name, url+path)
	}
	text.WriteString("[[local_server.kv_stores.example-test-kv-store]]\nkey = \"hello\"\ndata = \"world\"\n")
	path := filepath.Join(b.dir, filepath.Base(s.name)+".toml")
	return path, os.WriteFile(path, []byte(text.String()), 0o600)
}

// serve builds the program of a package and serves it on an address that the
// system chooses.
func (b *bench) serve(ctx context.Context, s suite, tag string, flags ...string) (stop func(), url string, err error) {
	module := filepath.Join(b.dir, "main.wasm")
	build := exec.CommandContext(ctx, "go", "build", "-tags="+tag, "-o", module, sdk+s.name)
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, "", fmt.Errorf("build: %w\n%s", err, out)
	}
	cmd := exec.CommandContext(ctx, b.hostsim, append(flags, "-q", "--addr", "127.0.0.1:0", module)...)
	cmd.Args = slices.Insert(cmd.Args, 1, "serve")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	stop = func() { cmd.Process.Kill(); cmd.Wait() }
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if url, found := strings.CutPrefix(lines.Text(), "Listening on "); found {
			go func() {
				for lines.Scan() { // what is not read would hold the guest up
				}
			}()
			return stop, url, nil
		}
	}
	stop()
	return nil, "", errors.New("hostsim serve did not start")
}
