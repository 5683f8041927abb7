package hostsim

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

func TestMocksAnswer(t *testing.T) {
	mocks := Mocks{
		{Method: "POST", Status: 201, Header: wire.NewHeader("X-b", "1", "x-A", "2"), Body: []byte("made")},
		{Path: "/v1/empty", Status: 204},
		{Path: "/v1/q?a=1", Body: []byte("the query")},
		{Path: "/v1/q", Body: []byte("any query")},
		{Path: "/v1/large", Body: []byte(strings.Repeat("x", 100_000))},
		{Path: "/v1/orders*", Status: 301, Header: wire.NewHeader("Location", "/o")},
		{Path: "/v1/fails", Fault: BackendResets},
		{Path: "/v1/refuses", Fault: BackendRefuses},
	}
	h := newHost(t, "raw", Config{Backends: map[string]Backend{"origin": {Handler: mocks, URL: "http://origin.example/v1"}}})
	cases := []struct {
		method, target string
		status         int
		body           string
		tag            senderror.Tag
	}{
		{"POST", "/anything", 201, "made", 0},
		{"GET", "/empty", 204, "", 0},
		{"GET", "/q?a=1", 200, "the query", 0},
		{"GET", "/q?a=2", 200, "any query", 0},
		{"GET", "/large", 200, strings.Repeat("x", 100_000), 0},
		{"HEAD", "/large", 200, "", 0},
		{"GET", "/orders?x", 301, "", 0},
		{"GET", "/fails", 0, "", senderror.TagConnectionTerminated},
		{"GET", "/refuses", 0, "", senderror.TagConnectionRefused},
		{"GET", "/other", 0, "", senderror.TagDestinationNotFound},
	}
	for _, c := range cases {
		t.Run(c.method+" "+c.target, func(t *testing.T) {
			resp, x := do(t, h, &Request{Method: c.method, Target: c.target})
			require.Len(t, x.Sent, 1)
			require.Equal(t, c.status, x.Sent[0].Status, "%v", x.Sent[0].Err)
			if c.tag != 0 {
				var err *senderror.Error
				require.ErrorAs(t, x.Sent[0].Err, &err)
				require.Equal(t, c.tag, err.Tag)
				return
			}
			require.Equal(t, c.status, resp.Status)
			require.Equal(t, c.body, string(resp.Body))
			if c.method == "POST" {
				var names []string
				for _, f := range resp.Header[:2] {
					names = append(names, f.Name)
				}
				require.Equal(t, []string{"X-b", "x-A"}, names, "in order, as written")
			}
		})
	}
	_, x := do(t, h, &Request{Target: "/other"})
	require.ErrorIs(t, x.Sent[0].Err, ErrNotMocked)
	require.ErrorContains(t, x.Sent[0].Err, `no mock fits GET "/v1/other"`)
}

// A mock takes a body of known length before it answers, so that what was sent
// is known when the answer is there.
func TestMocksReadBodies(t *testing.T) {
	h := newHost(t, "raw", Config{Backends: map[string]Backend{"origin": {Handler: Mock{Status: 201}}}, Limits: Limits{SentBody: 1 << 20}})
	body := strings.Repeat("x", 1<<20)
	for range 20 {
		resp, x := do(t, h, &Request{Method: "POST", Target: "/", Body: strings.NewReader(body)})
		require.Equal(t, 201, resp.Status)
		require.Len(t, x.Sent, 1)
		require.EqualValues(t, len(body), x.Sent[0].BodySize)
	}
}

