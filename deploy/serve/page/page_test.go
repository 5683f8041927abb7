package page

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/deploy/probe"
	"github.com/clickedge/clickedge/deploy/serve/seen"
	"github.com/clickedge/clickedge/deploy/serve/switches"
	"github.com/clickedge/clickedge/deploy/sitesfile"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

const testSites = `{"sites": {
  "link.example.com": {"esp": "ses-us-east-1", "destinations": ["*.example.com"], "when_esp_fails": "redirect", "also": [{"esp": "sendgrid"}, {"esp": "mailgun", "retired": true}],
    "recalls": [{"from": "https://www.example.com/old", "gone": true}]},
  "own.example.com": {"esp": "none", "keys": ["k1"], "destinations": ["example.com"]}}}`

const sesLink = "https://link.example.com/CL0/https:%2F%2Fshop.example.com%2Fa/1/010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"

// testBench is a service that carries nothing out.
type testBench struct {
	mu       sync.Mutex
	sites    *switches.Sites
	switches *switches.Set
	faults   map[string]string
	sent     *Sending
	answer   *probe.Answer
	failed   error
	links    []Link
}

func newTestBench(t testing.TB, text string) *testBench {
	t.Helper()
	sites, whole, err := sitesfile.Parse("sites.json", []byte(text), nil)
	require.NoError(t, err)
	b := &testBench{sites: &switches.Sites{Name: "sites.json", Sites: sites, Text: whole}, switches: switches.New(), faults: map[string]string{}}
	for _, o := range sites.Origins() {
		b.sites.Backends = append(b.sites.Backends, o.Backend)
	}
	return b
}

func (b *testBench) State() *State {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &State{File: "sites.json", Base: "http://127.0.0.1:7676", Now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Sites: b.sites, Switches: b.switches.Clone(), Overrides: map[string]*core.Site{}}
	for _, host := range b.switches.Hosts() {
		if o, err := b.switches.Override(b.sites, host); err == nil {
			s.Overrides[host] = o.Site
		}
	}
	for _, name := range b.sites.Backends {
		s.Backends = append(s.Backends, Backend{Name: name, Origin: "https://esp.example.net", StandIn: name != "sendgrid", Fault: b.faults[name]})
	}
	return s
}

func (b *testBench) Links(*State, *core.Site) []Link { return b.links }

func (b *testBench) Change(change func(*switches.Set, *switches.Sites) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return change(b.switches, b.sites)
}

func (b *testBench) SetFault(backend, fault string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if backend != "ses-us-east-1" {
		return fmt.Errorf("no stand-in of a backend %q", backend)
	}
	b.faults[backend] = strings.TrimPrefix(fault, "up")
	return nil
}

func (b *testBench) Reset() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.switches.Clear()
	clear(b.faults)
	return nil
}

func (b *testBench) Send(_ context.Context, s *Sending) (*probe.Answer, error) {
	b.sent = s
	return b.answer, b.failed
}

// rig is a page, and what it has printed.
type rig struct {
	*testBench
	page    *Page
	printed []string
}

func newRig(t testing.TB) *rig {
	r := &rig{testBench: newTestBench(t, testSites)}
	r.page = New(r.testBench, func(text string) { r.printed = append(r.printed, text) })
	return r
}

// get is a GET of the page.
func (r *rig) get(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r.page.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost:7676"+path, nil))
	return w
}

