package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// esp is one row of the table of origins: what must arrive where.
type espLink struct {
	preset        string
	family        string // of links.json
	sni           string // "" for http
	cookies       string // the mode
	forwardedHost bool
}

// table is written independently of core's presets, so that a mistake there
// shows.
var table = []espLink{
	{"customerio-us", "customerio", "track.customer.io", "own", false},
	{"customerio-eu", "customerio", "track-eu.customer.io", "own", false},
	{"sendgrid", "sendgrid", "sendgrid.net", "own", false},
	{"sendgrid-eu", "sendgrid", "eu.sendgrid.net", "own", false},
	{"braze-sendgrid", "sendgrid", "sendgrid.net", "own", false},
	{"clevertap", "sendgrid", "sendgrid.net", "own", false},
	{"optimove", "sendgrid", "sendgrid.net", "own", false},
	{"leanplum", "sendgrid", "sendgrid.net", "own", false},
	{"sparkpost", "sparkpost", "spgo.io", "strip", false},
	{"sparkpost-eu", "sparkpost", "eu.spgo.io", "strip", false},
	{"braze-sparkpost", "sparkpost", "spgo.io", "strip", false},
	{"braze-sparkpost-eu", "sparkpost", "eu.spgo.io", "strip", false},
	{"ses-us-east-1", "ses", "r.us-east-1.awstrack.me", "strip", false},
	{"ses-eu-central-1", "ses", "r.eu-central-1.awstrack.me", "strip", false},
	{"braze-ses-us-east-1", "ses", "r.us-east-1.awstrack.me", "strip", true},
	{"braze-ses-eu-central-1", "ses", "r.eu-central-1.awstrack.me", "strip", true},
	{"iterable", "iterable", "links.iterable.com", "pass", false},
	{"mailgun", "mailgun", "", "own", false},
	{"mandrill", "mandrill", "mandrill.example.net", "own", false},
	{"mailjet", "mailjet", "mailjet.example.net", "own", false},
	{"postmark", "postmark", "postmark.example.net", "own", false},
}

func (e espLink) host() string { return e.preset + ".example.com" }

func tableSites(t *testing.T) string {
	t.Helper()
	sites := map[string]map[string]any{}
	for _, e := range table {
		sites[e.host()] = map[string]any{"esp": e.preset}
		if strings.HasSuffix(e.sni, ".example.net") {
			sites[e.host()]["origin"] = "https://" + e.sni
		}
	}
	text, err := json.Marshal(map[string]any{"sites": sites})
	require.NoError(t, err)
	return string(text)
}

type linkEntry struct {
	ESP, Kind, Path, Destination, Note string
}

func loadLinks(t *testing.T) []linkEntry {
	t.Helper()
	text, err := os.ReadFile("../../core/testdata/links.json")
	require.NoError(t, err)
	var links []linkEntry
	require.NoError(t, json.Unmarshal(text, &links))
	require.NotEmpty(t, links)
	return links
}

// clientHeaders are what a reader's client sends beside Host: some must be
// forwarded unchanged, with repeated fields and in order, and some must not be
// forwarded.
const clientHeaders = "User-Agent: Mozilla/5.0 (probe)\r\n" +
	"X-Twice: one\r\n" +
	"Accept: */*\r\n" +
	"x-twice: two\r\n" +
	"Cookie: parent=domain\r\n" +
	"X-Forwarded-For: 192.0.2.9\r\n" +
	"X-Forwarded-Host: evil.example\r\n" +
	"X-Forwarded-Proto: gopher\r\n" +
	"Keep-Alive: timeout=5\r\n" +
	"TE: trailers\r\n" +
	"Proxy-Connection: keep-alive\r\n" +
	"X-Hop: named by Connection\r\n" +
	"Accept-Language: de\r\n"

// ask sends a request over a socket, bytes as given, and returns what the
// origin saw and what came back.
func (r *rig) ask(t *testing.T, addr, method, target, host, extra, body string) (origins.Seen, string) {
	t.Helper()
	r.fleet.Forget()
	answer := raw(t, addr, fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\n%sConnection: close, X-Hop\r\n%s\r\n%s",
		method, target, host, clientHeaders, extra, body))
	seen := r.fleet.Seen()
	require.Len(t, seen, 1, "%s\n%s", target, answer)
	return seen[0], answer
}

