package cli

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const pageSites = `{"sites": {
  "link.example.com": {"esp": "customerio-eu", "destinations": ["example.com", "*.example.com"], "when_esp_fails": "redirect", "keys": ["k2", "k1"],
    "also": [{"esp": "sendgrid"}]},
  "quick.example.com": {"esp": "sparkpost", "destinations": ["*.example.com"], "clicks": "redirect"}
}}`

// page asks for something of serve's page, and returns status and body. No line
// is printed about that.
func (r *running) page(method, path string, fields ...string) (int, string) {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, "http://"+r.addr+path, strings.NewReader(form.Encode()))
	require.NoError(r.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	require.NoError(r.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(r.t, err)
	return resp.StatusCode, string(text)
}

// switched posts a form that changes something.
func (r *running) switched(path string, fields ...string) {
	status, text := r.page("POST", path, fields...)
	require.Equal(r.t, http.StatusSeeOther, status, "%s", text)
}

// What is switched on the page is in force on the running module at once, is
// taken back on demand, and is written nowhere.
func TestServePageSwitches(t *testing.T) {
	r := startServe(t, pageSites, "--module", builtModuleOf(t, pageSites))
	require.Contains(t, r.greeting, "a page to paste links, watch requests and let ESPs fail: http://"+r.addr+"/\n")
	const host = "link.example.com"
	click, opaque := r.target(host, "customerio-eu: click"), r.target(host, "sendgrid: click")

	r.switched("/fault", "backend", "customerio-eu", "fault", "refuse")
	resp, line := r.get("GET", host, click)
	require.Equal(t, "https://example.com/a?b=1&c=2", resp.Header.Get("Location"))
	require.Contains(t, line, "esp_unreachable: ")

	// Meanwhile a link is recalled, and the reader who would land goes there.
	r.switched("/recall", "host", host, "from", "https://example.com/a*", "then", "to", "to", "https://www.example.com/corrected")
	resp, line = r.get("GET", host, click)
	require.Equal(t, "https://www.example.com/corrected", resp.Header.Get("Location"))
	require.Contains(t, line, "recalls[0]")
	require.Contains(t, line, "the site's entry in the config store is used")
	_, text := r.page("POST", "/explain", "link", "https://"+host+click)
	require.Contains(t, text, "recalls[0], from https://example.com/a*", "what is explained is what is in service")

	r.switched("/retire", "host", host, "at", "1", "esp", "sendgrid")
	resp, line = r.get("GET", host, opaque)
	require.Equal(t, 410, resp.StatusCode)
	require.Contains(t, line, "retired: sendgrid is retired and asked for nothing")
	// The site's own ESP leaves as well.
	r.switched("/retire", "host", host, "at", "0", "esp", "customerio-eu")
	_, line = r.get("GET", host, click)
	require.Regexp(t, `redirect +link.example.com +- `, line)

	// Another site is as it was, and so is the file.
	_, line = r.get("GET", "quick.example.com", r.target("quick.example.com", "click"))
	require.NotContains(t, line, "config store")
	file, err := os.ReadFile(r.sites)
	require.NoError(t, err)
	require.Equal(t, pageSites, string(file))

	// A change of sites.json keeps what is switched, in the new version too.
	r.rewrite(strings.Replace(pageSites, `"clicks": "redirect"`, `"clicks": "proxy"`, 1))
	r.until("in service now")
	resp, _ = r.get("GET", host, opaque)
	require.Equal(t, 410, resp.StatusCode)
	resp, line = r.get("GET", host, click)
	require.Equal(t, "https://www.example.com/corrected", resp.Header.Get("Location"), line)
	_, text = r.page("GET", "/")
	require.Contains(t, text, `<option value="refuse" selected>`)

	r.switched("/undo", "host", host, "at", "0", "esp", "customerio-eu")
	r.switched("/undo", "host", host, "from", "https://example.com/a*")
	r.switched("/fault", "backend", "customerio-eu", "fault", "up")
	resp, line = r.get("GET", host, click)
	require.Equal(t, "https://example.com/a?b=1&c=2", resp.Header.Get("Location"))
	require.Regexp(t, `click +proxy `, line)
	r.switched("/reset")
	resp, line = r.get("GET", host, opaque)
	require.Equal(t, 302, resp.StatusCode)
	require.NotContains(t, line, "config store")

	// What does not fit is said, and gone.
	r.switched("/retire", "host", host, "at", "1", "esp", "sendgrid")
	r.switched("/fault", "backend", "sendgrid", "fault", "500")
	r.rewrite(strings.Replace(pageSites, `"also": [{"esp": "sendgrid"}]`, `"also": [{"esp": "ses-eu-west-1"}]`, 1))
	said := r.until("page: there is no stand-in sendgrid any more")
	require.Contains(t, said, "page: link.example.com: what was switched on the page does not fit the new")
	_, line = r.get("GET", host, click)
	require.NotContains(t, line, "config store")
	r.finish()
}

// builtModuleOf builds a module of its own for these sites.
func builtModuleOf(t *testing.T, sites string) string {
	name := t.TempDir() + "/main.wasm"
	buildModule(t, sites, name)
	return name
}

// A fault that --fault has set is the one that "take everything back" leaves.
func TestServePageResetsToFlags(t *testing.T) {
	r := startServe(t, serveSites, "--module", builtModule(t), "--fault", "customerio-eu=500")
	click := r.target("link.example.com", "click")
	r.switched("/fault", "backend", "customerio-eu", "fault", "up")
	_, line := r.get("GET", "link.example.com", click)
	require.Contains(t, line, "ok: ")
	r.switched("/reset")
	_, line = r.get("GET", "link.example.com", click)
	require.Contains(t, line, "esp_error: ")
	r.finish()
}

// Where an ESP itself stands behind, nothing can be made to fail, and links can
// still be recalled.
func TestServePageWithRealESPs(t *testing.T) {
	r := startServe(t, serveSites, "--module", builtModule(t), "--origins", "mailgun=http://127.0.0.1:1")
	_, text := r.page("GET", "/")
	require.Contains(t, text, "http://127.0.0.1:1 itself; only a stand-in can be made to fail")
	status, text := r.page("POST", "/fault", "backend", "mailgun", "fault", "500")
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, text, "no stand-in of a backend")
	status, _ = r.page("POST", "/fault", "backend", "sparkpost", "fault", "sulk")
	require.Equal(t, http.StatusUnprocessableEntity, status)
	r.finish()
}