// post sends a form as the page's own forms are sent.
func (r *rig) post(path string, fields ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	req := httptest.NewRequest("POST", "http://localhost:7676"+path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	r.page.ServeHTTP(w, req)
	return w
}

// request is one that is over, of a site.
func (r *rig) request(target string) *seen.Request {
	x := &hostsim.Exchange{Request: hostsim.RequestSummary{Method: "GET", Target: target, Host: "link.example.com", Header: wire.NewHeader("Host", "link.example.com", "Cookie", "a=1")},
		Response: 302, ResponseHeader: wire.NewHeader("Location", "https://shop.example.com/a"), CallCount: 2,
		Calls: []hostsim.Call{{Module: "fastly_http_req", Name: "method_get", Status: hostsim.StatusOK}},
		Sent:  []hostsim.BackendRequest{{Backend: "ses-us-east-1", Method: "GET", Target: target, Header: wire.NewHeader("Host", "link.example.com"), Err: errors.New("connection_refused: no")}},
		Logs:  []hostsim.LogLine{{Endpoint: contract.LogEndpoint, Line: `{"v":1,"time":"2026-03-01T12:00:00.000Z","host":"link.example.com","esp":"ses-us-east-1","kind":"click","method":"GET","action":"redirect","code":"esp_unreachable","status":302,"verdict":"bot","reasons":"known_agent,fetch_metadata"}`}}}
	s := seen.Of(x)
	s.Site = r.sites.Sites.Lookup("link.example.com")
	return s
}

// Only this machine gets the page, by a name that nobody else can point here,
// and never in place of a link domain.
func TestTakes(t *testing.T) {
	r := newRig(t)
	sites := func(host string) bool { return r.sites.Sites.Has(core.CanonicalHost(host)) || host == "127.0.0.9" }
	for _, c := range []struct {
		host, remote, target string
		want                 bool
	}{
		{"localhost:7676", "127.0.0.1:5000", "/", true},
		{"LOCALHOST", "127.0.0.1:5000", "/?site=a", true},
		{"127.0.0.1:7676", "127.0.0.1:5000", "/requests/1", true},
		{"127.0.0.2", "[::1]:5000", "/events?run=x", true},
		{"[::1]:7676", "[::ffff:127.0.0.1]:5000", "/recall", true},
		{"127.0.0.1", "127.0.0.1:5000", "/CL0/x", false},
		{"127.0.0.1", "127.0.0.1:5000", "/.well-known/clickedge", false},
		{"127.0.0.1", "127.0.0.1:5000", "*", false},
		{"127.0.0.1", "127.0.0.1:5000", "http://link.example.com/", false},
		{"link.example.com", "127.0.0.1:5000", "/", false},
		{"link.example.com", "127.0.0.1:5000", "/events", false},
		{"link.example.com.localhost", "127.0.0.1:5000", "/", false},
		{"127.0.0.9", "127.0.0.1:5000", "/", false}, // a site
		{"attacker.example", "127.0.0.1:5000", "/", false},
		{"localhost.attacker.example", "127.0.0.1:5000", "/", false},
		{"page.localhost", "127.0.0.1:5000", "/", false},
		{"0.0.0.0", "127.0.0.1:5000", "/", false},
		{"192.0.2.1", "127.0.0.1:5000", "/", false},
		{"", "127.0.0.1:5000", "/", false},
		{"localhost", "192.0.2.1:5000", "/", false},
		{"127.0.0.1", "192.0.2.1:5000", "/", false},
		{"localhost", "", "/", false},
	} {
		req := &http.Request{Method: "GET", Host: c.host, RemoteAddr: c.remote, RequestURI: c.target}
		require.Equal(t, c.want, r.page.Takes(req, sites), "%+v", c)
	}
}

// Every path of the page is one that it takes, and the other way round.
func TestPathsAreServed(t *testing.T) {
	r := newRig(t)
	for path := range paths {
		method := "GET"
		if w := r.get(path + "?run=x"); w.Code == http.StatusMethodNotAllowed {
			method = "POST"
		}
		_, pattern := r.page.mux.Handler(httptest.NewRequest(method, "http://localhost"+path, nil))
		require.NotEmpty(t, pattern, path)
	}
}

// What changes something is refused where another page asks for it.
func TestForeignRequestsChangeNothing(t *testing.T) {
	form := url.Values{"backend": {"ses-us-east-1"}, "fault": {"500"}, "host": {"link.example.com"}, "at": {"1"}, "esp": {"sendgrid"}, "from": {"https://shop.example.com/a"}, "then": {"gone"}, "method": {"GET"}, "target": {"/a"}, "link": {sesLink}}
	for _, path := range []string{"/explain", "/send", "/fault", "/retire", "/recall", "/undo", "/reset"} {
		r := newRig(t)
		for name, header := range map[string][2]string{
			"another site": {"Sec-Fetch-Site", "cross-site"}, "a link domain below localhost": {"Sec-Fetch-Site", "same-site"},
			"an old browser": {"Origin", "http://attacker.example"}, "another port": {"Origin", "http://localhost:1"}, "a sandbox": {"Origin", "null"},
		} {
			req := httptest.NewRequest("POST", "http://localhost:7676"+path, strings.NewReader(form.Encode()))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set(header[0], header[1])
			w := httptest.NewRecorder()
			r.page.ServeHTTP(w, req)
			require.Equal(t, http.StatusForbidden, w.Code, "%s %s", path, name)
		}
		for _, method := range []string{"GET", "HEAD"} {
			w := httptest.NewRecorder()
			r.page.ServeHTTP(w, httptest.NewRequest(method, "http://localhost:7676"+path+"?"+form.Encode(), nil))
			require.Equal(t, http.StatusMethodNotAllowed, w.Code, "%s %s", method, path)
		}
		require.Empty(t, r.faults)
		require.Empty(t, r.switches.Hosts())
		require.Nil(t, r.sent)
		require.Empty(t, r.printed)
	}
}

func TestPolicy(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/", "/page.css", "/page.js", "/favicon.ico", "/requests/9", "/explain"} {
		h := r.get(path).Header()
		require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'; style-src 'self'", path)
		require.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
		require.NotContains(t, h.Get("Content-Security-Policy"), "unsafe", path)
		require.Equal(t, "no-store", h.Get("Cache-Control"), path)
		require.Equal(t, "same-origin", h.Get("Cross-Origin-Resource-Policy"), path)
		require.Empty(t, h.Get("Access-Control-Allow-Origin"), path)
	}
	for path, kind := range map[string]string{"/page.css": "text/css", "/page.js": "text/javascript"} {
		w := r.get(path)
		require.Contains(t, w.Header().Get("Content-Type"), kind)
		require.NotContains(t, w.Body.String(), "http", "nothing from elsewhere")
		for _, sink := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("} {
			require.NotContains(t, w.Body.String(), sink)
		}
	}
}

