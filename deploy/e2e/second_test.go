package e2e

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

const (
	twoOrigins = `{"sites": {"link.example.com": {"esp": "sparkpost", "second_origin": "https://v2.spgo.io", "esp_timeout": "2s",
		"when_esp_fails": "redirect", "destinations": ["shop.example.com"]}}}`
	sparkClick = "/f/a/MACxxxxxxxxxxxxxxxxxxx~~/AAAAAAAAAAAAAAAAAAA~/ti2?target=https%3A%2F%2Fshop.example.com%2F"
)

// spark is a click with headers whose order, repetitions and odd bytes must be
// kept.
func spark(method string) hostsim.Request {
	return hostsim.Request{Method: method, Host: "Link.example.com:443", Target: sparkClick, Header: wire.NewHeader(
		"User-Agent", "probe", "X-Twice", "one", "Accept", "*/*", "X-Twice", "two", "Cookie", "a=b", "X-Odd", "é\t\"", "X-Empty", "",
		"Connection", "X-Hop", "X-Hop", "gone")}
}

// grouped writes the fields as the platform lists them: in lower case, in order
// of their first appearance, repeated fields together.
func grouped(h wire.Header) (list []string) {
	seen := map[string]bool{}
	for _, f := range h {
		if name := strings.ToLower(f.Name); !seen[name] {
			seen[name] = true
			list = append(list, name+": "+strings.Join(h.Values(f.Name), " | "))
		}
	}
	if onHandler() { // the SDK has them in a map
		slices.Sort(list)
	}
	return list
}

// If the first origin was never reached, the second gets the same request.
func TestSecondOrigin(t *testing.T) {
	r := newRig(t, twoOrigins, nil)
	_, x := r.do(t, spark("GET"))
	require.Len(t, x.Sent, 1, "while the first is well, the second is left alone")
	want := x.Sent[0]
	line := parse(t, clicks(x)[0])
	require.Empty(t, line.SecondOrigin+line.Missed)

	for _, method := range []string{"GET", "HEAD"} {
		require.NoError(t, r.fleet.SetFault("sparkpost", origins.Refuse))
		resp, x := r.do(t, spark(method))
		require.Less(t, resp.Status, 500)
		require.Len(t, x.Sent, 2)
		got := x.Sent[1]
		require.Equal(t, "sparkpost-v2", got.Backend)
		require.Equal(t, method, got.Method)
		require.Equal(t, want.Target, got.Target, "byte for byte")
		require.Equal(t, grouped(want.Header), grouped(got.Header), "doubles stay in order")
		line := parse(t, clicks(x)[0])
		require.Equal(t, "answered", line.SecondOrigin)
		require.Equal(t, "connection_refused", line.OriginError)
		require.Equal(t, outcome.OK, line.Code)
		require.Empty(t, line.Missed)
		require.Equal(t, resp.Status, line.OriginStatus)
	}
}

func TestSecondOriginFailsToo(t *testing.T) {
	r := newRig(t, twoOrigins, nil)
	require.NoError(t, r.fleet.SetFault("sparkpost", origins.Refuse))
	for fault, want := range map[origins.Fault]logLine{
		origins.Refuse:      {SecondOrigin: "connection_refused", Missed: "yes", Code: outcome.ESPUnreachable},
		origins.ServerError: {SecondOrigin: "answered", Missed: "maybe", Code: outcome.ESPError, OriginStatus: 500},
	} {
		require.NoError(t, r.fleet.SetFault("sparkpost-v2", fault))
		resp, x := r.do(t, spark("GET"))
		require.Len(t, x.Sent, 2)
		require.Equal(t, 302, resp.Status, "redirected from the link")
		line := parse(t, clicks(x)[0])
		require.Equal(t, want, logLine{SecondOrigin: line.SecondOrigin, Missed: line.Missed, Code: line.Code, OriginStatus: line.OriginStatus})
	}
}

// A request that may have had an effect is not sent twice: not one that reached
// the ESP, not a POST, not one with a body.
func TestNothingIsRetriedThatMayHaveHadAnEffect(t *testing.T) {
	r := newRig(t, twoOrigins, nil)
	for _, fault := range []origins.Fault{origins.Reset, origins.ServerError, origins.TooMany, origins.Slow} {
		require.NoError(t, r.fleet.SetFault("sparkpost", fault))
		_, x := r.do(t, spark("GET"))
		require.Len(t, x.Sent, 1, fault)
		require.Equal(t, "maybe", parse(t, clicks(x)[0]).Missed)
	}
	require.NoError(t, r.fleet.SetFault("sparkpost", origins.Refuse))
	for _, req := range []hostsim.Request{
		{Method: "POST", Body: bytes.NewReader([]byte("List-Unsubscribe=One-Click")), Header: wire.NewHeader("Content-Length", "26")},
		{Method: "POST"}, {Method: "PUT"}, {Method: "DELETE"}, {Method: "OPTIONS"},
		{Method: "GET", Body: bytes.NewReader([]byte("odd")), Header: wire.NewHeader("Content-Length", "3")},
	} {
		req.Host, req.Target = "link.example.com", sparkClick
		_, x := r.do(t, req)
		require.Len(t, x.Sent, 1, req.Method)
		line := parse(t, clicks(x)[0])
		require.Empty(t, line.SecondOrigin, req.Method)
		require.Equal(t, "yes", line.Missed)
	}
}

