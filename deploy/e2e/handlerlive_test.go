package e2e

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/internal/handlertest"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/edge/prewarm"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// handlerSites has one site for each thing that is tried of the handler. That
// of learner is link.example.com.
const handlerSites = `{"sites": {
	"link.example.com": {"esp": "sendgrid", "destinations": ["shop.example.com", "www.example.com"], "when_esp_fails": "redirect", "learn": true, "esp_timeout": "1s"},
	"spark.example.com": {"esp": "sparkpost", "second_origin": "https://v2.spgo.io", "when_esp_fails": "redirect", "destinations": ["shop.example.com"]},
	"ses.example.com": {"esp": "ses-us-east-1"},
	"cio.example.com": {"esp": "customerio-eu"}
}}`

// live is the handler's program, prewarmed with handlerSites, on one host for
// several tests.
type live struct {
	*learner
	overrides map[string]string // the config store's, by host
}

func newLive(t *testing.T) *live {
	t.Helper()
	onHost(t, "this is the handler, whatever the rig")
	raw, err := handlerReactor()
	require.NoError(t, err)
	warm, _, err := prewarm.Module(t.Context(), raw, prewarm.Options{Files: map[string][]byte{"sites.json": []byte(handlerSites)}})
	require.NoError(t, err)
	l := &live{overrides: map[string]string{}, learner: &learner{account: &origins.SendGridAccount{Secret: t.Name()}, backend: "sendgrid", at: noon}}
	l.rig = rigOf(t, warm, handlerSites, origins.Options{SendGrid: l.account}, func(cfg *hostsim.Config) {
		cfg.ConfigStores = map[string]map[string]string{contract.ConfigStore: l.overrides}
		cfg.KVStores = map[string]map[string]hostsim.KVEntry{contract.LinkStore: {}}
		cfg.Limits.SentBody = 1 << 10
	})
	return l
}

// TestHandler tries, on one host, what the golden cases do not reach.
func TestHandler(t *testing.T) {
	l := newLive(t)
	for name, test := range map[string]func(*testing.T){
		"bodies":        l.bodies,
		"second origin": l.secondOrigin,
		"time limit":    l.timeLimit,
		"overrides":     l.override,
		"learned links": l.learns,
		"bot analysis":  l.bots,
		"next":          l.next,
		"clone":         l.clone,
	} {
		t.Run(name, test)
	}
}

// A body goes to the ESP as it came, also one of which no field says anything,
// as HTTP/2 allows; and a request without one gets none.
func (l *live) bodies(t *testing.T) {
	const form = "List-Unsubscribe=One-Click"
	// Many writes of the guest, and no more than the stand-in reads: an origin
	// that answers earlier may leave the rest.
	long := strings.Repeat("a long body ", 5_000)
	for name, c := range map[string]struct {
		method, body string
		unknown      bool // how long it is
		header       wire.Header
		framed       string
	}{
		"with a length":           {"POST", form, false, wire.NewHeader("Content-Length", "26"), "content-length: 26"},
		"in chunks":               {"POST", form, true, wire.NewHeader("Transfer-Encoding", "chunked"), "transfer-encoding: chunked"},
		"HTTP/2, no field":        {"POST", form, true, nil, "transfer-encoding: chunked"},
		"long, HTTP/2":            {"PUT", long, true, nil, "transfer-encoding: chunked"},
		"GET with a body, HTTP/2": {"GET", "odd", true, nil, "transfer-encoding: chunked"},
		"empty POST":              {"POST", "", false, wire.NewHeader("Content-Length", "0"), "content-length: 0"},
		"GET":                     {"GET", "", false, nil, ""},
	} {
		req := hostsim.Request{Method: c.method, Host: "cio.example.com", Target: "/unsubscribe/dgOQ?b=1", Header: c.header}
		switch {
		case c.unknown:
			req.Body = io.MultiReader(strings.NewReader(c.body))
		case c.body != "":
			req.Body = bytes.NewReader([]byte(c.body))
		}
		_, x := l.do(t, req)
		require.Len(t, x.Sent, 1, name)
		sent := x.Sent[0]
		require.Equal(t, []string{c.method, req.Target}, []string{sent.Method, sent.Target}, name)
		require.EqualValues(t, len(c.body), sent.BodySize, name)
		require.Equal(t, c.body[:min(len(c.body), 1<<10)], string(sent.Body), name)
		var framed []string
		for _, f := range sent.Header {
			if n := strings.ToLower(f.Name); n == "content-length" || n == "transfer-encoding" {
				framed = append(framed, n+": "+f.Value)
			}
		}
		require.Equal(t, c.framed, strings.Join(framed, "|"), name)
	}
}

