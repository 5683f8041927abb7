package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
)

const serveSites = `{"sites": {
  "link.example.com": {"esp": "customerio-eu", "destinations": ["example.com", "*.example.com"],
    "when_esp_fails": "redirect", "keys": ["k2", "k1"]},
  "quick.example.com": {"esp": "sparkpost", "destinations": ["*.example.com"], "clicks": "redirect"},
  "mail.example.com": {"esp": "mailgun"}
}}`

// builtModule is a module with serveSites inside, built once for all tests.
func builtModule(t *testing.T) string {
	shared.once.Do(func() {
		dir, err := os.MkdirTemp(os.Getenv("XDG_CACHE_HOME"), "built-") // removed by TestMain
		require.NoError(t, err)
		shared.name = filepath.Join(dir, "main.wasm")
		buildModule(t, serveSites, shared.name)
	})
	return shared.name
}

var shared struct {
	once sync.Once
	name string
}

func buildModule(t *testing.T, sites, out string) {
	name := filepath.Join(t.TempDir(), "sites.json")
	require.NoError(t, os.WriteFile(name, []byte(sites), 0o600))
	var stdout, stderr bytes.Buffer
	env := &Env{In: new(bytes.Buffer), Out: &stdout, Err: &stderr, Now: time.Now, LookupEnv: os.LookupEnv}
	require.Equal(t, failure.ExitOK, env.Run(t.Context(), []string{"build", "--sites", name, "-o", out}), stderr.String())
}

// running is a "clickedge serve" in this process.
type running struct {
	t        *testing.T
	addr     string
	sites    string // the file
	greeting string
	out, err <-chan string // lines; of err those that follow the greeting
	stop     context.CancelFunc
	exit     chan int
}

// lines reads all of r as it comes, so that the command never waits for the
// test.
func lines(r io.Reader) <-chan string {
	list := make(chan string, 10_000)
	go func() {
		defer close(list)
		for in := bufio.NewScanner(r); in.Scan(); {
			list <- in.Text()
		}
	}()
	return list
}

// startServe runs the command and returns once it listens.
func startServe(t *testing.T, sites string, args ...string) *running {
	return startServeIn(t, t.TempDir(), sites, args...)
}

func startServeIn(t *testing.T, dir, sites string, args ...string) *running {
	name := filepath.Join(dir, "sites.json")
	require.NoError(t, os.WriteFile(name, []byte(sites), 0o600))
	ctx, stop := context.WithCancel(t.Context())
	outR, outW := io.Pipe()
	errR, errW := io.Pipe()
	r := &running{t: t, sites: name, out: lines(outR), err: lines(errR), stop: stop, exit: make(chan int, 1)}
	env := &Env{In: new(bytes.Buffer), Out: outW, Err: errW, Now: time.Now, LookupEnv: os.LookupEnv}
	go func() {
		r.exit <- env.Run(ctx, append([]string{"serve", "--addr", "127.0.0.1:0", "--sites", name}, args...))
		outW.Close()
		errW.Close()
	}()
	t.Cleanup(stop)
	r.readGreeting()
	return r
}

func (r *running) readGreeting() {
	for line := range r.err {
		r.greeting += line + "\n"
		if addr, ok := strings.CutPrefix(line, "listening on http://"); ok {
			r.addr = addr
			require.Equal(r.t, "Ctrl-C stops it", <-r.err)
			return
		}
	}
	require.Fail(r.t, "it does not listen", r.greeting)
}

// target finds the first link of this name in the greeting, for a host.
func (r *running) target(host, name string) string {
	re := regexp.MustCompile(`(?m)^  # ` + regexp.QuoteMeta(name) + "\n(?:  http://.*\n)?  curl .*'Host: " + regexp.QuoteMeta(host) + `'.* 'http://[^/]+(/.*)'$`)
	m := re.FindStringSubmatch(r.greeting)
	require.NotNil(r.t, m, "%s: %s in\n%s", host, name, r.greeting)
	return m[1]
}