// Nothing is sent to an origin with another's certificate or to a backend that
// the service lacks, so the second origin is asked.
func TestSecondOriginAfterTLSAndWithoutBackend(t *testing.T) {
	for name, change := range map[string]func(*hostsim.Config){
		"tls_certificate_error": func(cfg *hostsim.Config) {
			b := cfg.Backends["sparkpost"]
			b.CertHost = "elsewhere.example.net"
			cfg.Backends["sparkpost"] = b
		},
		"destination_not_found": func(cfg *hostsim.Config) { delete(cfg.Backends, "sparkpost") },
	} {
		r := newRig(t, twoOrigins, change)
		resp, x := r.do(t, spark("GET"))
		require.Less(t, resp.Status, 500)
		line := parse(t, clicks(x)[0])
		require.Equal(t, name, line.OriginError)
		require.Equal(t, "answered", line.SecondOrigin)
	}
}

// A click that was answered from the link is sent to the second origin too.
func TestSecondOriginIsTold(t *testing.T) {
	const site = `{"sites": {"link.example.com": {"esp": "ses-us-east-1", "second_origin": "r.eu-west-1.awstrack.me", "clicks": "redirect", "destinations": ["shop.example.com"]}}}`
	r := newRig(t, site, nil)
	require.NoError(t, r.fleet.SetFault("ses-us-east-1", origins.Refuse))
	resp, x := r.do(t, hostsim.Request{Host: "link.example.com", Target: sesClick})
	require.Equal(t, 302, resp.Status)
	line := parse(t, clicks(x)[0])
	require.Equal(t, "redirect", line.Action)
	require.Equal(t, "answered", line.SecondOrigin)
	require.NotEmpty(t, line.Agrees)
}

// The guest itself stops waiting for a silent ESP, whatever the backend's
// time-out; a request that no person waits for has more time.
func TestTimeLimit(t *testing.T) {
	const site = `{"sites": {"link.example.com": {"esp": "ses-us-east-1", "esp_timeout": "150ms", "home": "https://www.example.com/"}}}`
	r := newRig(t, site, nil) // the backend's own limit is 2 s
	require.NoError(t, r.fleet.SetFault("ses-us-east-1", origins.Slow))
	resp, line := r.get(t, "GET", sesClick)
	requirePage(t, resp, line, 504, outcome.ESPTimeout)
	require.Equal(t, "no_answer_in_time", line.OriginError)
	require.Equal(t, "maybe", line.Missed)
	wait, _ := resp.Header.Get("Retry-After")
	require.Equal(t, "60", wait)

	resp, line = r.get(t, "POST", "/unsubscribe")
	require.Equal(t, 504, resp.Status)
	require.Equal(t, "http_response_timeout", line.OriginError, "the backend's, not the site's")
}

// The time limit is for the answer's head: a slow body arrives whole.
func TestSlowBodyArrives(t *testing.T) {
	const site = `{"sites": {"link.example.com": {"esp": "ses-us-east-1", "esp_timeout": "1s"}}}`
	body := bytes.Repeat([]byte("slow "), 40)
	r := newRig(t, site, func(cfg *hostsim.Config) {
		cfg.Backends["ses-us-east-1"] = hostsim.Backend{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(200)
			for i := range body {
				_, _ = w.Write(body[i : i+1])
				w.(http.Flusher).Flush()
				time.Sleep(6 * time.Millisecond) // 1.2 s in all
			}
		})}
	})
	resp, line := r.get(t, "GET", "/unsubscribe")
	require.Equal(t, body, resp.Body)
	require.Equal(t, outcome.OK, line.Code)
}

// An entry of the config store may not have one of the file's link domains as
// its origin.
func TestOverrideCannotLeadBack(t *testing.T) {
	for _, entry := range []string{
		`{"esp": "custom", "origin": "https://other.example.com"}`,
		`{"esp": "sendgrid", "second_origin": "other.example.com"}`,
	} {
		const two = `{"sites": {"link.example.com": {"esp": "ses-us-east-1"}, "other.example.com": {"esp": "sendgrid"}}}`
		r := newRig(t, two, func(cfg *hostsim.Config) {
			cfg.ConfigStores = map[string]map[string]string{contract.ConfigStore: {"link.example.com": entry}}
		})
		_, line := r.get(t, "GET", "/x")
		require.Equal(t, "invalid", line.Override)
		require.Equal(t, "ses-us-east-1", line.ESP)
	}
}