// The second origin gets the same request, and only one that is safe to send
// twice.
func (l *live) secondOrigin(t *testing.T) {
	ask := func(method string, body string) (*hostsim.Response, []hostsim.BackendRequest, logLine) {
		req := hostsim.Request{Method: method, Host: "spark.example.com", Target: sparkClick, Header: wire.NewHeader("X-Twice", "one", "X-Twice", "two")}
		if body != "" {
			req.Body, req.Header = strings.NewReader(body), append(req.Header, wire.Field{Name: "Content-Length", Value: "3"})
		}
		resp, x := l.do(t, req)
		return resp, x.Sent, parse(t, clicks(x)[0])
	}
	_, sent, line := ask("GET", "")
	require.Len(t, sent, 1)
	require.Empty(t, line.SecondOrigin)
	require.NoError(t, l.fleet.SetFault("sparkpost", origins.Refuse))
	for _, method := range []string{"GET", "HEAD"} {
		resp, sent, line := ask(method, "")
		require.Less(t, resp.Status, 500)
		require.Len(t, sent, 2)
		require.Equal(t, []string{"sparkpost", "sparkpost-v2"}, []string{sent[0].Backend, sent[1].Backend})
		require.Equal(t, []string{method, sparkClick}, []string{sent[1].Method, sent[1].Target})
		require.Equal(t, []string{"one", "two"}, sent[1].Header.Values("X-Twice"))
		require.Equal(t, []string{"answered", "connection_refused", ""}, []string{line.SecondOrigin, line.OriginError, line.Missed})
		require.Equal(t, resp.Status, line.OriginStatus)
	}
	for _, body := range []string{"", "abc"} {
		_, sent, line = ask("POST", body)
		require.Len(t, sent, 1, "a POST is not repeated")
		require.Equal(t, []string{"", "yes"}, []string{line.SecondOrigin, line.Missed})
	}
	require.NoError(t, l.fleet.SetFault("sparkpost-v2", origins.Refuse))
	resp, sent, line := ask("GET", "")
	require.Len(t, sent, 2)
	require.Equal(t, 302, resp.Status, "redirected from the link")
	require.Equal(t, []string{"connection_refused", "yes"}, []string{line.SecondOrigin, line.Missed})
}

// An ESP that does not answer within the site's time has failed.
func (l *live) timeLimit(t *testing.T) {
	l.fail(t, origins.Slow)
	defer l.fail(t, origins.Up)
	_, line, x := l.click(t, "/ls/click?upn=abc")
	require.Equal(t, outcome.ESPTimeout, line.Code)
	require.Equal(t, []string{"no_answer_in_time", "maybe"}, []string{line.OriginError, line.Missed})
	require.Len(t, x.Sent, 1)
}

// A valid entry of the config store replaces a site, or adds one.
func (l *live) override(t *testing.T) {
	ask := func(host, entry string) (*hostsim.Response, logLine, string) {
		l.overrides[host] = entry
		defer delete(l.overrides, host)
		resp, x := l.do(t, hostsim.Request{Host: host, Target: sesClick})
		return resp, parse(t, clicks(x)[0]), string(x.Stderr)
	}
	for entry, why := range map[string]string{
		`{"esp"`:             "found the end of the file",
		`{"esp": "sengrid"}`: "sengrid",
		``:                   "",
		`{"esp": "mailgun"}`: "the service has no backend mailgun",
		`{"esp": "ses-us-east-1", "second_origin": "https://elsewhere.example.net"}`: "no backend custom-elsewhere.example.net",
	} {
		_, line, said := ask("ses.example.com", entry)
		require.Equal(t, []string{"invalid", "ses-us-east-1"}, []string{line.Override, line.ESP}, entry)
		require.Contains(t, said, "the entry ses.example.com of config store clickedge is ignored: ")
		require.Contains(t, said, why)
	}
	resp, line, said := ask("ses.example.com", `{"esp": "none", "keys": ["k1"], "signed_links": "anywhere"}`)
	require.Equal(t, []string{"used", "none", ""}, []string{line.Override, line.ESP, said})
	require.Equal(t, 404, resp.Status)
	_, line, _ = ask("new.example.com", `{"esp": "customerio-eu"}`)
	require.Equal(t, []string{"used", "customerio-eu", "proxy"}, []string{line.Override, line.ESP, line.Action})
}