// A backend that is too slow runs into its timeout, as one behind an address
// does; a fault may come late as well.
func TestMocksTakeTime(t *testing.T) {
	slow := Backend{Handler: Mock{Delay: time.Hour}, FirstByteTimeout: time.Millisecond}
	h := newHost(t, "raw", Config{Backends: map[string]Backend{"origin": slow}})
	_, x := do(t, h, &Request{})
	require.ErrorContains(t, x.Sent[0].Err, "http_response_timeout")

	ctx, cancel := context.WithCancel(context.Background())
	cancel() // the guest has gone before the fault
	late := Mock{Delay: time.Hour, Fault: BackendResets}.Refuse(ctx, &wire.Request{Method: "GET", Target: "/"})
	require.NotNil(t, late)
	require.NotErrorIs(t, late, errOnPurpose)

	h = newHost(t, "raw", Config{Backends: map[string]Backend{"origin": {Handler: Mock{Delay: time.Millisecond, Body: []byte("in the end")}}}})
	resp, _ := do(t, h, &Request{})
	require.Equal(t, "in the end", string(resp.Body))
}

// HTTP/2 is spoken to a mock, too.
func TestMockOverHTTP2(t *testing.T) {
	h := newHost(t, "raw", Config{Backends: map[string]Backend{"origin": {GRPC: true, Handler: Mocks{{Path: "/x", Header: wire.NewHeader("X-A", "1"), Body: []byte("two")}}}}})
	resp, _ := do(t, h, &Request{Target: "/x"})
	require.Equal(t, "two", string(resp.Body))
	_, x := do(t, h, &Request{Target: "/y"})
	require.ErrorIs(t, x.Sent[0].Err, ErrNotMocked)
}

func TestMocksRefused(t *testing.T) {
	cases := []struct {
		handler http.Handler
		want    string
	}{
		{Mocks{}, "there is none"},
		{Mock{Status: 101}, "status: 101 is not between 200 and 599"},
		{Mocks{{}, {Method: "GE T"}}, `mock 1: method: "GE T" is not a method`},
		{Mock{Path: "x"}, `path: "x" does not begin with /`},
		{Mock{Delay: -1}, "must not be negative"},
		{Mock{Fault: BackendIsSlow}, `fault: "is slow" is none of "refuses"`},
		{Mock{Fault: BackendResets, Body: []byte("x")}, "a fault has no status, fields or body"},
		{Mock{Header: wire.NewHeader("a b", "c")}, "cannot be a field"},
		{Mock{Header: wire.NewHeader("content-length", "3")}, "follows from the body"},
	}
	for _, c := range cases {
		_, err := New(context.Background(), []byte(noContentModule), Config{Backends: map[string]Backend{"b": {Handler: c.handler}}})
		require.ErrorContains(t, err, c.want)
		_, err = New(context.Background(), []byte(noContentModule), Config{Dynamic: Dynamic{Handlers: map[string]http.Handler{"b": c.handler}}})
		require.ErrorContains(t, err, c.want)
	}
	_, err := New(context.Background(), []byte(noContentModule), Config{Dynamic: Dynamic{Handlers: map[string]http.Handler{"b": nil}}})
	require.ErrorContains(t, err, "handler is nil")
}

const noContentModule = "\x00asm\x01\x00\x00\x00"

// registering registers a backend by the name and address that it is told, and
// passes the request on to it; without an answer it ends in silence.
func registering(name, address string) string {
	return fmt.Sprintf(`(module
  (import "fastly_http_req" "body_downstream_get" (func $request (param i32 i32) (result i32)))
  (import "fastly_http_req" "register_dynamic_backend" (func $register (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_req" "send" (func $send (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_resp" "send_downstream" (func $answer (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "%s")
  (data (i32.const 512) "%s")
  (func (export "_start")
    (drop (call $request (i32.const 0) (i32.const 4)))
    (if (call $register (i32.const 256) (i32.const %d) (i32.const 512) (i32.const %d) (i32.const 0) (i32.const 1024)) (then (unreachable)))
    (br_if 0 (call $send (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.const 256) (i32.const %d) (i32.const 8) (i32.const 12)))
    (drop (call $answer (i32.load (i32.const 8)) (i32.load (i32.const 12)) (i32.const 0)))))`, name, address, len(name), len(address), len(name))
}