// What is pasted is explained with the site as it is in service, personal parts
// marked.
func TestExplain(t *testing.T) {
	r := newRig(t)
	w := r.post("/explain", "link", sesLink, "method", "GET")
	require.Equal(t, 200, w.Code)
	page := w.Body.String()
	for _, text := range []string{"leads to", "https://shop.example.com/a", `<span class="personal">personal</span>`, "Send this request", "proxy: the reader gets the ESP&#39;s answer"} {
		require.Contains(t, page, text)
	}
	require.NoError(t, r.Change(func(set *switches.Set, sites *switches.Sites) error {
		return set.Retire(sites, switches.ESP{Host: "link.example.com", At: 0, Name: "ses-us-east-1"}, time.Now())
	}))
	require.Contains(t, r.post("/explain", "link", sesLink).Body.String(), "redirect: status 302")

	require.Contains(t, r.post("/explain", "link", "curl -X POST -H 'Host: link.example.com' 'http://127.0.0.1:7676/CL0/x'").Body.String(), "POST /CL0/x")
	require.Contains(t, r.post("/explain", "link", "/CL0/x", "host", "link.example.com").Body.String(), "GET /CL0/x")
	require.Contains(t, r.post("/explain", "host", "link.example.com", "target", url.QueryEscape("/a\xff\r\nb#c"), "method", "HEAD").Body.String(), `HEAD /a\xff\r\nb#c`)
	for link, want := range map[string]string{"https://no.example.com/": "no.example.com", "": "no link was pasted", "http://127.0.0.1/a": "names a machine"} {
		w = r.post("/explain", "link", link)
		require.Equal(t, http.StatusUnprocessableEntity, w.Code)
		require.Contains(t, w.Body.String(), want)
		require.NotContains(t, w.Body.String(), "<dt>")
	}
	require.Equal(t, http.StatusUnprocessableEntity, r.post("/explain", "host", "link.example.com", "target", "%zz").Code)
	require.Empty(t, r.printed, "to read changes nothing")
}

