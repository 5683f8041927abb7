package cli

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
)

const severalSites = `{"sites": {"link.example.com": {
  "esp": "mailgun",
  "also": [{"esp": "ses-eu-west-1"}, {"esp": "iterable"}, {"esp": "sendgrid", "retired": true},
    {"esp": "customerio-eu", "retired": "2020-01-01"}, {"esp": "mandrill", "origin": "https://mandrill.example.net", "retired": "2999-01-01"}],
  "destinations": ["example.com"],
  "unsubscribes": "https://preferences.example.com"
}}}`

// post sends a body, and returns the answer with its own.
func (r *running) post(host, target, contentType, body string) (status int, answer, line string) {
	conn, err := net.Dial("tcp", r.addr)
	require.NoError(r.t, err)
	defer conn.Close()
	req, err := http.NewRequest("POST", "http://"+host+target, strings.NewReader(body))
	require.NoError(r.t, err)
	req.Header.Set("Content-Type", contentType)
	req.Close = true
	require.NoError(r.t, req.Write(conn))
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	require.NoError(r.t, err)
	text, err := io.ReadAll(resp.Body)
	require.NoError(r.t, err)
	return resp.StatusCode, string(text), <-r.out
}

// Links of every ESP of a site are printed and answered as the module answers
// them: by the ESP's stand-in, or without it where it is retired.
func TestServeSeveralESPs(t *testing.T) {
	wasm := filepath.Join(t.TempDir(), "main.wasm")
	buildModule(t, severalSites, wasm)
	r := startServe(t, severalSites, "--module", wasm, "-v")
	require.Contains(t, r.greeting, "\nlink.example.com (mailgun, ses-eu-west-1, iterable, sendgrid (retired), customerio-eu (retired since 2020-01-01), mandrill (retired from 2999-01-01 on))\n")
	require.NotContains(t, r.greeting, "health", "a probe has the form of nobody's link")
	const host = "link.example.com"
	const oneClick, form = "List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"

	for _, esp := range []string{"mailgun", "ses-eu-west-1", "iterable"} {
		resp, line := r.get("GET", host, r.target(host, esp+": click"))
		require.Equal(t, 3, resp.StatusCode/100, esp)
		require.Regexp(t, "click +proxy +link.example.com +"+esp+" ", line)
	}
	resp, line := r.get("GET", host, r.target(host, "mandrill (retired from 2999-01-01 on): click"))
	require.Equal(t, 302, resp.StatusCode)
	require.Contains(t, line, "custom-mandrill.example.net ")

	resp, line = r.get("GET", host, r.target(host, "customerio-eu (retired since 2020-01-01): click (redirected from the link)"))
	require.Equal(t, "https://example.com/a?b=1&c=2", resp.Header.Get("Location"))
	require.Regexp(t, `redirect +link.example.com +- .*ok: customerio-eu is retired and asked for nothing: the link says`, line)
	for name, target := range samplesOf(r.greeting, "sendgrid (retired): ") {
		switch {
		case strings.HasSuffix(name, " (a page with status 410)"):
			resp, line = r.get("GET", host, target)
			require.Equal(t, 410, resp.StatusCode)
			require.Contains(t, line, "retired: sendgrid is retired and asked for nothing, and the link cannot answer")
		case strings.HasSuffix(name, " (answered from here)"):
			resp, line = r.get("GET", host, target)
			require.Equal(t, "image/gif", resp.Header.Get("Content-Type"))
			require.Regexp(t, `reply +link.example.com +- `, line)
		case strings.Contains(name, "unsubscribe"):
			require.True(t, strings.HasSuffix(name, " (proxied to https://preferences.example.com)"), name)
		default:
			require.Fail(t, name)
		}
	}
	status, answer, line := r.post(host, "/wf/unsubscribe?upn=u001.x", form, oneClick)
	require.Equal(t, 200, status)
	require.Equal(t, "You have been unsubscribed (number 1 since the start).\n", answer)
	require.Regexp(t, `unsubscribe +proxy +link.example.com +custom-preferences.example.com .*goes to the origin in "unsubscribes"`, line)
	status, _, _ = r.post(host, "/wf/unsubscribe?upn=u001.x", form, "lost=1")
	require.Equal(t, 400, status, "a stand-in is not kinder than a real server")
	resp, _ = r.get("GET", host, "/asm/?user_id=1&data=x")
	require.Equal(t, 200, resp.StatusCode)

	// Each line that is printed can be pasted into explain.
	for _, line := range regexp.MustCompile(`(?m)^  (curl .*)$`).FindAllStringSubmatch(r.greeting, -1) {
		code, out, talk := runHere(t, append([]string{"explain", "--sites", r.sites}, shellWords(t, line[1])...)...)
		require.Equal(t, failure.ExitOK, code, "%s\n%s", line, talk)
		require.Contains(t, out, "\nwhich ESP\n")
	}
	// What was taken before the sites changed is counted.
	r.rewrite(strings.Replace(severalSites, `["example.com"]`, `["example.com", "www.example.com"]`, 1))
	r.until("in service now")
	r.post(host, "/wf/unsubscribe?upn=u001.x", form, oneClick)
	require.Contains(t, r.finish(), "one-click unsubscribes taken behind custom-preferences.example.com: 2\nstopped\n")
}

// samplesOf are the printed links whose names begin so, by name.
func samplesOf(greeting, begin string) map[string]string {
	list := map[string]string{}
	re := regexp.MustCompile(`(?m)^  # (` + regexp.QuoteMeta(begin) + `.*)\n(?:  http://.*\n)?  curl .* '?http://[^/]+(/[^']*)'?$`)
	for _, m := range re.FindAllStringSubmatch(greeting, -1) {
		list[m[1]] = m[2]
	}
	return list
}

// Where the ESPs themselves stand behind, what is retired is still answered
// from here.
func TestServeSeveralESPsForReal(t *testing.T) {
	wasm := filepath.Join(t.TempDir(), "main.wasm")
	buildModule(t, severalSites, wasm)
	r := startServe(t, severalSites, "--module", wasm, "--origins", "real")
	require.Contains(t, r.greeting, "  paste a link from mail of sendgrid (retired): it is answered from here\n")
	require.Contains(t, r.greeting, "  paste a link from your own mail: https://links.iterable.com answers it\n")
	resp, _ := r.get("GET", "link.example.com", "/ls/click?upn=u001.abc")
	require.Equal(t, 410, resp.StatusCode)
	require.Contains(t, r.finish(), "stopped\n")
}
