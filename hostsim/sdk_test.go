package hostsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// A service written with Fastly's SDK, unchanged.
func TestSDKGuest(t *testing.T) {
	h := newHost(t, "sdk", Config{
		ConfigStores: map[string]map[string]string{"settings": {"greeting": "good day"}},
		SecretStores: map[string]map[string][]byte{"keys": {"k1": []byte("hush")}},
		Backends: map[string]Backend{"origin": {Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Origin", "yes")
			w.WriteHeader(404)
			fmt.Fprint(w, r.Method, " ", r.RequestURI, " ", r.Host)
		})}},
	})
	resp, x := do(t, h, &Request{Method: "POST", Target: "/hello?a=1", Host: "edge.example.com"})
	require.Equal(t, "hello from POST http://edge.example.com/hello?a=1", string(resp.Body), "%s", x.Stderr)
	coding, _ := resp.Header.Get("Transfer-Encoding")
	require.Equal(t, "chunked", coding, "the SDK always streams")

	resp, _ = do(t, h, &Request{Target: "/redirect"})
	require.Equal(t, 302, resp.Status)
	length, _ := resp.Header.Get("Content-Length")
	require.Equal(t, "0", length, "manual framing")
	require.False(t, resp.Header.Has("Transfer-Encoding"))

	resp, x = do(t, h, &Request{Target: "/elsewhere", Header: wire.NewHeader("A", "b")})
	require.Equal(t, 404, resp.Status)
	require.Equal(t, "GET /elsewhere example.com", string(resp.Body))
	origin, _ := resp.Header.Get("x-origin")
	require.Equal(t, "yes", origin)
	require.Equal(t, 404, x.Sent[0].Status)

	resp, x = do(t, h, &Request{Target: "/stores"})
	lines := strings.Split(string(resp.Body), "\n")
	require.Equal(t, "good day <nil>", lines[0])
	require.Contains(t, lines[1], "key not found")
	require.Contains(t, lines[2], "store not found")
	require.Equal(t, "hush <nil>", lines[3])
	require.Equal(t, "0", lines[4])
	require.Equal(t, []LogLine{{"access", `{"a":1}`}}, x.Logs)

	resp, x = do(t, h, &Request{Target: "/panic"})
	require.Equal(t, 500, resp.Status)
	require.Equal(t, Ending{Kind: Exited, Code: 2, Message: x.Ending.Message}, x.Ending)
	require.Contains(t, string(x.Stderr), "on purpose")

	resp, x = do(t, h, &Request{Target: "/%zz"})
	require.Equal(t, 500, resp.Status, "the SDK cannot parse that, and the host does not hide it")
	require.Contains(t, string(x.Stderr), "%zz")
}

// Under https the SDK asks six questions about TLS before its handler runs, and
// panics when one is not answered.
func TestSDKGuestUnderHTTPS(t *testing.T) {
	h := newHost(t, "sdk", Config{Scheme: "https"})
	resp, x := do(t, h, &Request{Target: "/hello", Host: "edge.example.com:8443"})
	require.Equal(t, "hello from GET https://edge.example.com:8443/hello", string(resp.Body), "%s", x.Stderr)
	resp, _ = do(t, h, &Request{Target: "/tls"})
	require.Equal(t, "TLSv1.3 TLS_AES_128_GCM_SHA256", string(resp.Body))
	h = newHost(t, "sdk", Config{Scheme: "https", TLS: ClientTLS{Protocol: "TLSv1.2", Cipher: "ECDHE-RSA-AES128-GCM-SHA256"}})
	resp, _ = do(t, h, &Request{Target: "/tls"})
	require.Equal(t, "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256", string(resp.Body))
}

// What a guest learns of the reader: by default no fingerprint of HTTP/2, and of
// a loopback address Fastly's own network.
func TestReader(t *testing.T) {
	request := Request{Target: "/reader", ClientIP: netip.MustParseAddr("2001:db8::7")}
	h := newHost(t, "sdk", Config{})
	resp, x := do(t, h, &Request{Target: "/reader"})
	require.Equal(t, " 54113 ?", string(resp.Body), "%s", x.Stderr)
	h = newHost(t, "sdk", Config{H2Fingerprint: "1:65536|0|0|m,a,s,p", Geo: map[netip.Addr]json.RawMessage{request.ClientIP: []byte(`{"as_number":64496,"proxy_type":"hosting"}`)}})
	resp, _ = do(t, h, &request)
	require.Equal(t, "1:65536|0|0|m,a,s,p 64496 hosting", string(resp.Body))
	h = newHost(t, "sdk", Config{GeoLookup: func(ip netip.Addr) ([]byte, Status) {
		if ip == request.ClientIP {
			return []byte("{"), StatusOK
		}
		return nil, StatusError
	}})
	resp, _ = do(t, h, &request)
	require.Equal(t, " unexpected end of JSON input", string(resp.Body), "no JSON at all")
	resp, _ = do(t, h, &Request{Target: "/reader"})
	require.Contains(t, string(resp.Body), "unexpected error", "the call fails")
}

func TestReactor(t *testing.T) {
	files := fstest.MapFS{"greeting.txt": {Data: []byte("from a file")}}
	h := newHost(t, "reactor", Config{Entry: "serve", FS: files})
	for range 2 {
		resp, x := do(t, h, &Request{})
		require.Equal(t, "from a file", string(resp.Body), "%s", x.Stderr)
	}
	h = newHost(t, "reactor", Config{Entry: "serve"})
	resp, _ := do(t, h, &Request{})
	require.Equal(t, "no file", string(resp.Body))
}

// The guest gets lower-case names once each, and the original ones through the
// call for that.
func TestHeaderNames(t *testing.T) {
	h := newHost(t, "raw", Config{})
	resp, _ := do(t, h, &Request{Target: "/names", Header: wire.NewHeader("hOST", "a", "X-Long-Name-1", "", "x-b", "", "X-B", "")})
	require.Equal(t, "host,x-long-name-1,x-b,|hOST,X-Long-Name-1,x-b,X-B,", string(resp.Body))
}