// Links are learned, stored once, used when the ESP fails, and a contradiction
// ends them.
func (l *live) learns(t *testing.T) {
	first := l.account.Message().Short(shop)
	_, _, x := l.click(t, first)
	require.Zero(t, l.stored(t, first), "one message says nothing for certain")
	require.NotContains(t, calls(x), "kv_store.insert")
	to, line, x := l.click(t, l.account.Message().Short(shop))
	require.Equal(t, []string{shop, "proxy"}, []string{to, line.Action})
	require.Equal(t, learned.KnownSince(noon.Unix(), shop), l.stored(t, first))
	require.Contains(t, after(x), "kv_store.insert", "the reader does not wait for it")
	_, _, x = l.click(t, l.account.Message().Short(shop))
	require.NotContains(t, calls(x), "kv_store.insert", "once")

	l.host.(*hostsim.Host).PurgeAll()
	l.fail(t, origins.Refuse)
	for _, from := range []string{"kv_store.open", ""} { // the store, and then the cache
		to, line, x = l.click(t, l.account.Message().Short(shop))
		require.Equal(t, []string{shop, "redirect", "learned"}, []string{to, line.Action, line.Reading})
		require.Equal(t, from != "", strings.Contains(strings.Join(calls(x), " "), "kv_store.open"))
	}
	to, _, _ = l.click(t, l.account.Message().Short(www))
	require.Empty(t, to, "another destination")
	l.fail(t, origins.Up)
}

// What Fastly's Bot Management says is in the verdict.
func (l *live) bots(t *testing.T) {
	ask := func(more ...string) logLine {
		_, x := l.do(t, hostsim.Request{Host: "ses.example.com", Target: sesClick, Header: browser(more...)})
		return parse(t, clicks(x)[0])
	}
	line := ask("X-Fastly-Bot-Analyzed", "true", "X-Fastly-Bot-Detected", "true",
		"X-Fastly-Bot-Verified", "true", "X-Fastly-Bot-Category", "search-engine-crawler", "X-Fastly-Bot-Name", "Some\"Bot")
	require.Equal(t, []string{"bot", "Some\"Bot"}, []string{line.Verdict, line.Agent})
	require.Contains(t, line.Reasons, "fastly_verified")
	line = ask("X-Fastly-Bot-Analyzed", "true")
	require.Equal(t, "human", line.Verdict)
	require.Contains(t, line.Reasons, "fastly_none")
	line = ask()
	require.Contains(t, line.Reasons, "not_analysed")
}

// Next gets what is for no link domain, as it came, and has no line; without
// Next there is a page.
func (l *live) next(t *testing.T) {
	for target, want := range map[string]string{
		"/cart": `shop: POST www.example.com/cart opaque="" body="hello"`,
		"/%zz":  `shop: POST www.example.com opaque="//www.example.com/%zz" body="hello"`,
	} {
		req := hostsim.Request{Method: "POST", Host: "www.example.com", Target: target, Body: strings.NewReader("hello"),
			Header: wire.NewHeader("Content-Length", "5", handlertest.NextField, "1")}
		resp, x, err := l.host.Do(context.Background(), &req)
		require.NoError(t, err)
		require.Equal(t, want, string(resp.Body))
		require.Empty(t, clicks(x))
		require.Empty(t, x.Stderr)
	}
	resp, x := l.do(t, hostsim.Request{Host: "%FF%00link.example.com", Target: "/a%zz", Header: wire.NewHeader(handlertest.NextField, "1")})
	requirePage(t, resp, parse(t, clicks(x)[0]), 421, outcome.WrongHost)
	req := hostsim.Request{Host: "ses.example.com", Target: sesClick, Header: wire.NewHeader(handlertest.NextField, "1")}
	_, x = l.do(t, req)
	require.Equal(t, "proxy", parse(t, clicks(x)[0]).Action, "a link domain is the handler's")
	resp, x = l.do(t, hostsim.Request{Host: "www.example.com", Target: "/cart"})
	requirePage(t, resp, parse(t, clicks(x)[0]), 421, outcome.WrongHost)
}

