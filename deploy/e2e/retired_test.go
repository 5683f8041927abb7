package e2e

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// preferences is an origin that takes unsubscribes. It records what it was
// sent.
type preferences struct {
	mu   sync.Mutex
	seen []*http.Request
	sent []wire.Header
	body []string
}

func (p *preferences) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	p.mu.Lock()
	p.seen, p.sent, p.body = append(p.seen, q), append(p.sent, wire.RawHeader(q).Clone()), append(p.body, string(body))
	p.mu.Unlock()
	w.Header().Add("Set-Cookie", "sid=1; Path=/; Domain=example.com; HttpOnly")
	io.WriteString(w, "unsubscribed")
}

const (
	prefsBackend = "custom-preferences.example.com"
	retiredSite  = `{"sites": {"link.example.com": {"esp": "customerio-eu", "also": [{"esp": "sendgrid", "retired": "2026-03-01"}, {"esp": "mailgun", "retired": true}],
		"destinations": ["example.com", "*.example.com"], "unsubscribes": "https://preferences.example.com", "home": "https://www.example.com/"}}}`
)

// retiredRig is a rig whose unsubscribes reach preferences.
func retiredRig(t *testing.T, sites string, now func() time.Time) (*rig, *preferences) {
	p := &preferences{}
	srv := &wire.Server{Handler: p}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	return newRig(t, sites, func(cfg *hostsim.Config) {
		cfg.Now = now
		cfg.Backends[prefsBackend] = hostsim.Backend{URL: "http://" + ln.Addr().String()}
	}), p
}

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

// The origin of the unsubscribes gets GET and POST with target and body byte
// for byte, however the body comes; Host is its own name, and the link domain
// stands in X-Forwarded-Host. Of the reader's cookies it gets back its own.
func TestUnsubscribesOfRetired(t *testing.T) {
	r, p := retiredRig(t, retiredSite, at(noon))
	addr := r.listen(t)
	mark := r.sites.Lookup("link.example.com").Unsubscribes.CookieMark()
	every := make([]byte, 0, 256*3)
	for i := range 256 * 3 {
		every = append(every, byte(i))
	}
	const boundary = "multipart/form-data; boundary=\"b c\""
	bodies := map[string][2]string{
		"form":      {"application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"},
		"multipart": {boundary, "--b c\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b c--\r\n"},
		"odd bytes": {"application/octet-stream", string(every)},
		"line ends": {"text/plain", "\r\n\r\n0\r\n\r\n"},
		"large":     {"application/octet-stream", strings.Repeat("\x00\xffa\r\n", 300_000)},
		"empty":     {"application/x-www-form-urlencoded", ""},
	}
	targets := []string{"/wf/unsubscribe?upn=u001.A%2fb%2Fc==|{}", "/asm/unsubscribe/?user_id=1&data=AA%20BB", "/u/dW5zdWItdG9rZW4tMDAwMQ"}
	for name, c := range bodies {
		for _, target := range targets {
			for _, chunked := range []bool{false, true} {
				extra, sent := fmt.Sprintf("Content-Length: %d\r\n", len(c[1])), c[1]
				if chunked {
					extra, sent = "Transfer-Encoding: chunked\r\n", inChunks(c[1])
				}
				what := fmt.Sprintf("%s to %s, chunked %v", name, target, chunked)
				answer := raw(t, addr, "POST "+target+" HTTP/1.1\r\nHost: link.example.com\r\nCookie: session=brand; "+mark+"sid=1\r\nContent-Type: "+c[0]+"\r\nConnection: close\r\n"+extra+"\r\n"+sent)
				require.True(t, strings.HasPrefix(answer, "HTTP/1.1 200"), answer)
				require.True(t, strings.HasSuffix(answer, "unsubscribed"), what)
				require.Contains(t, answer, mark+"sid=1; Path=/; HttpOnly")
				require.NotContains(t, strings.ToLower(answer), "domain=")
				p.check(t, what, "POST", target, c[1], c[0])
			}
		}
	}
	for _, target := range targets {
		for _, method := range []string{"GET", "HEAD"} {
			raw(t, addr, method+" "+target+" HTTP/1.1\r\nHost: link.example.com\r\nCookie: session=brand; "+mark+"sid=1\r\nConnection: close\r\n\r\n")
			p.check(t, target, method, target, "", "")
		}
	}
	require.Empty(t, r.fleet.Seen(), "no ESP is asked")
}

