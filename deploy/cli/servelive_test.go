package cli

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/module"
)

// rewrite changes the sites.json of a running serve.
func (r *running) rewrite(sites string) {
	require.NoError(r.t, files.Replace(r.sites, []byte(sites), 0o600))
}

// until reads standard error until a line holds this, and returns all of it.
func (r *running) until(text string) string {
	said := ""
	for line := range r.err {
		said += line + "\n"
		if strings.Contains(line, text) {
			return said
		}
	}
	require.Fail(r.t, "it does not say "+text, said)
	return ""
}

const moreSites = `{"sites": {
  "link.example.com": {"esp": "customerio-eu", "destinations": ["example.com"], "keys": ["k2", "k1"]},
  "new.example.com": {"esp": "sendgrid", "keys": ["k2"], "destinations": ["example.com"]},
  "mail.example.com": {"esp": "mailgun"}
}}`

func TestServeSeesChangedSites(t *testing.T) {
	r := startServe(t, serveSites, "--module", builtModule(t))
	signed := r.target("link.example.com", "a signed link")
	resp, _ := r.get("GET", "new.example.com", "/")
	require.Equal(t, 421, resp.StatusCode)

	r.rewrite(moreSites)
	said := r.until("sites.json has changed: in service now, with 3 sites")
	require.Contains(t, said, "new.example.com (sendgrid)", "links of what is new are printed")
	require.NotContains(t, said, "link.example.com (customerio-eu)")
	resp, line := r.get("GET", "new.example.com", "/ls/click?upn=u001.abc")
	require.NotEqual(t, 421, resp.StatusCode, line)
	resp, line = r.get("GET", "quick.example.com", "/")
	require.Equal(t, 421, resp.StatusCode, line)
	resp, line = r.get("GET", "link.example.com", signed)
	require.Equal(t, 302, resp.StatusCode, "a link that was printed before is good: %s", line)

	// A broken file is said to be one, and what was there answers.
	r.rewrite(`{"sites": {"link.example.com": {"esp": "sendgird"}}}`)
	said = r.until("the old version stays in service")
	require.Contains(t, said, "sendgird")
	require.Contains(t, said, "has 1 mistake")
	resp, _ = r.get("GET", "new.example.com", "/ls/click?upn=u001.abc")
	require.NotEqual(t, 421, resp.StatusCode)

	require.NoError(t, os.Remove(r.sites))
	require.Contains(t, r.until("the old version stays in service"), "no such file")
	r.rewrite(serveSites)
	r.until("in service now, with 3 sites")
	resp, _ = r.get("GET", "new.example.com", "/")
	require.Equal(t, 421, resp.StatusCode)
	require.Contains(t, r.finish(), "stopped\n")
}

// A file beside sites.json is part of it.
func TestServeSeesChangedAppLinks(t *testing.T) {
	dir := t.TempDir()
	apple := filepath.Join(dir, "aasa.json")
	text := `{"applinks": {"details": [{"appIDs": ["ABCDE12345.com.example.%s"], "components": [{"/": "/uni/*"}]}]}}`
	require.NoError(t, os.WriteFile(apple, fmt.Appendf(nil, text, "one"), 0o600))
	r := startServeIn(t, dir, `{"sites": {"link.example.com": {"esp": "sendgrid", "app_links": {"apple": "aasa.json"}}}}`, "--module", builtModule(t))
	require.Contains(t, r.greeting, "was built with other sites than")
	require.NoError(t, os.WriteFile(apple, fmt.Appendf(nil, text, "two"), 0o600))
	r.until("sites.json has changed: in service now, with 1 site")
	conn, err := net.Dial("tcp", r.addr)
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET /.well-known/apple-app-site-association HTTP/1.1\r\nHost: link.example.com\r\nConnection: close\r\n\r\n")
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Contains(t, string(body), "com.example.two")
	r.finish()
}