func (e espLink) check(t *testing.T, seen origins.Seen, method, target string) {
	t.Helper()
	require.Equal(t, method, seen.Method)
	require.Equal(t, target, seen.Target, "the target, byte for byte")
	require.Equal(t, e.host(), seen.Host(), "Host is the branded domain")
	require.Equal(t, e.sni, seen.SNI, "SNI is the ESP's")
	require.Equal(t, e.sni != "", seen.TLS)
	require.Equal(t, []string{"192.0.2.9, 127.0.0.1"}, seen.Header.Values("X-Forwarded-For"))
	require.Equal(t, []string{"http"}, seen.Header.Values("X-Forwarded-Proto"))
	require.Equal(t, []string{`clickedge; host="` + e.host() + `"`}, seen.Header.Values("CDN-Loop"))
	var forwarded []string
	if e.forwardedHost {
		forwarded = []string{e.host()}
	}
	require.Equal(t, forwarded, seen.Header.Values("X-Forwarded-Host"))
	require.Equal(t, e.cookies == "pass", seen.Header.Has("Cookie"), "the parent domain's")
	for _, gone := range []string{"Connection", "Keep-Alive", "TE", "Proxy-Connection", "X-Hop", "Transfer-Encoding"} {
		require.False(t, seen.Header.Has(gone) && gone != "Connection", gone)
	}
	require.NotContains(t, strings.Join(seen.Header.Values("Connection"), ","), "X-Hop")
	e.checkOrder(t, seen.Header)
}

// checkOrder: forwarded fields keep their order, their repetitions and their
// letter case. The SDK that edge/handler is on keeps the repetitions' order only.
func (e espLink) checkOrder(t *testing.T, header wire.Header) {
	t.Helper()
	var kept []string
	for _, f := range header {
		switch strings.ToLower(f.Name) {
		case "user-agent", "x-twice", "accept", "accept-language":
			kept = append(kept, f.Name+": "+f.Value)
		}
	}
	if onHandler() {
		slices.SortStableFunc(kept, func(a, b string) int {
			return strings.Compare(a[:strings.IndexByte(a, ':')], b[:strings.IndexByte(b, ':')])
		})
		require.Equal(t, []string{"Accept: */*", "Accept-Language: de", "User-Agent: Mozilla/5.0 (probe)", "X-Twice: one", "X-Twice: two"}, kept)
		return
	}
	require.Equal(t, []string{"User-Agent: Mozilla/5.0 (probe)", "X-Twice: one", "Accept: */*", "x-twice: two", "Accept-Language: de"}, kept)
}

// Every link of links.json, on every preset of its family, reaches the ESP as
// the table says, and comes back as the ESP answered.
func TestLinksReachTheESP(t *testing.T) {
	r := newRig(t, tableSites(t), nil)
	addr := r.listen(t)
	for _, e := range table {
		links := slices.DeleteFunc(loadLinks(t), func(l linkEntry) bool { return l.ESP != e.family })
		require.NotEmpty(t, links, e.family)
		for i, l := range links {
			t.Run(fmt.Sprintf("%s/%d-%s", e.preset, i, l.Kind), func(t *testing.T) {
				method := "GET"
				if l.Path == "/favicon.ico" {
					method = "HEAD"
				}
				seen, answer := r.ask(t, addr, method, l.Path, e.host(), "", "")
				e.check(t, seen, method, l.Path)
				require.Contains(t, answer, "HTTP/1.1 ")
				if l.Destination != "" {
					require.Regexp(t, "^HTTP/1.1 30[237] ", answer, "the ESP's own kind of redirect")
				}
				if l.Destination != "" && !strings.Contains(l.Destination, " ") {
					require.Contains(t, strings.ToLower(answer), strings.ToLower("location: "+l.Destination+"\r\n"))
				}
			})
		}
	}
}

// oddBytes occur in real links and must reach the ESP unchanged.
var oddBytes = []string{
	"/e/c/a%2Fb", "/e/c/a%2fb%2F", "/x/abc==", "/x/abc~~", "/x-2Fy", "//x", "/x//y", "/../x", "/x/../y", "/x/./y", "/x/%2e%2e/",
	"/x%", "/x%2", "/x%zz", "/x?y=%", "/x y", "/x?y z", "/x|y", "/x{y}", `/x"y"`, "/x^y", `/x\y`, "/x<y>", "/x`y", "/x;y", "/x#y",
	"/?", "/x?", "/x??y", "/x?a=b?c", "/x&y", "/x+y", "/x%20+y", "/x%00", "/x%0d%0a", "/é", "/x\xff\xfey", "/" + strings.Repeat("x", 8000),
}