// inChunks writes a body in chunks of odd sizes.
func inChunks(body string) string {
	var b strings.Builder
	for size := 1; body != ""; size = size*3 + 1 {
		n := min(size, len(body))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	return b.String() + "0\r\n\r\n"
}

// check checks the only request since the last check.
func (p *preferences) check(t *testing.T, what, method, target, body, kind string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	require.Len(t, p.seen, 1, what)
	require.Equal(t, []string{method, target, "preferences.example.com"}, []string{p.seen[0].Method, p.seen[0].RequestURI, p.seen[0].Host}, what)
	require.True(t, body == p.body[0], "%s: another body, %d bytes for %d", what, len(p.body[0]), len(body))
	for name, want := range map[string][]string{"X-Forwarded-Host": {"link.example.com"}, "Cookie": {"sid=1"}, "X-Forwarded-For": {"127.0.0.1"}} {
		require.Equal(t, want, p.sent[0].Values(name), "%s: %s", what, name)
	}
	if kind != "" {
		require.Equal(t, []string{kind}, p.sent[0].Values("Content-Type"), what)
	}
	p.seen, p.sent, p.body = nil, nil, nil
}

// Until the last second of the day before, the ESP gets everything; from
// midnight UTC on, nothing.
func TestRetiredOnItsDay(t *testing.T) {
	midnight := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	now := midnight
	r, p := retiredRig(t, retiredSite, func() time.Time { return now })
	for _, c := range []struct {
		at     time.Time
		asked  bool
		status int // of a click
	}{
		{midnight.Add(-24 * time.Hour), true, 302},
		{midnight.Add(-time.Second), true, 302},
		{midnight.Add(-time.Millisecond), true, 302},
		{midnight, false, 410},
		{midnight.Add(time.Second).In(time.FixedZone("west", -11*3600)), false, 410}, // the day before, there
		{midnight.Add(1000 * time.Hour), false, 410},
	} {
		now = c.at
		for target, kind := range map[string]string{"/ls/click?upn=u001.AAEC": "click", "/wf/open?upn=u001.AAEC": "open", "/wf/unsubscribe?upn=u001.AAEC": "unsubscribe"} {
			r.fleet.Forget()
			p.seen = nil
			resp, line := r.get(t, "GET", target)
			require.Equal(t, []string{"sendgrid", kind}, []string{line.ESP, line.Kind})
			require.Equal(t, c.asked, len(r.fleet.Seen()) == 1, "%s at %s", target, c.at)
			require.Equal(t, !c.asked && kind == "unsubscribe", len(p.seen) == 1, "%s at %s", target, c.at)
			if kind == "click" {
				require.Equal(t, c.status, resp.Status)
			}
		}
		_, line := r.get(t, "POST", "/unsubscribe/dgTESTAAAAAAgHgGwGOxfL85m7e5FIYG3FKrkE=")
		require.Equal(t, "customerio-eu", line.ESP, "the other ESP's links are the other ESP's")
	}
}

// Whatever comes, of every family: a retired ESP gets no request. Its click
// leads to a listed host or to the page with the way home, its open is the
// pixel.
func TestRetiredESPGetsNothing(t *testing.T) {
	for name, retired := range map[string]string{"from a day on": `"2026-03-01"`, "for good": "true"} {
		t.Run(name, func(t *testing.T) {
			var list []string
			for family, fields := range pairFields {
				list = append(list, fmt.Sprintf(`"%s.example.com": {"esp": "none", "also": [{%s, "clicks": "redirect", "when_esp_fails": "redirect", "retired": %s}],
					"destinations": ["example.com", "*.example.com"], "home": "https://www.example.com/"}`, family, fields[0], retired))
			}
			r, _ := retiredRig(t, `{"sites": {`+strings.Join(list, ",\n")+`}}`, at(noon))
			random := rand.New(rand.NewPCG(1, 2))
			clicks := map[string]int{}
			for _, l := range loadLinks(t) {
				if pairFields[l.ESP][0] == "" {
					continue
				}
				for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"} {
					resp, x := r.do(t, retiredRequest(l.ESP, method, l.Path))
					require.Empty(t, x.Sent, "%s %s", method, l.Path)
					checkRetired(t, l, method, resp, parse(t, clicksOf(x)), clicks)
				}
				for range 5 {
					target := damaged(random, l.Path)
					_, x := r.do(t, retiredRequest(l.ESP, []string{"GET", "POST"}[random.IntN(2)], target))
					require.Empty(t, x.Sent, target)
				}
			}
			require.Empty(t, r.fleet.Seen())
			require.Greater(t, clicks["302"], 8)
			require.Greater(t, clicks["410"], 8)
		})
	}
}

func clicksOf(x *hostsim.Exchange) string { return clicks(x)[0] }

func retiredRequest(family, method, target string) hostsim.Request {
	return hostsim.Request{Method: method, Target: target, Header: []wire.Field{{Name: "Host", Value: family + ".example.com"}}, Body: strings.NewReader("List-Unsubscribe=One-Click")}
}

// checkRetired checks what a link of a retired ESP gets.
func checkRetired(t *testing.T, l linkEntry, method string, resp *hostsim.Response, line logLine, counts map[string]int) {
	t.Helper()
	reads := method == "GET" || method == "HEAD"
	switch {
	case l.Kind == esp.KindHealth.String(): // answered here, or nobody's
	case l.Kind == esp.KindUnsubscribe.String():
		require.Equal(t, outcome.UnsubscribeRetired, line.Code, "%s %s", method, l.Path)
	case l.Kind == esp.KindOpen.String() && reads:
		require.Equal(t, 200, resp.Status)
		kind, _ := resp.Header.Get("content-type")
		require.Equal(t, "image/gif", kind)
	case (l.Kind == esp.KindClick.String() || l.Kind == esp.KindApp.String()) && reads && resp.Status == 302:
		counts["302"]++
		require.Equal(t, outcome.OK, line.Code)
		require.Regexp(t, `(^|\.)example\.com$`, line.Destination)
	case l.Kind == esp.KindClick.String() || l.Kind == esp.KindApp.String():
		counts["410"]++
		require.Equal(t, []any{410, outcome.Retired}, []any{resp.Status, line.Code}, "%s %s", method, l.Path)
		if method != "HEAD" {
			require.Contains(t, string(resp.Body), `href="https://www.example.com/"`)
		}
	}
}

// damaged changes a target as mail and people do, and as nobody does.
func damaged(random *rand.Rand, target string) string {
	b := []byte(target)
	for range 1 + random.IntN(3) {
		i := 1 + random.IntN(len(b)-1)
		switch random.IntN(5) {
		case 0:
			b = b[:max(i, 2)]
		case 1:
			b[i] = byte(0x21 + random.IntN(0x5e))
		case 2:
			b = append(b[:i], append([]byte("%2F"), b[i:]...)...)
		case 3:
			b = append(b, b[i:]...)
		case 4:
			b = append(b[:i], append([]byte("/"), b[i:]...)...)
		}
	}
	return string(b)
}