// A form that cannot be read is answered with the page, where its program looks
// for what to show.
func TestFormsThatCannotBeRead(t *testing.T) {
	r := newRig(t)
	for path, part := range map[string]string{"/explain": `<div id="answer" `, "/send": `<div id="answer" `, "/recall": `<section id="said" `} {
		for form, want := range map[string]string{
			"link=" + strings.Repeat("a", 2*mostForm): "the form has more than 64 KiB; a link has 8192 bytes at most",
			"link=%zz": "the form cannot be read: invalid URL escape",
		} {
			req := httptest.NewRequest("POST", "http://localhost:7676"+path, strings.NewReader(form))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Sec-Fetch-Site", "same-origin")
			w := httptest.NewRecorder()
			r.page.ServeHTTP(w, req)
			require.Contains(t, []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge}, w.Code)
			_, shown, ok := strings.Cut(w.Body.String(), part)
			require.True(t, ok)
			shown, _, _ = strings.Cut(shown, "</section>")
			require.Contains(t, shown, want, path)
		}
	}
	require.Empty(t, r.printed)
}

// A request is sent to link domains only, as it stands.
func TestSend(t *testing.T) {
	r := newRig(t)
	r.answer = &probe.Answer{Status: 302, Header: wire.NewHeader("Location", "https://shop.example.com/<b>"), Body: []byte("<script>1</script>\nx"), Cut: true}
	w := r.post("/send", "host", "link.example.com", "method", "POST", "target", url.QueryEscape("/a\xff"), "type", "text/plain", "body", url.QueryEscape("a\r\nb"))
	require.Equal(t, 200, w.Code)
	require.Equal(t, &Sending{Host: "link.example.com", Method: "POST", Target: "/a\xff", ContentType: "text/plain", Body: "a\r\nb"}, r.sent)
	for _, text := range []string{"302", "https://shop.example.com/&lt;b&gt;", "&lt;script&gt;1&lt;/script&gt;", "The body goes on."} {
		require.Contains(t, w.Body.String(), text)
	}
	r.sent, r.failed = nil, errors.New("no answer")
	require.Contains(t, r.post("/send", "host", "link.example.com", "method", "GET", "target", "/a").Body.String(), "No whole answer: no answer")
	r.sent = nil
	for _, host := range []string{"elsewhere.example.net", "127.0.0.1", ""} {
		require.Equal(t, http.StatusUnprocessableEntity, r.post("/send", "host", host, "method", "GET", "target", "/a").Code)
	}
	require.Nil(t, r.sent)
}

