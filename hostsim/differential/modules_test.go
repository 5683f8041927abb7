package differential

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// modules sends requests through whole modules: guests of these tests, the
// SDK's examples, one in JavaScript, and whatever else CLICKEDGE_MODULE and
// JS_MODULE name.
func modules(t *testing.T, l *ledger) {
	raw := buildGo(t, "raw", "../testdata/guests/raw")
	t.Run("raw", func(t *testing.T) { module(t, l, raw, t.TempDir(), backends("origin"), rawCases()) })
	for _, name := range examples(t) {
		t.Run("example "+name, func(t *testing.T) { example(t, l, name) })
	}
	for _, env := range []string{"CLICKEDGE_MODULE", "JS_MODULE"} {
		t.Run(env, func(t *testing.T) {
			path := os.Getenv(env)
			if path == "" {
				t.Skip("NOT COMPARED: " + env + " is not set; run.sh sets it")
			}
			named(t, l, env, path)
		})
	}
}

// module runs the cases of one module on both hosts. ORIGIN in the
// configuration is the origin's URL. Files that it names are in dir.
func module(t *testing.T, l *ledger, path, dir, config string, cases []requestCase) {
	o := newOrigin(t)
	file := filepath.Join(dir, "fastly.toml")
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(config, "ORIGIN", o.url)), 0o600))
	theirs, ours := startViceroy(t, path, file), startSimulator(t, path, file)
	o.take() // Viceroy looks at the start whether its backends are there
	for _, c := range cases {
		a, b := run(theirs, o, c), run(ours, o, c)
		l.judge(compare(filepath.Base(path)+"/"+c.name, a, b))
	}
}

// backends is a configuration with backends at the origin.
func backends(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "[local_server.backends.%q]\nurl = \"ORIGIN\"\n", name)
	}
	return b.String()
}

// compare lists in what two outcomes differ.
func compare(name string, a, b outcome) (list []difference) {
	add := func(field, theirs, ours string) {
		if theirs != ours {
			list = append(list, difference{name, field, theirs, ours, a, b})
		}
	}
	add("failed", a.Failed, b.Failed)
	list = append(list, compareMessages(name, "", a, b, a.Answer, b.Answer)...)
	add("interim", strings.Join(a.Interim, "\n"), strings.Join(b.Interim, "\n"))
	add("ending", a.Ending, b.Ending)
	// Viceroy shows the hint in the middle of the guest's lines
	if !strings.HasPrefix(name, "example-early-hints") {
		add("lines", sameLines(strings.Join(a.Lines, "\n")), sameLines(strings.Join(b.Lines, "\n")))
	}
	if add("received", fmt.Sprint(len(a.Received)), fmt.Sprint(len(b.Received))); len(a.Received) != len(b.Received) {
		return list
	}
	// parallel requests come in any order
	byStart := func(x, y message) int { return strings.Compare(x.Start, y.Start) }
	slices.SortStableFunc(a.Received, byStart)
	slices.SortStableFunc(b.Received, byStart)
	for i := range a.Received {
		list = append(list, compareMessages(name, "received ", a, b, a.Received[i], b.Received[i])...)
	}
	return list
}

// own are what each run has of its own: times, ids of requests (the hosts do
// not count the same ones), durations, and the ports of the two hosts.
var own = regexp.MustCompile(`\b[0-9a-f]{32}\b|\d{4}-\d\d-\d\d[T ][\d:.]+|"(us|vcpu_ms)":\d+|[\d.]+(ms|µs|s)\b|\d{4}/\d\d/\d\d|\d\d:\d\d:\d\d|GA1\.2\.[\d.]+|127\.0\.0\.1:\d+|0x[0-9a-f]+`)

func sameRun(text string) string { return own.ReplaceAllString(text, "OWN") }

// shown: Viceroy writes some values in full, in lines that are indented.
func shown(line string) bool { return strings.HasPrefix(line, "    ") || line == "}" }