// A program may wrap the handler and clone the request, which then no longer
// knows what the host says of it.
func (l *live) clone(t *testing.T) {
	resp, x := l.do(t, hostsim.Request{Method: "POST", Host: "cio.example.com", Target: "/unsubscribe/dgOQ?b=1", Body: strings.NewReader("abc"),
		Header: browser("Content-Length", "3", handlertest.CloneField, "1", "X-Fastly-Bot-Analyzed", "true")})
	require.Less(t, resp.Status, 500)
	require.Equal(t, "abc", string(x.Sent[0].Body))
	_, x = l.do(t, hostsim.Request{Host: "ses.example.com", Target: sesClick, Header: browser(handlertest.CloneField, "1", "X-Fastly-Bot-Analyzed", "true")})
	line := parse(t, clicks(x)[0])
	require.Equal(t, []string{"proxy", "ok"}, []string{line.Action, string(line.Code)})
	require.Contains(t, line.Reasons, "not_analysed")
	require.Empty(t, x.Stderr)
}

// A sandbox may answer several requests. Each has its own answer, line and id.
func TestHandlerServesMany(t *testing.T) {
	raw, err := handlerReactor()
	require.NoError(t, err)
	all := map[string][]byte{"sites.json": []byte(handlerSites)}
	warm, _, err := prewarm.Module(t.Context(), raw, prewarm.Options{Files: all, Entry: handlertest.Many, NoRehearsal: true})
	require.NoError(t, err)
	r := rigOf(t, warm, handlerSites, origins.Options{}, nil)
	ids := map[string]bool{}
	for i, host := range []string{"ses.example.com", "cio.example.com", "spark.example.com", "ses.example.com"} {
		target := "/" + strings.Repeat("a", i+1)
		_, x := r.do(t, hostsim.Request{Host: host, Target: target})
		require.EqualValues(t, i/3*3, x.Sandbox, "three requests each")
		require.Len(t, x.Sent, 1)
		require.Equal(t, target, x.Sent[0].Target)
		line := parse(t, clicks(x)[0])
		require.Equal(t, host, line.Host)
		require.NotEmpty(t, line.Request)
		ids[line.Request] = true
	}
	require.Len(t, ids, 4)
}

// The README's program, prewarmed, is a link domain beside a shop. The key that
// the secret store lacks is said in the log, and no link is followed.
func TestHandlerReadme(t *testing.T) {
	root, err := module.Root(".")
	require.NoError(t, err)
	raw, err := handlertest.Reactor(t.Context(), root, handlertest.Example, handlertest.Lenient)
	require.NoError(t, err)
	warm, _, err := prewarm.Module(t.Context(), raw, prewarm.Options{})
	require.NoError(t, err)
	sites, err := os.ReadFile(filepath.Join(root, handlertest.Example, "sites.json"))
	require.NoError(t, err)
	secret := []byte(strings.Repeat("s", signed.MinSecret))
	link, err := signed.Mint(signed.Link{Host: "link.example.com", KeyID: "k1", Destination: "https://example.com/sale"}, secret)
	require.NoError(t, err)
	click := hostsim.Request{Host: "link.example.com", Target: strings.TrimPrefix(link, "https://link.example.com")}

	r := rigOf(t, warm, string(sites), origins.Options{}, func(cfg *hostsim.Config) {
		cfg.SecretStores = map[string]map[string][]byte{contract.SecretStore: {"k1": secret}}
	})
	resp, x := r.do(t, click)
	to, _ := resp.Header.Get("Location")
	require.Equal(t, []any{302, "https://example.com/sale"}, []any{resp.Status, to})
	require.Contains(t, clicks(x)[0], `"version":"7"`, "the sandbox's environment, not the build's")
	require.NotContains(t, show(resp)+clicks(x)[0]+string(x.Stderr), string(secret))
	resp, x, err = r.host.Do(t.Context(), &hostsim.Request{Host: "www.example.com", Target: "/%zz"})
	require.NoError(t, err)
	require.Equal(t, "the shop\n", string(resp.Body))
	require.Empty(t, clicks(x))

	bare := rigOf(t, warm, string(sites), origins.Options{}, nil)
	resp, x = bare.do(t, click)
	require.False(t, resp.Header.Has("Location"))
	require.Equal(t, outcome.KeyUnavailable, parse(t, clicks(x)[0]).Code)
}