// What a switch does is said on the page and printed; what it does not do, too.
func TestSwitches(t *testing.T) {
	r := newRig(t)
	const host = "link.example.com"
	for _, c := range []struct {
		path   string
		fields []string
		says   string
	}{
		{"/fault", []string{"backend", "ses-us-east-1", "fault", "slow"}, "ses-us-east-1 fails from now on: it does not answer"},
		{"/fault", []string{"backend", "ses-us-east-1", "fault", "up"}, "ses-us-east-1 works again"},
		{"/retire", []string{"host", host, "at", "1", "esp", "sendgrid"}, "sendgrid of link.example.com is retired from now on"},
		{"/undo", []string{"host", host, "at", "1", "esp", "sendgrid"}, "sendgrid of link.example.com is asked again"},
		{"/recall", []string{"host", host, "from", "https://shop.example.com/a", "then", "gone"}, "that the link was withdrawn"},
		{"/undo", []string{"host", host, "from", "https://shop.example.com/a"}, "is not recalled any more"},
		{"/recall", []string{"host", host, "from", "https://shop.example.com/*", "then", "to", "to", "https://www.example.com/", "wide", "on"}, "goes to https://www.example.com/ from now on"},
		{"/reset", nil, "everything is as it was"},
	} {
		r.printed = nil
		w := r.post(c.path, append(c.fields, "site", "link")...)
		require.Equal(t, http.StatusSeeOther, w.Code, "%+v: %s", c, w.Body)
		require.Equal(t, "/?site=link", w.Header().Get("Location"))
		require.Contains(t, r.printed[0], c.says)
		require.Contains(t, r.get("/").Body.String(), c.says, "after a reload")
	}
	require.Empty(t, r.switches.Hosts())
	printed := len(r.printed)
	for _, c := range []struct {
		path   string
		fields []string
		says   string
	}{
		{"/fault", []string{"backend", "nobody", "fault", "slow"}, "no stand-in of a backend"},
		{"/retire", []string{"host", host, "at", "x", "esp", "sendgrid"}, "has no esp"},
		{"/retire", []string{"host", host, "at", "2", "esp", "mailgun"}, "is retired already"},
		{"/undo", []string{"host", host, "at", "1", "esp", "sendgrid"}, "was not retired here"},
		{"/recall", []string{"host", host, "from", "<b>", "then", "gone"}, "the link to recall, &#34;&lt;b&gt;&#34;"},
		{"/recall", []string{"host", host, "from", "https://shop.example.com/a", "to", "https://elsewhere.example.net/"}, "elsewhere.example.net"},
		{"/recall", []string{"host", "no.example.com", "from", "https://shop.example.com/a", "then", "gone"}, "no.example.com"},
	} {
		w := r.post(c.path, c.fields...)
		require.Equal(t, http.StatusUnprocessableEntity, w.Code, "%+v", c)
		require.Contains(t, w.Body.String(), "Nothing was changed: ")
		require.Contains(t, w.Body.String(), c.says)
	}
	require.Len(t, r.printed, printed)
	require.Empty(t, r.switches.Hosts())
	page := r.post("/recall", "host", host, "from", "nonsense", "to", "https://www.example.com/").Body.String()
	require.Contains(t, page, `name="from" value="nonsense"`, "what was written is still there")
}

// What is surprising about a change is said with it: what check warns of, and
// links that a recall does not meet.
func TestNotesOfSwitches(t *testing.T) {
	r := newRig(t)
	r.post("/recall", "host", "link.example.com", "from", "https://shop.example.com/a*", "then", "gone")
	page := r.get("/").Body.String()
	require.Contains(t, page, "Note: it does not meet http://shop.example.com/a*: recall that too if the mail has such links.")
	require.Contains(t, strings.Join(r.printed, "\n"), "note: it does not meet http://shop.example.com/a*")
	r.post("/recall", "host", "link.example.com", "from", "http://shop.example.com/a*", "then", "gone")
	require.NotContains(t, r.printed[len(r.printed)-1], "note: ")
	r.post("/retire", "host", "link.example.com", "at", "1", "esp", "sendgrid")
	require.Contains(t, r.get("/").Body.String(), "Note: link.example.com: also[0]: ", "check warns of what becomes of SendGrid's links")
}

// Each fault has a sentence.
func TestFaultsAreExplained(t *testing.T) {
	for _, fault := range origins.FaultNames() {
		require.NotEmpty(t, faultText[fault], fault)
	}
}

// The page says of each switch how it stands.
func TestStateOfSwitches(t *testing.T) {
	r := newRig(t)
	page := r.get("/").Body.String()
	require.NotContains(t, page, "Take everything back")
	require.Contains(t, page, "retired, says sites.json")
	require.Contains(t, page, "https://esp.example.net itself; only a stand-in can be made to fail")
	require.Contains(t, page, "link.example.com has 1 in sites.json")
	r.post("/fault", "backend", "ses-us-east-1", "fault", "slow")
	r.post("/recall", "host", "link.example.com", "from", "https://shop.example.com/a*", "then", "gone")
	page = r.get("/?site=own").Body.String()
	for _, text := range []string{"Take everything back", `<option value="slow" selected>`, "https://shop.example.com/a*</span> is withdrawn", `<span class="mark">switched</span>`} {
		require.Contains(t, page, text)
	}
}