// get sends a request as it stands, and returns the answer and the line that
// was printed about it.
func (r *running) get(method, host, target string) (*http.Response, string) {
	conn, err := net.Dial("tcp", r.addr)
	require.NoError(r.t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, method+" "+target+" HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
	require.NoError(r.t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	require.NoError(r.t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(r.t, err)
	line, ok := <-r.out
	require.True(r.t, ok, "no line about %s %s", method, target)
	return resp, line
}

// finish stops the command the way Ctrl-C does, and returns what it said last.
func (r *running) finish() string {
	r.stop()
	rest := ""
	for line := range r.err {
		rest += line + "\n"
	}
	require.Equal(r.t, failure.ExitOK, <-r.exit, rest)
	return rest
}

func TestServe(t *testing.T) {
	r := startServe(t, serveSites, "--module", builtModule(t))

	resp, line := r.get("GET", "link.example.com", r.target("link.example.com", "a signed link"))
	require.Equal(t, 302, resp.StatusCode)
	require.Equal(t, "https://example.com/welcome?from=mail", resp.Header.Get("Location"))
	require.Regexp(t, `^\d\d:\d\d:\d\d\.\d{3}  GET   302  click        redirect  link.example.com   -  +\d+ µs  ok: the signature is right`, line)

	resp, line = r.get("GET", "link.example.com:7676", r.target("link.example.com", "click"))
	require.Equal(t, 302, resp.StatusCode)
	require.Equal(t, "https://example.com/a?b=1&c=2", resp.Header.Get("Location"))
	require.Regexp(t, `GET   302  click        proxy     link.example.com:7676  customerio-eu +\d+ µs  ok: the site has "clicks": "proxy"`, line)

	resp, line = r.get("GET", "quick.example.com", r.target("quick.example.com", "click"))
	require.Equal(t, 302, resp.StatusCode)
	require.Regexp(t, `click        redirect  quick.example.com  sparkpost .*ok: .*told once the reader has gone$`, line)

	// What net/http would refuse goes through to the ESP; plain http works too.
	resp, line = r.get("GET", "mail.example.com", "/odd%2|a b/../")
	require.Equal(t, 404, resp.StatusCode)
	require.Regexp(t, `404  other        proxy     mail.example.com   mailgun .*ok: not a path that is known of mailgun`, line)

	resp, line = r.get("HEAD", "nope.example.com", "/")
	require.Equal(t, 421, resp.StatusCode)
	require.Contains(t, line, "wrong_host: no site has this host")
	r.get("GET", "127.0.0.1", "/forgotten")

	rest := r.finish()
	require.Equal(t, 1, strings.Count(rest, "hint: a site is found by its Host, as in curl -H 'Host: link.example.com'"), rest)
	require.Contains(t, rest, "stopped\n")
	require.NotContains(t, r.greeting+rest, "warning")
}

func TestServeWithAFailingESP(t *testing.T) {
	r := startServe(t, serveSites, "--module", builtModule(t), "--fault", "customerio-eu=500", "--fault", "mailgun=refuse", "-v")
	resp, line := r.get("GET", "link.example.com", r.target("link.example.com", "click"))
	require.Equal(t, 302, resp.StatusCode)
	require.Contains(t, line, `esp_error: the ESP answered with an error: the site has "when_esp_fails": "redirect"`)
	resp, line = r.get("GET", "mail.example.com", r.target("mail.example.com", "click"))
	require.Equal(t, 502, resp.StatusCode)
	require.Contains(t, line, "esp_unreachable: ")
	rest := r.finish()
	require.Contains(t, rest, "sent    customerio-eu: GET /e/c/")
	require.Contains(t, rest, "host: link.example.com")
	require.Contains(t, rest, `log     {"v":1,`)
}

func TestServeElsewhere(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Saw-Host", r.Host)
		w.WriteHeader(http.StatusTeapot)
	})}
	go srv.Serve(ln)
	defer srv.Close()
	keys := filepath.Join(t.TempDir(), "keys.txt")
	require.NoError(t, os.WriteFile(keys, []byte("k2="+secretA+"\n"), 0o600))

	r := startServe(t, serveSites, "--module", builtModule(t), "--origins", "mailgun=http://"+ln.Addr().String(), "--keys", keys, "--json")
	require.Contains(t, r.greeting, `warning: no secret of key "k1": its links are refused (key_unavailable)`)
	require.NotContains(t, r.greeting, secretA)
	resp, line := r.get("GET", "mail.example.com", "/c/x")
	require.Equal(t, http.StatusTeapot, resp.StatusCode)
	require.Equal(t, "mail.example.com", resp.Header.Get("X-Saw-Host"))
	var record struct {
		V      int
		Status int
		Host   string
	}
	require.NoError(t, json.Unmarshal([]byte(line), &record))
	require.Equal(t, http.StatusTeapot, record.Status)
	require.Equal(t, 1, record.V)
	resp, line = r.get("GET", "link.example.com", "/to/k2.uaHR0cHM6Ly93d3cuZXhhbXBsZS5jb20vYg.oEpbr85LrWZGraV9gyc6OQ")
	require.Equal(t, "https://www.example.com/b", resp.Header.Get("Location"), line)
	r.finish()
}

