package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/edge/prewarm"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

const sdk = "github.com/fastly/compute-sdk-go"

// Every example of Fastly's SDK for Go answers alike before and after it is
// prewarmed: it gets its entry by one import, and no line of it is changed.
func TestSDKExamplesPrewarmed(t *testing.T) {
	if os.Getenv("CLICKEDGE_EXAMPLES") == "" {
		t.Skip("27 programs take minutes: set CLICKEDGE_EXAMPLES to 1, as .ci/run does")
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", sdk).CombinedOutput()
	require.NoError(t, err, "%s", out)
	dirs, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "_examples", "*", "main.go"))
	require.NoError(t, err)
	require.Greater(t, len(dirs), 20)
	for _, file := range dirs {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) { comparePrewarmed(t, dir) })
	}
}

func comparePrewarmed(t *testing.T, dir string) {
	stock := buildExample(t, dir, nil)
	entry := []byte("package main\n\nimport _ \"github.com/clickedge/clickedge/edge/prewarm/guest/compute\"\n")
	reactor := buildExample(t, dir, entry, "-buildmode=c-shared")
	warm, rep, err := prewarm.Module(context.Background(), reactor, prewarm.Options{KeepEntry: true})
	require.NoError(t, err)
	name := filepath.Base(dir)
	if draws[name] {
		require.Len(t, rep.Warnings, 1)
		require.Equal(t, prewarm.Random, rep.Warnings[0].Code)
		require.True(t, rep.Warnings[0].AtRequest)
	} else {
		require.Empty(t, rep.Warnings)
	}
	require.NoError(t, rep.NotRehearsed)
	requests := exampleRequests(name)
	want, got := answers(t, dir, stock, requests), answers(t, dir, warm, requests)
	require.Equal(t, want, got)
	well := func(text string) bool {
		return strings.Contains(text, "ended well: true, answered: true\n") && strings.Contains(text, "\n200 ")
	}
	require.True(t, slices.ContainsFunc(want, well), "nothing but failures was compared: %s", want)
}

// draws are the examples that draw from math/rand for each request: prewarmed,
// they draw the same numbers in every sandbox, and prewarm warns of it. The
// comparison leaves the numbers out.
var draws = map[string]bool{"set-google-analytics": true, "multiple-goroutines": true}

// buildExample builds an example from the module cache. With a file of ours
// beside it, both are laid over a folder of this package that is not there,
// since nothing can be laid over the cache.
func buildExample(t *testing.T, dir string, entry []byte, flags ...string) []byte {
	t.Helper()
	tmp := t.TempDir()
	out, pkg := filepath.Join(tmp, "example.wasm"), sdk+"/_examples/"+filepath.Base(dir)
	args := slices.Concat([]string{"build", "-trimpath", "-o", out}, flags)
	if entry != nil {
		pkg = "./testdata/guest/sdkexample"
		args = append(args, "-overlay", laidOver(t, tmp, dir, pkg, entry))
	}
	cmd := exec.Command("go", append(args, pkg)...)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", text)
	module, err := os.ReadFile(out)
	require.NoError(t, err)
	return module
}