func TestDynamicBackendsAreAnsweredFor(t *testing.T) {
	mock := func(text string) http.Handler { return Mock{Body: []byte(text)} }
	var asked []DynamicBackend
	byFunc := func(b DynamicBackend) http.Handler {
		asked = append(asked, b)
		if strings.HasSuffix(b.Host, ".example") {
			return mock("by function")
		}
		return nil
	}
	handlers := map[string]http.Handler{"api": mock("by name"), "Api.test:8080": mock("by address"), "api.test": mock("by host")}
	cases := []struct {
		name, address string
		dynamic       Dynamic
		body          string // empty: not mocked
	}{
		{"api", "api.test", Dynamic{Handlers: handlers}, "by name"},
		{"other", "API.test:8080", Dynamic{Handlers: handlers}, "by address"},
		{"other", "api.TEST", Dynamic{Handlers: handlers}, "by host"},
		{"API", "elsewhere.test", Dynamic{Handlers: handlers}, ""},
		{"x", "x.example:81", Dynamic{Handlers: handlers, Handler: byFunc}, "by function"},
		{"x", "x.test", Dynamic{Handler: byFunc}, ""},
		{"x", "x.test", Dynamic{Handlers: map[string]http.Handler{}}, ""},
		{"x", "x.test", Dynamic{Loopback: true}, ""},
	}
	for _, c := range cases {
		h := assembled(t, registering(c.name, c.address), Config{Dynamic: c.dynamic})
		resp, x := do(t, h, &Request{Target: "/"})
		require.True(t, x.Ending.OK(), x.Ending.Message)
		require.Equal(t, c.body, string(resp.Body))
		if c.body == "" {
			require.ErrorIs(t, x.Sent[0].Err, ErrNotMocked)
			require.ErrorContains(t, x.Sent[0].Err, fmt.Sprintf("dynamic backend %q", c.name))
		}
	}
	require.Equal(t, DynamicBackend{Name: "x", Host: "x.example", Port: 81, SNI: "x.example", CertHost: "x.example"}, asked[0])
}

func servedOrigin(t testing.TB) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "served ", r.RequestURI) }))
	t.Cleanup(srv.Close)
	return srv.URL
}

// The zero value connects, and so does Network.
func TestDynamicBackendsAreConnectedTo(t *testing.T) {
	url := servedOrigin(t)
	handlers := map[string]http.Handler{"other": Mock{}}
	for _, d := range []Dynamic{{}, {Network: true}, {Network: true, Handlers: handlers}, {Loopback: true}, {Loopback: true, Handlers: handlers}} {
		h := assembled(t, registering("x", strings.TrimPrefix(url, "http://")), Config{Dynamic: d})
		resp, x := do(t, h, &Request{Target: "/y"})
		require.Equal(t, "served /y", string(resp.Body), "%v", x.Sent[0].Err)
	}
}

func TestLoadMocks(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "answer.json", `{"a":1}`)
	text := `
[local_server.backends.origin]
url = "http://origin.example"
[local_server.mocks.origin]
status = 404
headers = { X-B = "b", x-a = ["1", "2"] }
file = "answer.json"
delay_ms = 5
[local_server.dynamic_mocks]
"API.example" = [{ method = "POST", path = "/a*", body = "posted" }, { fault = "times out" }]
"*" = { status = 503 }
`
	cfg, err := LoadConfig(writeFile(t, dir, "fastly.toml", text))
	require.NoError(t, err)
	require.Empty(t, cfg.Warnings)
	require.Equal(t, Mocks{{Status: 404, Header: wire.NewHeader("X-B", "b", "x-a", "1", "x-a", "2"), Body: []byte(`{"a":1}`), Delay: 5 * time.Millisecond}}, cfg.Backends["origin"].Handler)
	require.Equal(t, Mocks{{Method: "POST", Path: "/a*", Body: []byte("posted")}, {Fault: BackendTimesOut}}, cfg.Dynamic.Handlers["API.example"])
	require.Equal(t, Mocks{{Status: 503}}, cfg.Dynamic.Handler(DynamicBackend{}))

	cfg, err = LoadConfig(writeFile(t, dir, "plain.toml", "[local_server.backends.origin]\nurl = \"http://a\"\n"))
	require.NoError(t, err)
	require.NoError(t, LoadMocks(writeFile(t, dir, "mocks.toml", "[mocks.origin]\nbody = 'x'\n[dynamic_mocks.'*']\nnetwork = true\n"), &cfg))
	require.Equal(t, Mocks{{Body: []byte("x")}}, cfg.Backends["origin"].Handler)
	require.True(t, cfg.Dynamic.Network)
	require.ErrorContains(t, LoadMocks(filepath.Join(dir, "mocks.toml"), &cfg), "mocks.toml:1: mocks.origin: this backend has an answer already")
}