func TestServeSeesARebuiltModule(t *testing.T) {
	wasm, err := os.ReadFile(builtModule(t))
	require.NoError(t, err)
	name := filepath.Join(t.TempDir(), "main.wasm")
	require.NoError(t, files.Replace(name, wasm, 0o644))
	r := startServe(t, serveSites, "--module", name)

	other, _, err := module.Swap(wasm, []byte(moreSites), "sites.json")
	require.NoError(t, err)
	require.NoError(t, files.Replace(name, other, 0o644))
	require.Contains(t, r.until("main.wasm has changed: in service now"), "was built with other sites than")
	resp, _ := r.get("GET", "new.example.com", "/ls/click?upn=u001.abc")
	require.NotEqual(t, 421, resp.StatusCode, "the module decides")

	require.NoError(t, files.Replace(name, []byte("junk"), 0o644))
	require.Contains(t, r.until("the old version stays in service"), "the module does not run")
	resp, _ = r.get("GET", "new.example.com", "/ls/click?upn=u001.abc")
	require.NotEqual(t, 421, resp.StatusCode)
	r.finish()
}

// A request that is under way ends where it began, and those that come in
// meanwhile are answered, all of them.
func TestServeLosesNoRequestWhenSitesChange(t *testing.T) {
	reached, release := make(chan bool), make(chan bool)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/c/held" {
			reached <- true
			<-release
		}
		w.WriteHeader(http.StatusTeapot)
	})}
	go srv.Serve(ln)
	defer srv.Close()
	r := startServe(t, serveSites, "--module", builtModule(t), "--origins", "mailgun=http://"+ln.Addr().String())
	ask := func(target string) int {
		conn, err := net.Dial("tcp", r.addr)
		if err != nil {
			return 0
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "GET "+target+" HTTP/1.1\r\nHost: mail.example.com\r\nConnection: close\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return 0
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode
	}
	go func() {
		for range r.out { // or the lines about so many requests hold the command up
		}
	}()
	held := make(chan int)
	go func() { held <- ask("/c/held") }()
	<-reached
	ctx, stop := context.WithCancel(t.Context())
	others := make(chan []int)
	go func() {
		var statuses []int
		for ctx.Err() == nil {
			statuses = append(statuses, ask("/c/other"))
		}
		others <- statuses
	}()
	r.rewrite(moreSites)
	r.until("in service now")
	stop()
	for _, status := range <-others {
		require.Equal(t, http.StatusTeapot, status)
	}
	close(release)
	require.Equal(t, http.StatusTeapot, <-held)
	r.finish()
}

func TestServeTLS(t *testing.T) {
	r := startServe(t, serveSites, "--module", builtModule(t), "--tls", "--tls-addr", "127.0.0.1:0")
	m := regexp.MustCompile(`(?m)^https on (\S+), with certificates of an authority made for this run:\n  (\S+)$`).FindStringSubmatch(r.greeting)
	require.NotNil(t, m, r.greeting)
	pem, err := os.ReadFile(m[2])
	require.NoError(t, err)
	require.NotContains(t, string(pem), "PRIVATE KEY")
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(pem))
	client := func(name string) (*http.Response, error) {
		tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: name}, DisableKeepAlives: true}
		defer tr.CloseIdleConnections()
		req, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+m[1]+"/.well-known/clickedge", nil)
		require.NoError(t, err)
		req.Host = name
		return tr.RoundTrip(req)
	}
	for _, host := range []string{"link.example.com", "quick.example.com", "mail.example.com", "link.example.com.localhost"} {
		resp, err := client(host)
		require.NoError(t, err, host)
		require.Equal(t, 200, resp.StatusCode)
		resp.Body.Close()
	}
	for _, host := range []string{"other.example.com", "example.com"} {
		_, err := client(host)
		require.ErrorContains(t, err, "certificate is valid for", host)
	}
	// A host that came with a change has a certificate as well.
	r.rewrite(moreSites)
	r.until("in service now")
	resp, err := client("new.example.com")
	require.NoError(t, err)
	resp.Body.Close()
	r.finish()
	require.NoFileExists(t, m[2], "the authority's file goes with it")

	kept := filepath.Join(t.TempDir(), "ca.pem")
	r = startServe(t, serveSites, "--module", builtModule(t), "--tls-addr", "127.0.0.1:0", "--tls-ca", kept)
	r.finish()
	require.FileExists(t, kept)
}