// laidOver writes the table for go build -overlay.
func laidOver(t *testing.T, tmp, dir, pkg string, entry []byte) string {
	t.Helper()
	at, err := filepath.Abs(pkg)
	require.NoError(t, err)
	ours := filepath.Join(tmp, "entry.go")
	require.NoError(t, os.WriteFile(ours, entry, 0o600))
	replace := map[string]string{filepath.Join(at, "prewarm_entry.go"): ours}
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, f := range files {
		replace[filepath.Join(at, f.Name())] = filepath.Join(dir, f.Name())
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	overlay := filepath.Join(tmp, "overlay.json")
	require.NoError(t, os.WriteFile(overlay, text, 0o600))
	return overlay
}

func exampleRequests(name string) []hostsim.Request {
	cookie := wire.Header{{Name: "Cookie", Value: "a=b"}, {Name: "User-Agent", Value: "Mozilla/5.0"}}
	requests := []hostsim.Request{
		{}, {Target: "/a/b?c=d&ip=192.0.2.7&shield=pdx-or-us", Header: cookie}, {Method: http.MethodHead},
		{Method: http.MethodPost, Target: "/x", Body: strings.NewReader("hello")}, {Target: "/x"}, {Method: http.MethodDelete, Target: "/x"},
	}
	switch name {
	case "early-hints": // the others end badly: hostsim takes the response with the hints, and the SDK uses it again
		requests = append(requests, hostsim.Request{Target: "/style.css"})
	case "acl":
		requests = append(requests, hostsim.Request{Target: "/?ip=192.168.3.4"})
	case "corecache", "simplecache":
		note := hostsim.Request{
			Method: http.MethodPost, Target: "/note", Body: strings.NewReader("hello"), Header: wire.Header{{Name: "Content-Type", Value: "text/plain"}},
		}
		requests = append(requests, note, hostsim.Request{Target: "/note"}, note,
			hostsim.Request{Method: http.MethodDelete, Target: "/note"}, hostsim.Request{Target: "/note"})
	}
	return requests
}

// answers are what the requests got, one host for all, and what was written
// and sent on the way.
func answers(t *testing.T, dir string, module []byte, requests []hostsim.Request) (said []string) {
	t.Helper()
	cfg, err := hostsim.LoadConfig(filepath.Join(dir, "fastly.toml"))
	require.NoError(t, err)
	origin := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Add("Set-Cookie", "from=origin")
		_, _ = w.Write([]byte("<html><head></head><body>" + r.Method + " " + r.RequestURI + "</body></html>"))
	})
	if cfg.Backends == nil {
		cfg.Backends = map[string]hostsim.Backend{}
	}
	cfg.Backends["origin"] = hostsim.Backend{}
	for name := range cfg.Backends {
		cfg.Backends[name] = hostsim.Backend{Handler: origin}
	}
	cfg.Devices = map[string]json.RawMessage{"Mozilla/5.0": json.RawMessage(`{"device":{"name":"Desktop","is_desktop":true}}`)}
	cfg.Limits.SentBody = 1 << 10
	h, err := hostsim.New(context.Background(), module, cfg)
	require.NoError(t, err)
	defer h.Close(context.Background())
	for _, r := range requests {
		if body, ok := r.Body.(*strings.Reader); ok {
			r.Body = strings.NewReader("hello"[:body.Size()])
		}
		answer, x, err := h.Do(context.Background(), &r)
		require.NoError(t, err)
		text := lasting(exchangeText(answer, x))
		if unordered[filepath.Base(dir)] {
			text = sortedLines(text)
		}
		said = append(said, text)
	}
	return said
}

// exchangeText is all that an exchange shows. Of a guest that has failed, what
// it wrote to standard error is left out: a command that panics exits with 2, a
// reactor traps, and the stacks differ.
func exchangeText(answer *hostsim.Response, x *hostsim.Exchange) string {
	var b strings.Builder
	fmt.Fprintf(&b, "ended well: %t, answered: %t\n", x.Ending.OK(), x.Responded)
	for _, hints := range x.EarlyHints {
		fmt.Fprintf(&b, "103 %s\n", anyOrder(hints))
	}
	if x.Responded {
		fmt.Fprintf(&b, "%d %s %s\n%s\n", answer.Status, anyOrder(answer.Header), anyOrder(answer.Trailer), answer.Body)
	}
	for _, s := range x.Sent {
		fmt.Fprintf(&b, "sent %s %s %s %s %q: %d %v\n", s.Backend, s.Method, s.Target, anyOrder(s.Header), s.Body, s.Status, s.Err)
	}
	for _, line := range x.Logs {
		fmt.Fprintf(&b, "log %s: %s\n", line.Endpoint, line.Line)
	}
	fmt.Fprintf(&b, "stdout:\n%s\n", x.Stdout)
	if x.Ending.OK() {
		fmt.Fprintf(&b, "stderr:\n%s\n", x.Stderr)
	}
	return b.String()
}

var fleeting = regexp.MustCompile(`\w{3}, \d\d \w{3} \d{4} |(\d{4}/\d\d/\d\d )?\d\d:\d\d:\d\d(\.\d+)?|\b\d+(\.\d+)?(ns|µs|ms|s)\b|GA1\.\d\.\d+\.\d+`)

// lasting leaves out times and random numbers.
func lasting(text string) string { return fleeting.ReplaceAllString(text, "…") }

// unordered are the examples that write in the order of goroutines or of a map.
var unordered = map[string]bool{"multiple-goroutines": true, "parallel-requests": true, "print-request": true}

func sortedLines(text string) string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// anyOrder is a header without the order that Go's maps give it, which
// differs from run to run, and is frozen in a prewarmed module.
func anyOrder(h wire.Header) string {
	fields := make([]string, len(h))
	for i, f := range h {
		fields[i] = f.Name + ": " + f.Value
	}
	slices.Sort(fields)
	return fmt.Sprintf("%q", fields)
}