func TestOddBytes(t *testing.T) {
	r := newRig(t, tableSites(t), nil)
	addr := r.listen(t)
	for _, e := range table[:14] {
		for _, target := range oddBytes {
			t.Run(e.preset+target[:min(len(target), 20)], func(t *testing.T) {
				seen, _ := r.ask(t, addr, "GET", target, e.host(), "", "")
				e.check(t, seen, "GET", target)
			})
		}
	}
}

// Other forms of Host (letter case, port, final dot) mean the branded host, and
// reach the ESP in one form.
func TestHostInOtherForms(t *testing.T) {
	r := newRig(t, tableSites(t), nil)
	addr := r.listen(t)
	e := table[0]
	for _, host := range []string{"CUSTOMERIO-US.example.com", e.host() + ":443", e.host() + ".", "Customerio-us.Example.com.:8080"} {
		seen, _ := r.ask(t, addr, "GET", "/health", host, "", "")
		e.check(t, seen, "GET", "/health")
	}
}

// RFC 8058: a POST with its body, form or multipart, arrives whole, once, and
// what comes back is no redirect.
func TestOneClickUnsubscribe(t *testing.T) {
	const form = "List-Unsubscribe=One-Click"
	const parts = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n"
	r := newRig(t, tableSites(t), nil)
	addr := r.listen(t)
	for _, c := range []struct{ preset, target string }{
		{"customerio-eu", "/unsubscribe/dgTESTAAAAAAgHgGwGOxfL85m7e5FIYG3FKrkE="},
		{"sendgrid", "/wf/unsubscribe?upn=u001.AAEC"},
		{"braze-sendgrid", "/asm/unsubscribe/?user_id=1&data=AAEC"},
		{"mailgun", "/u/dW5zdWItdG9rZW4tMDAwMQ"},
		{"sparkpost", "/f/a/b/c/d"},
		{"ses-us-east-1", "/CL0/x"},
	} {
		e := table[slices.IndexFunc(table, func(e espLink) bool { return e.preset == c.preset })]
		for kind, body := range map[string]string{"application/x-www-form-urlencoded": form, "multipart/form-data; boundary=b": parts} {
			for _, chunked := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/%v", c.preset, kind, chunked), func(t *testing.T) {
					extra, sent := fmt.Sprintf("Content-Type: %s\r\nContent-Length: %d\r\n", kind, len(body)), body
					if chunked {
						extra = "Content-Type: " + kind + "\r\nTransfer-Encoding: chunked\r\n"
						sent = fmt.Sprintf("5\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", body[:5], len(body)-5, body[5:])
					}
					seen, answer := r.ask(t, addr, "POST", c.target, e.host(), extra, sent)
					require.Equal(t, body, string(seen.Body))
					require.Equal(t, []string{kind}, seen.Header.Values("Content-Type"))
					require.Equal(t, "POST", seen.Method)
					require.Equal(t, c.target, seen.Target)
					require.NotContains(t, answer, "HTTP/1.1 3", "no redirect")
				})
			}
		}
	}
}

// HEAD does not become GET, nor the reverse, and every other method is
// forwarded.
func TestMethodsGoOn(t *testing.T) {
	r := newRig(t, tableSites(t), nil)
	addr := r.listen(t)
	e := table[1]
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE", "PROPFIND"} {
		seen, _ := r.ask(t, addr, method, "/e/o/x", e.host(), "", "")
		e.check(t, seen, method, "/e/o/x")
	}
}

// Every row of the table has a preset in core and the reverse, except for
// regions and enterprise.
func TestTableIsComplete(t *testing.T) {
	for _, o := range core.Presets() {
		known := slices.ContainsFunc(table, func(e espLink) bool { return e.preset == o.Preset })
		region := strings.HasPrefix(o.Preset, "ses-")
		variant := slices.Contains([]string{"sparkpost-v2", "sparkpost-v2-eu", "sparkpost-enterprise", "mailgun-eu", "iterable-eu", "custom"}, o.Preset)
		require.True(t, known || region || variant, o.Preset)
	}
}