// A site whose verdict goes by the network can be tried: of a loopback address
// the simulator says what Viceroy says.
func TestServeNetwork(t *testing.T) {
	const sites = `{"sites": {"link.example.com": {"esp": "ses-us-east-1", "clicks": "redirect", "count": false, "destinations": ["*.example.com"], "verdict": "network"}}}`
	out := filepath.Join(t.TempDir(), "main.wasm")
	buildModule(t, sites, out)
	r := startServe(t, sites, "--module", out, "--json")
	resp, line := r.get("GET", "link.example.com", r.target("link.example.com", "click"))
	require.Equal(t, http.StatusFound, resp.StatusCode)
	require.Contains(t, line, `"asn":54113,`)
	require.Contains(t, line, `"ja4":"t13d`)
	require.Contains(t, line, "gateway_network", "a reason as in any log")
	r.finish()
}

func TestServeRealPrintsNoSamples(t *testing.T) {
	r := startServe(t, serveSites, "--module", builtModule(t), "--origins", "real")
	require.Contains(t, r.greeting, "paste a link from your own mail: https://track-eu.customer.io answers it")
	require.Contains(t, r.greeting, "a signed link")
	require.NotContains(t, r.greeting, "# click")
	r.finish()
}

func TestServeModule(t *testing.T) {
	// The module is newer, or older, than the file: the file names one more
	// host.
	more := strings.Replace(serveSites, `"mail.example.com"`, `"more.example.com": {"esp": "sendgrid"}, "mail.example.com"`, 1)
	r := startServe(t, more, "--module", builtModule(t))
	require.Contains(t, r.greeting, "was built with other sites than")
	require.Contains(t, r.greeting, "hint: clickedge build --sites")
	// The module decides, not the file: it knows no such host, and says so.
	resp, line := r.get("GET", "more.example.com", "/")
	require.Equal(t, 421, resp.StatusCode)
	require.Contains(t, line, "wrong_host: no site has this host")
	r.finish()

	r = startServe(t, serveSites, "--module", filepath.Join(t.TempDir(), "missing.wasm"))
	require.Contains(t, r.greeting, "missing.wasm is not there yet")
	require.Contains(t, r.greeting, "building the module")
	r.finish()
}

func TestServeRefuses(t *testing.T) {
	dir := t.TempDir()
	sites, junk := filepath.Join(dir, "sites.json"), filepath.Join(dir, "junk.wasm")
	require.NoError(t, os.WriteFile(sites, []byte(serveSites), 0o600))
	require.NoError(t, os.WriteFile(junk, []byte("junk"), 0o600))
	nameless := filepath.Join(dir, "secret")
	require.NoError(t, os.WriteFile(nameless, []byte(secretA), 0o600))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for _, c := range []struct {
		args []string
		exit int
		says []string
	}{
		{[]string{"--addr", taken.Addr().String()}, failure.ExitUsage, []string{"cannot listen", "hint: choose another address"}},
		{[]string{"--addr", "nonsense"}, failure.ExitUsage, []string{"cannot listen"}},
		{[]string{"--module", junk}, failure.ExitBad, []string{"does not run", "hint: clickedge build"}},
		{[]string{"--module", dir}, failure.ExitUsage, []string{"cannot read the module"}},
		{[]string{"--origins", "pretend"}, failure.ExitUsage, []string{"is not stand-in, real or BACKEND=URL", "hint: the backends of these sites are customerio-eu, mailgun, sparkpost"}},
		{[]string{"--origins", "sendgrid=http://127.0.0.1:1"}, failure.ExitUsage, []string{`no backend "sendgrid"`}},
		{[]string{"--origins", "mailgun=127.0.0.1:1"}, failure.ExitUsage, []string{"is not the URL of a server"}},
		{[]string{"--fault", "mailgun"}, failure.ExitUsage, []string{"is not BACKEND=FAULT"}},
		{[]string{"--fault", "mailgun=sulk"}, failure.ExitUsage, []string{`unknown fault "sulk"`}},
		{[]string{"--fault", "nobody=500"}, failure.ExitUsage, []string{`no backend "nobody"`}},
		{[]string{"--origins", "real", "--fault", "mailgun=500"}, failure.ExitUsage, []string{"only a stand-in can be made to fail"}},
		{[]string{"--keys", filepath.Join(dir, "none")}, failure.ExitUsage, []string{"cannot read the key file"}},
		{[]string{"--keys", nameless}, failure.ExitUsage, []string{"it does not say whose secret it holds", "hint: give k2="}},
		{[]string{"--sites", junk}, failure.ExitBad, []string{"mistake"}},
	} {
		var stdout, stderr bytes.Buffer
		env := &Env{In: new(bytes.Buffer), Out: &stdout, Err: &stderr, Now: time.Now, LookupEnv: os.LookupEnv}
		args := append([]string{"serve", "--addr", "127.0.0.1:0", "--sites", sites}, c.args...)
		require.Equal(t, c.exit, env.Run(t.Context(), args), "%v: %s", c.args, stderr.String())
		require.Empty(t, stdout.String())
		for _, want := range c.says {
			require.Contains(t, stderr.String(), want, "%v", c.args)
		}
	}
}