func TestLoadMocksRefuses(t *testing.T) {
	const backend = "[local_server.backends.o]\nurl='http://a'\n"
	cases := []struct{ name, text, want string }{
		{"no such backend", "[local_server.mocks.x]\nstatus=200", "fastly.toml:1: local_server.mocks.x: there is no backend of this name"},
		{"unknown key", backend + "[local_server.mocks.o]\nstate=200", "fastly.toml:4: local_server.mocks.o.state: unknown key"},
		{"unknown key of one of several", backend + "[[local_server.mocks.o]]\npath='/'\n[[local_server.mocks.o]]\npfad='/'", "fastly.toml:6: local_server.mocks.o[1].pfad: unknown key"},
		{"not a table", "[local_server]\nbackends.o={url='http://a'}\nmocks.o=7", "fastly.toml:3: local_server.mocks.o: must be a table"},
		{"none", "[local_server]\nbackends.o={url='http://a'}\nmocks.o=[]", "local_server.mocks.o: has no mocks"},
		{"status", backend + "[local_server.mocks.o]\nstatus=0", "fastly.toml:4: local_server.mocks.o.status: 0 is not"},
		{"large status", backend + "[local_server.mocks.o]\nstatus=4294967496", "local_server.mocks.o.status: 4294967496 is not"},
		{"text for a status", backend + "[local_server.mocks.o]\nstatus='200'", "fastly.toml:4: local_server.mocks.o.status: must be an integer"},
		{"delay", backend + "[local_server.mocks.o]\ndelay_ms=-1", "fastly.toml:4: local_server.mocks.o.delay_ms: must be between"},
		{"two bodies", backend + "[local_server.mocks.o]\nbody='a'\nfile='b'", "fastly.toml:5: local_server.mocks.o.file: want either"},
		{"absent file", backend + "[local_server.mocks.o]\nfile='absent'", "fastly.toml:4: local_server.mocks.o.file: open"},
		{"field", backend + "[local_server.mocks.o]\nheaders={'a b'='c'}", "local_server.mocks.o.headers: \"a b\": \"c\" cannot be a field"},
		{"number for a field", backend + "[local_server.mocks.o.headers]\na=1", "fastly.toml:4: local_server.mocks.o.headers.a: must be a string"},
		{"fault", backend + "[local_server.mocks.o]\nfault='explodes'", "fastly.toml:4: local_server.mocks.o.fault: \"explodes\" is none of"},
		{"fault with a body", backend + "[local_server.mocks.o]\nfault='resets'\nbody='x'", "a fault has no status"},
		{"dynamic twice", "[local_server.dynamic_mocks]\n'a.test'={}\n'A.test'={}", "has an answer already"},
		{"dynamic unknown key", "[local_server.dynamic_mocks.'*']\nnetwork=true\nstatus=200", "fastly.toml:3: local_server.dynamic_mocks.*.status: unknown key"},
		{"network of one", "[local_server.dynamic_mocks.a]\nnetwork=true", "fastly.toml:2: local_server.dynamic_mocks.a.network: unknown key"},
		{"empty", "[local_server.dynamic_mocks]", "fastly.toml:1: local_server.dynamic_mocks: is empty"},
		{"nearly", "[local_server.mock.o]\nstatus=200", "fastly.toml:1: local_server.mock: unknown key"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := LoadConfig(writeFile(t, t.TempDir(), "fastly.toml", c.text))
			require.ErrorContains(t, err, c.want)
		})
	}
}