// A request for a link domain is never the page's, whatever its path; one for
// the page never the module's. Nothing but a loopback name gets the page.
func TestServePageAndLinkDomains(t *testing.T) {
	r := startServe(t, serveSites, "--module", builtModule(t))
	for _, path := range []string{"/", "/page.js", "/events", "/requests/1", "/explain"} {
		for _, host := range []string{"link.example.com", "mail.example.com", "link.example.com.localhost", "QUICK.example.com:7676"} {
			resp, line := r.get("GET", host, path)
			require.NotContains(t, resp.Header.Get("Content-Security-Policy"), "script-src 'self'", "%s %s", host, path)
			require.NotContains(t, line, "wrong_host")
		}
		for _, host := range []string{"attacker.example", "localhost.attacker.example", "other.localhost", "192.0.2.1"} {
			resp, line := r.get("GET", host, path)
			require.Equal(t, http.StatusMisdirectedRequest, resp.StatusCode, "%s %s", host, path)
			require.Contains(t, line, "wrong_host")
		}
	}
	status, text := r.page("GET", "/")
	require.Equal(t, 200, status)
	require.Contains(t, text, "<h1>clickedge serve</h1>")
	r.finish()
}

// The page shows requests of any client, as they come, and sends some itself,
// byte for byte. An open page does not hold up the end.
func TestServePageShowsRequests(t *testing.T) {
	r := startServe(t, serveSites, "--module", builtModule(t), "--json")
	_, text := r.page("GET", "/")
	_, run, _ := strings.Cut(text, `data-run="`)
	run, _, _ = strings.Cut(run, `"`)
	conn, err := net.Dial("tcp", r.addr)
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET /events?after=0&run="+run+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(t, err)
	events := bufio.NewScanner(conn)
	until := func(text string) {
		for events.Scan() {
			if strings.Contains(events.Text(), text) {
				return
			}
		}
		require.Fail(t, "the stream does not say "+text)
	}
	until("the requests follow")

	// What net/http would not send arrives as it stands.
	status, text := r.page("POST", "/send", "host", "mail.example.com", "method", "GET", "target", url.QueryEscape("/odd%2|a b/../\xff"))
	require.Equal(t, 200, status)
	require.Contains(t, text, `<strong class="status">404</strong>`)
	<-r.out
	until(`id="row-1"`)
	until("</li>")
	_, text = r.page("GET", "/requests/1")
	require.Contains(t, text, `mailgun</strong> GET /odd%2|a b/../\xff`)
	require.Contains(t, text, "send_async_v2(h=", "calls are described while a page is open")
	require.NotContains(t, text, "By name only")

	form := "List-Unsubscribe=One-Click"
	status, _ = r.page("POST", "/send", "host", "mail.example.com", "method", "POST", "target", url.QueryEscape("/u/x"), "type", "application/x-www-form-urlencoded", "body", url.QueryEscape(form))
	require.Equal(t, 200, status)
	<-r.out
	until(`id="row-2"`)
	until("</li>")
	_, text = r.page("GET", "/requests/2")
	require.Contains(t, text, form)

	status, text = r.page("POST", "/send", "host", "mail.example.com", "method", "TRACE", "target", "/a")
	require.Equal(t, 200, status)
	require.Contains(t, text, "cannot be sent")
	require.NotContains(t, r.finish(), "cut off", "the open page was let go of")
}

// No secret is on the page, not even in what the host calls say.
func TestServePageHasNoSecrets(t *testing.T) {
	keys := t.TempDir() + "/keys.txt"
	require.NoError(t, os.WriteFile(keys, []byte("k2="+secretA+"\n"), 0o600))
	r := startServe(t, serveSites, "--module", builtModule(t), "--keys", keys)
	_, text := r.page("GET", "/")
	_, run, _ := strings.Cut(text, `data-run="`)
	run, _, _ = strings.Cut(run, `"`)
	conn, err := net.Dial("tcp", r.addr)
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET /events?after=0&run="+run+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(t, err)
	_, err = conn.Read(make([]byte, 1000))
	require.NoError(t, err)
	signed := r.target("link.example.com", "a signed link")
	r.get("GET", "link.example.com", signed)
	_, explained := r.page("POST", "/explain", "link", "https://link.example.com"+signed)
	require.Contains(t, explained, "the signature is right")
	_, shown := r.page("GET", "/requests/1")
	require.Contains(t, shown, "fastly_secret_store")
	raw, _, _ := strings.Cut(secretA, "\n")
	for _, text := range []string{text, explained, shown} {
		require.NotContains(t, text, raw)
	}
	r.finish()
}