// A page of many sites is short, and each can be found.
func TestManySites(t *testing.T) {
	var text strings.Builder
	text.WriteString(`{"sites": {"link.example.com": {"esp": "sendgrid"}`)
	for i := range 5000 {
		fmt.Fprintf(&text, `, "h%d.example.com": {"esp": "sendgrid"}`, i)
	}
	bench := newTestBench(t, text.String()+"}}")
	r := &rig{testBench: bench, page: New(bench, func(string) {})}
	page := r.get("/").Body.String()
	require.Less(t, len(page), 64<<10)
	require.Contains(t, page, "4989 more link domains are not shown")
	page = r.get("/?site=H4321.").Body.String()
	require.Contains(t, page, "h4321.example.com")
	require.NotContains(t, page, "h432.example.com")
	require.Contains(t, r.get("/?site=<b>").Body.String(), "No link domain fits")
}

// A request is shown with all that is known of it.
func TestRequest(t *testing.T) {
	r := newRig(t)
	r.page.Record(r.request("/CL0/<b>\u202e\xff"))
	page := r.get("/").Body.String()
	require.Contains(t, page, `href="/requests/1"`)
	require.Contains(t, page, "esp_unreachable")
	require.NotContains(t, page, "CL0", "the list has no targets")
	w := r.get("/requests/1")
	require.Equal(t, 200, w.Code)
	for _, text := range []string{`/CL0/&lt;b&gt;\u202e\xff <span class="personal">`, "connection_refused: no", "Cookie</dt><dd>a=1 <span class=\"personal\">", "&#34;code&#34;: &#34;esp_unreachable&#34;",
		"fastly_http_req.<wbr>method_get()", "bot: known_agent, fetch_metadata", "to <span class=\"code\">https://shop.example.com/a", "The others are not kept", "By name only", "Explain this link"} {
		require.Contains(t, w.Body.String(), text)
	}
	for _, path := range []string{"/requests/2", "/requests/x", "/requests/99999999999999999999"} {
		w = r.get(path)
		require.Equal(t, http.StatusNotFound, w.Code)
		require.Contains(t, w.Body.String(), "This request is not kept any more")
	}
}

// A guest that has trapped, or a module that is not clickedge, has no line.
func TestRequestWithoutALine(t *testing.T) {
	r := newRig(t)
	x := &hostsim.Exchange{Request: hostsim.RequestSummary{Method: "GET", Target: "/", Host: "<b>"}, Response: 500, Ending: hostsim.Ending{Kind: hostsim.Trapped, Message: "unreachable <b>"}, Stderr: []byte("panic: <b>\n")}
	r.page.Record(seen.Of(x))
	page := r.get("/requests/1").Body.String()
	for _, text := range []string{"no line in the click log", "the guest trapped", "unreachable &lt;b&gt;", "panic: &lt;b&gt;", "There is none.", "Nothing: no ESP was asked."} {
		require.Contains(t, page, text)
	}
	require.NotContains(t, page, "Explain this link")
}

// What is kept is bounded, in number and in bytes.
func TestMemoryIsBounded(t *testing.T) {
	r := newRig(t)
	for range mostRequests + 10 {
		r.page.Record(r.request("/"))
	}
	list, latest := r.page.memory.latest()
	require.Len(t, list, mostRequests)
	require.EqualValues(t, mostRequests+10, latest)
	require.EqualValues(t, 11, list[len(list)-1].ID)
	big := r.request("/" + strings.Repeat("a", 1<<20))
	for range mostRequests {
		r.page.Record(big)
	}
	list, _ = r.page.memory.latest()
	require.Less(t, len(list), 20)
	require.LessOrEqual(t, r.page.memory.size, mostBytes)
}