// unordered are examples that write what goroutines do, or what a map has.
var unordered = regexp.MustCompile("^example-(multiple-goroutines|parallel-requests|print-request)")

// sameLines is for what a guest's goroutines, and its maps, put into any order.
func sameLines(text string) string {
	// where a panic was, in a sandbox that may have been used before
	text, _, _ = strings.Cut(text, "\n\ngoroutine ")
	lines := slices.DeleteFunc(strings.Split(sameRun(text), "\n"), shown)
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func compareMessages(name, where string, a, b outcome, theirs, ours message) (list []difference) {
	add := func(field, x, y string) {
		if x != y {
			list = append(list, difference{name, where + field, x, y, a, b})
		}
	}
	add("start", theirs.Start, ours.Start)
	for _, field := range fieldNames(theirs, ours) {
		if field != "date" {
			add("field "+field, sameRun(values(theirs.Fields, field)), sameRun(values(ours.Fields, field)))
		}
	}
	switch {
	case theirs.Broken && ours.Broken: // how much arrived before it broke is chance
		n := min(len(theirs.Body), len(ours.Body))
		add("body", theirs.Body[:n], ours.Body[:n])
	case unordered.MatchString(name):
		add("body", sameLines(theirs.Body), sameLines(ours.Body))
	default:
		add("body", sameRun(theirs.Body), sameRun(ours.Body))
	}
	add("trailer", strings.Join(theirs.Trailer, "\n"), strings.Join(ours.Trailer, "\n"))
	add("broken", fmt.Sprint(theirs.Broken), fmt.Sprint(ours.Broken))
	return list
}

func fieldNames(messages ...message) (names []string) {
	for _, m := range messages {
		for _, f := range m.Fields {
			names = append(names, fieldName(f))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func values(fields []string, name string) string {
	var list []string
	for _, f := range fields {
		if fieldName(f) == name {
			list = append(list, f[len(name)+2:])
		}
	}
	return strings.Join(list, "\n")
}

// buildGo builds a guest into a folder that outlives the test, since compiling
// takes long.
func buildGo(t *testing.T, name, pkg string) string {
	t.Helper()
	out := filepath.Join(cacheDir(t), name+".wasm")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, pkg)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", text)
	return out
}

func cacheDir(t *testing.T) string {
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	dir := filepath.Join(cache, "hostsim-differential")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	return dir
}

const sdk = "github.com/fastly/compute-sdk-go"

var listSDK = sync.OnceValues(func() ([]byte, error) {
	return exec.Command("go", "list", "-m", "-f", "{{.Dir}}", sdk).CombinedOutput()
})

func sdkDir(t *testing.T) string {
	t.Helper()
	dir, err := listSDK()
	require.NoError(t, err, "%s", dir)
	return strings.TrimSpace(string(dir))
}

// examples are the SDK's, from the module cache.
func examples(t *testing.T) (names []string) {
	files, err := filepath.Glob(filepath.Join(sdkDir(t), "_examples", "*", "main.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		names = append(names, filepath.Base(filepath.Dir(f)))
	}
	return names
}

var urlLine = regexp.MustCompile(`(?m)(\burl\s*=\s*)(?:"[^"]*"|'[^']*')`)

// example runs one with its own fastly.toml, its backends' URLs apart.
func example(t *testing.T, l *ledger, name string) {
	dir := filepath.Join(sdkDir(t), "_examples", name)
	text, err := os.ReadFile(filepath.Join(dir, "fastly.toml"))
	require.NoError(t, err)
	config := urlLine.ReplaceAllString(string(text), `$1"ORIGIN"`)
	files := t.TempDir()
	require.NoError(t, os.CopyFS(files, os.DirFS(dir)))
	// the module cache is read-only
	require.NoError(t, os.Chmod(filepath.Join(files, "fastly.toml"), 0o600))
	module(t, l, buildGo(t, "example-"+name, sdk+"/_examples/"+name), files, config, exampleCases())
}

func exampleCases() []requestCase {
	const host = "Host: edge.example"
	return []requestCase{
		{name: "get", text: request("GET / HTTP/1.1", "", host)},
		{name: "get again", text: request("GET / HTTP/1.1", "", host)},
		{name: "query", text: request("GET /a/b?c=d&ip=192.0.2.7 HTTP/1.1", "", host, "User-Agent: Mozilla/5.0", "Cookie: a=b")},
		{name: "head", text: request("HEAD / HTTP/1.1", "", host)},
		{name: "post", text: request("POST /x HTTP/1.1", "hello", host, "Content-Length: 5")},
		{name: "chunks", text: request("PUT /x HTTP/1.1", "5\r\nhello\r\n0\r\n\r\n", host, "Transfer-Encoding: chunked")},
		{name: "delete", text: request("DELETE /x HTTP/1.1", "", host)},
		{name: "odd target", text: request("GET /%zz HTTP/1.1", "", host)},
	}
}

// named runs a module that a variable names. Two more may say which host is
// asked for, and which backends there are beside "origin".
func named(t *testing.T, l *ledger, env, path string) {
	path, err := filepath.Abs(path)
	require.NoError(t, err)
	cases := append(wireCases(), serviceCases()...)
	if host := os.Getenv(env + "_HOST"); host != "" {
		for i := range cases {
			cases[i].text = strings.Replace(cases[i].text, "Host: edge.example", "Host: "+host, 1)
		}
	}
	config := backends(append([]string{"origin"}, strings.Fields(os.Getenv(env+"_BACKENDS"))...)...)
	module(t, l, path, t.TempDir(), config, cases)
}

// serviceCases are the paths of testdata/service.js; to any other module they
// are paths like all others.
func serviceCases() (list []requestCase) {
	for _, path := range []string{"/js/redirect", "/js/headers", "/js/log", "/js/stream", "/js/throw", "/js/echo"} {
		list = append(list, requestCase{name: path, text: request("GET "+path+" HTTP/1.1", "", "Host: edge.example", "X-A: 1")})
	}
	return append(list, requestCase{name: "/js/echo of a body", text: request("POST /js/echo HTTP/1.1", "hello", "Host: edge.example", "Content-Length: 5")})
}

// rawCases are what the raw guest does on a path, and everything on the wire
// through it: any other path is passed on.
func rawCases() []requestCase {
	list := wireCases()
	const host = "Host: edge.example"
	for _, path := range []string{"/uri/a%20b?c", "/names", "/nothing", "/exit", "/trap", "/abandon", "/unfinished", "/trailer", "/stream/xx", "/late", "/twice", "/log/a line", "/log/",
		"/forget/beacon", "/pending", "/pending/302", "/env", "/count", "/flood-not"} {
		c := requestCase{name: path, text: request("GET "+path+" HTTP/1.1", "", host, "X-A: 1", "x-a: 2")}
		if path == "/forget/beacon" {
			c.later = 1
		}
		list = append(list, c)
	}
	list = append(list, requestCase{name: "/echo", text: request("POST /echo HTTP/1.1", strings.Repeat("0123456789", 20000), host, "Content-Length: 200000")},
		requestCase{name: "/echo in chunks", text: request("POST /echo HTTP/1.1", "5\r\nhello\r\n0\r\n\r\n", host, "Transfer-Encoding: chunked")},
		requestCase{name: "/echo broken off", text: request("POST /echo HTTP/1.1", "5\r\nhello\r\nzz\r\n", host, "Transfer-Encoding: chunked")},
		requestCase{name: "/upload", text: request("POST /upload HTTP/1.1", "third", host, "Content-Length: 5")},
		requestCase{name: "/upwait", text: request("POST /streamed HTTP/1.1", "third", host, "Content-Length: 5")})
	return list
}