// What serve prints is pasted as it stands: each line for curl as one argument
// and as many, and each URL for a browser.
func TestServedLinksCanBePasted(t *testing.T) {
	secrets := filepath.Join(t.TempDir(), "keys.txt")
	require.NoError(t, os.WriteFile(secrets, []byte("k2="+secretA+"\n"), 0o600))
	r := startServe(t, serveSites, "--module", builtModule(t), "-v", "--keys", secrets)
	seen := map[string]int{}
	for _, line := range strings.Split(r.greeting, "\n") {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "curl ") && !strings.HasPrefix(line, "http://") {
			continue
		}
		ways := [][]string{{line}}
		if strings.HasPrefix(line, "curl ") {
			ways = append(ways, shellWords(t, line))
		}
		for _, words := range ways {
			code, out, talk := runHere(t, append([]string{"explain", "--sites", r.sites}, words...)...)
			require.Equal(t, failure.ExitOK, code, "%s\n%s", line, talk)
			require.Regexp(t, `(?m)^  host +(link|quick|mail)\.example\.com$`, out)
			seen["explain"]++

			if strings.Contains(line, "/to/") {
				code, out, talk := runHere(t, append([]string{"verify", "--sites", r.sites, "--key-file", secrets}, words...)...)
				require.Equal(t, failure.ExitOK, code, "%s\n%s", line, talk)
				require.Contains(t, out, "ok\nhost         link.example.com")
				seen["verify"]++
			}
			code, out, talk = runHere(t, append([]string{"follow", "--sites", r.sites, "--count-click", "--max", "1", "--resolver", "127.0.0.1:1", "--json"}, words...)...)
			switch {
			case strings.Contains(line, "-X POST"):
				require.Equal(t, failure.ExitUsage, code, line)
				require.Contains(t, talk, "a link is followed with GET")
			case strings.Contains(talk, "unsubscribe"):
				require.Equal(t, failure.ExitUsage, code, line)
			default:
				require.Contains(t, out, `"address": "`+r.addr+`"`, "%s\n%s", line, talk)
				<-r.out
				seen["follow"]++
			}
		}
	}
	require.Greater(t, seen["explain"], 20, seen)
	require.Greater(t, seen["verify"], 2, seen)
	require.Greater(t, seen["follow"], 8, seen)
	r.finish()
}

// runHere runs the command in this process.
func runHere(t *testing.T, args ...string) (code int, out, talk string) {
	var stdout, stderr bytes.Buffer
	env := &Env{In: new(bytes.Buffer), Out: &stdout, Err: &stderr, Now: time.Now, LookupEnv: func(string) (string, bool) { return "", false }}
	code = env.Run(t.Context(), args)
	return code, stdout.String(), stderr.String()
}

// shellWords takes a line apart with a real shell.
func shellWords(t *testing.T, line string) []string {
	out, err := exec.Command("bash", "-c", `set -f; words() { printf '%s\0' "$@"; }; words `+line).Output()
	require.NoError(t, err)
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

// The doctor is tried on a laptop: the line that serve prints for it works.
func TestDoctorOnServeTLS(t *testing.T) {
	r := startServe(t, serveSites, "--module", builtModule(t), "--tls", "--tls-addr", "127.0.0.1:0", "--json")
	go func() {
		for range r.out {
		}
	}()
	line := regexp.MustCompile(`(?m)^  clickedge (doctor link\.example\.com .*)$`).FindStringSubmatch(r.greeting)
	require.NotNil(t, line, r.greeting)
	args := append(shellWords(t, line[1]), "--sites", r.sites, "--resolver", "127.0.0.1:1", "--origin", "none")
	code, out, talk := runHere(t, args...)
	require.Equal(t, failure.ExitOK, code, "%s\n%s", out, talk)
	require.NotRegexp(t, `(?m)^DNS +ok`, out, "no resolver has answered")
	require.Regexp(t, `[Nn]ot seen: where link\.example\.com leads`, strings.Join(strings.Fields(out), " "))
	require.Regexp(t, `(?m)^TLS +ok +clickedge serve, for this run only`, out)
	require.Regexp(t, `(?m)^HTTP +ok +https answers 200, http 200`, out)
	require.Regexp(t, `(?m)^ESP +ok +GET /health is \{\}, as at Customer\.io`, out)
	// No resolver was there to ask: nothing is said of where DNS leads.
	require.NotContains(t, out, "DNS does not lead")
	require.Contains(t, out, "where link.example.com leads")

	// With an authority that it does not know, the same set-up is refused.
	args = append(args, "--ca", filepath.Join(t.TempDir(), "none.pem"))
	code, _, talk = runHere(t, args...)
	require.Equal(t, failure.ExitUsage, code, talk)
	r.finish()
}