// openStream opens the events of a page.
func openStream(t *testing.T, r *rig, query, last string) *bufio.Scanner {
	t.Helper()
	srv := httptest.NewServer(r.page)
	t.Cleanup(srv.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", srv.URL+"/events?"+query, nil)
	require.NoError(t, err)
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { resp.Body.Close() })
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	return bufio.NewScanner(resp.Body)
}

// next is the next event: its name, id and data.
func next(t *testing.T, lines *bufio.Scanner) (name, id, data string) {
	t.Helper()
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "event":
			name = value
		case "id":
			id = value
		case "data":
			data += value + "\n"
		case "":
			if name != "" {
				return name, id, data
			}
		}
	}
	require.NoError(t, lines.Err())
	return "", "", ""
}

func TestEvents(t *testing.T) {
	r := newRig(t)
	r.page.Record(r.request("/a"))
	r.page.Record(r.request("/b"))
	lines := openStream(t, r, "run="+r.page.run+"&after=0", "")
	name, id, data := next(t, lines)
	require.Equal(t, "request", name)
	require.Equal(t, "1", id)
	require.Contains(t, data, `<li class="row redirect" id="row-1">`)
	_, id, _ = next(t, lines)
	require.Equal(t, "2", id)
	require.True(t, r.page.Watched())
	r.page.Record(r.request("/c")) // while it is read
	_, id, _ = next(t, lines)
	require.Equal(t, "3", id)
	r.post("/fault", "backend", "ses-us-east-1", "fault", "slow")
	name, _, _ = next(t, lines)
	require.Equal(t, "changed", name)

	again := openStream(t, r, "run="+r.page.run+"&after=0", "2") // a reader that comes again
	_, id, _ = next(t, again)
	require.Equal(t, "3", id)
	for _, query := range []string{"run=another&after=0", "after=0", "run=" + r.page.run + "&after=x"} {
		name, _, _ = next(t, openStream(t, r, query, ""))
		require.Equal(t, "restarted", name, query)
	}
	r.page.Close()
	name, _, _ = next(t, lines)
	require.Empty(t, name, "the stream ends with the page")
	name, _, _ = next(t, again)
	require.Empty(t, name)
	name, _, _ = next(t, openStream(t, r, "run="+r.page.run+"&after=0", ""))
	require.Empty(t, name)
}

// A page that does not read is let go of, and holds nobody up.
func TestSlowReader(t *testing.T) {
	r := newRig(t)
	_, slow := r.page.memory.follow(0)
	for range 2 * waiting {
		r.page.Record(r.request("/"))
		r.page.Changed()
	}
	got := 0
	for range slow.requests {
		got++
	}
	require.Equal(t, waiting, got)
	r.page.memory.leave(slow)
}

// A sample link reaches the browser byte for byte.
func TestHref(t *testing.T) {
	r := newRig(t)
	r.links = []Link{{Name: "odd", Host: "link.example.com", Method: "GET", Target: "/a", URL: `http://link.example.com.localhost:1/a'(x)%2f&amp;"<b>`}, {Name: "post", Host: "link.example.com", Method: "POST", Target: "/a", Body: "a\r\nb"},
		{Name: "script", Host: "link.example.com", Method: "GET", Target: "/a", URL: "javascript:alert(1)"}}
	page := r.get("/").Body.String()
	require.Contains(t, page, `href="http://link.example.com.localhost:1/a&#39;(x)%2f&amp;amp;&#34;&lt;b&gt;"`)
	require.Contains(t, page, `name="body" value="a%0D%0Ab"`)
	require.NotContains(t, page, "javascript:")
}

// The page is for reading while requests come.
func TestAtOnce(t *testing.T) {
	r := newRig(t)
	r.page.say = func(string) {}
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for range 20 {
				r.page.Record(r.request("/a"))
				_, _ = io.Copy(io.Discard, r.get("/requests/1").Body)
				if i == 0 {
					r.post("/fault", "backend", "ses-us-east-1", "fault", "slow")
				}
			}
		})
	}
	all.Wait()
}
