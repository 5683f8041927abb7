package e2e

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
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
	oneSite  = `{"sites": {"link.example.com": {"esp": "ses-us-east-1", "home": "https://www.example.com/"}}}`
	backSite = `{"sites": {"link.example.com": {"esp": "ses-us-east-1", "when_esp_fails": "redirect", "destinations": ["shop.example.com"]}}}`
	sesClick = "/CL0/https:%2F%2Fshop.example.com%2Fa/1/010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"
)

// logLine is a line of the click log, parsed.
type logLine struct {
	Request, Host, ESP, Kind, Action, Destination, Override, Agrees string
	Code                                                            outcome.Code
	Status                                                          int
	Missed, Verdict, Reasons, Agent                                 string
	OriginStatus                                                    int    `json:"origin_status"`
	SecondOrigin                                                    string `json:"second_origin"`
	OriginDestination                                               string `json:"origin_destination"`
	OriginError                                                     string `json:"origin_error"`
	Reading                                                         string
}

func (r *rig) get(t *testing.T, method, target string) (*hostsim.Response, logLine) {
	t.Helper()
	resp, x := r.do(t, hostsim.Request{Method: method, Host: "link.example.com", Target: target})
	return resp, parse(t, clicks(x)[0])
}

func parse(t *testing.T, text string) logLine {
	t.Helper()
	var line logLine
	require.NoError(t, json.Unmarshal([]byte(text), &line))
	return line
}

func requirePage(t *testing.T, resp *hostsim.Response, line logLine, status int, code outcome.Code) {
	t.Helper()
	require.Equal(t, status, resp.Status)
	require.Equal(t, code, line.Code)
	require.Equal(t, status, line.Status)
	body := string(resp.Body)
	require.Contains(t, body, code.Notice().Title)
	require.Contains(t, body, line.Request, "the page shows the id that the log holds")
	require.NotContains(t, body, "shop.example.com", "no destination on a page")
	cache, _ := resp.Header.Get("cache-control")
	require.Equal(t, "no-store", cache)
	robots, _ := resp.Header.Get("x-robots-tag")
	require.Equal(t, "noindex", robots)
}

func TestLogThatRefusesHarmsNobody(t *testing.T) {
	for name, fault := range map[string]func(string, []byte) hostsim.Status{
		"at the endpoint": func(string, []byte) hostsim.Status { return hostsim.StatusInval },
		"at the write": func(_ string, line []byte) hostsim.Status {
			if line != nil {
				return hostsim.StatusError
			}
			return hostsim.StatusOK
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, oneSite, func(cfg *hostsim.Config) { cfg.LogFault = fault })
			resp, x, err := r.host.Do(context.Background(), &hostsim.Request{Host: "link.example.com", Target: sesClick})
			require.NoError(t, err)
			require.True(t, x.Ending.OK())
			require.Equal(t, 302, resp.Status)
			require.Empty(t, x.Logs)
			line := parse(t, string(x.Stderr))
			require.Equal(t, 302, line.Status, "the line is on standard error")
		})
	}
}

// Every way in which an ESP can fail, with links that can and cannot be read.
func TestESPFails(t *testing.T) {
	for _, c := range []struct {
		fault  origins.Fault
		status int
		code   outcome.Code
		origin string // origin_error, a pattern
		wait   string // Retry-After
		missed string
	}{
		{origins.Refuse, 502, outcome.ESPUnreachable, "^connection_refused$", "60", "yes"},
		{origins.Reset, 502, outcome.ESPUnreachable, "^(connection_terminated|http_incomplete_response)$", "60", "maybe"},
		{origins.Slow, 504, outcome.ESPTimeout, "^http_response_timeout$", "60", "maybe"},
		{origins.ServerError, 500, outcome.ESPError, "^$", "60", "maybe"},
		{origins.TooMany, 429, outcome.ESPError, "^$", "1", "maybe"}, // the ESP's own Retry-After
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			quick := func(cfg *hostsim.Config) {
				for name, b := range cfg.Backends {
					b.FirstByteTimeout = 300 * time.Millisecond
					cfg.Backends[name] = b
				}
			}
			page, back := newRig(t, oneSite, quick), newRig(t, backSite, quick)
			for _, r := range []*rig{page, back} {
				require.NoError(t, r.fleet.SetFault("ses-us-east-1", c.fault))
			}
			resp, line := page.get(t, "GET", sesClick)
			requirePage(t, resp, line, c.status, c.code)
			require.Regexp(t, c.origin, line.OriginError)
			wait, _ := resp.Header.Get("retry-after")
			require.Equal(t, c.wait, wait)
			require.Equal(t, c.missed, line.Missed)
			require.Contains(t, string(resp.Body), `href="https://www.example.com/"`)

			resp, line = back.get(t, "GET", sesClick)
			location, _ := resp.Header.Get("location")
			require.Equal(t, 302, resp.Status)
			require.Equal(t, "https://shop.example.com/a", location)
			require.Equal(t, c.code, line.Code)
			require.Equal(t, "redirect", line.Action)
			require.Equal(t, c.missed, line.Missed)

			resp, _ = back.get(t, "POST", sesClick)
			require.GreaterOrEqual(t, resp.Status, 429, "a POST is never redirected from its link")
			back.fleet.Forget()
		})
	}
}

// A mail client that posts an unsubscribe gets the ESP's own answer.
func TestESPErrorToAPostGoesBackAsItIs(t *testing.T) {
	r := newRig(t, oneSite, nil)
	require.NoError(t, r.fleet.SetFault("ses-us-east-1", origins.ServerError))
	resp, line := r.get(t, "POST", "/unsubscribe")
	require.Equal(t, 500, resp.Status)
	require.Equal(t, outcome.OK, line.Code)
	require.Equal(t, "proxy", line.Action)
	require.NotContains(t, string(resp.Body), "<h1>We are having trouble")
}

func TestTLSFailure(t *testing.T) {
	r := newRig(t, oneSite, func(cfg *hostsim.Config) {
		b := cfg.Backends["ses-us-east-1"]
		b.CA = x509.NewCertPool()
		cfg.Backends["ses-us-east-1"] = b
	})
	resp, line := r.get(t, "GET", sesClick)
	requirePage(t, resp, line, 502, outcome.ESPTLS)
	require.Equal(t, "tls_certificate_error", line.OriginError)
}

func TestBackendThatTheServiceLacks(t *testing.T) {
	r := newRig(t, oneSite, func(cfg *hostsim.Config) { cfg.Backends = nil })
	resp, line := r.get(t, "GET", sesClick)
	requirePage(t, resp, line, 502, outcome.ESPUnreachable)
	require.NotEmpty(t, line.OriginError)
}

func TestModuleWithoutSites(t *testing.T) {
	r := newColdRig(t, oneSite, func(cfg *hostsim.Config) { cfg.FS = nil })
	resp, line := r.get(t, "GET", "/")
	requirePage(t, resp, line, 503, outcome.NoSites)
}

func TestOverride(t *testing.T) {
	for name, c := range map[string]struct {
		entry, override, esp string
		status               int
	}{
		"another ESP":            {`{"esp": "none", "keys": ["k1"], "signed_links": "anywhere"}`, "used", "none", 404},
		"not JSON":               {`{"esp"`, "invalid", "ses-us-east-1", 302},
		"unknown ESP":            {`{"esp": "sengrid"}`, "invalid", "ses-us-east-1", 302},
		"an empty one":           {``, "invalid", "ses-us-east-1", 302},
		"a public suffix":        {`{"esp": "ses-eu-west-1", "when_esp_fails": "redirect", "destinations": ["*.github.io"]}`, "invalid", "ses-us-east-1", 302},
		"the link domain itself": {`{"esp": "ses-eu-west-1", "when_esp_fails": "redirect", "destinations": ["link.example.com"]}`, "invalid", "ses-us-east-1", 302},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, oneSite, func(cfg *hostsim.Config) {
				cfg.ConfigStores = map[string]map[string]string{contract.ConfigStore: {"link.example.com": c.entry}}
			})
			resp, line := r.get(t, "GET", sesClick)
			require.Equal(t, c.override, line.Override)
			require.Equal(t, c.esp, line.ESP)
			require.Equal(t, c.status, resp.Status)
		})
	}
}

// An ESP's answer comes back unchanged, except that a redirect is made
// uncacheable.
func TestAnswersComeBackAsTheyAre(t *testing.T) {
	var answer wire.Header
	var status int
	esp := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, f := range answer {
			w.Header().Add(f.Name, f.Value)
		}
		w.WriteHeader(status)
		fmt.Fprint(w, "<b>body</b>")
	})
	r := newRig(t, oneSite, func(cfg *hostsim.Config) {
		cfg.Backends = map[string]hostsim.Backend{"ses-us-east-1": {Handler: esp}}
	})
	for _, s := range []int{200, 204, 301, 302, 303, 304, 307, 308, 400, 404, 410} {
		for _, cache := range []string{"", "private, max-age=10"} {
			status, answer = s, wire.NewHeader("Location", "myapp://open?x=%zz y", "Set-Cookie", "a=1", "Set-Cookie", "b=2; Path=/", "X-Odd", "é")
			if cache != "" {
				answer.Set("Cache-Control", cache)
			}
			resp, line := r.get(t, "GET", sesClick)
			require.Equal(t, s, resp.Status)
			require.Equal(t, s, line.OriginStatus)
			require.Empty(t, resp.Header.Values("Set-Cookie"), "none at SES")
			require.Equal(t, []string{"myapp://open?x=%zz y"}, resp.Header.Values("Location"))
			require.Equal(t, []string{"é"}, resp.Header.Values("X-Odd"))
			want := []string(nil)
			switch {
			case cache != "":
				want = []string{cache}
			case s > 300 && s < 400 && s != 304:
				want = []string{"no-store"}
			}
			require.Equal(t, want, resp.Header.Values("Cache-Control"), "%d %q", s, cache)
		}
	}
}

// A backend that leads back to the link domain ends after one round.
func TestLoopEnds(t *testing.T) {
	var self http.Handler
	r := newRig(t, oneSite, func(cfg *hostsim.Config) {
		cfg.Backends = map[string]hostsim.Backend{"ses-us-east-1": {Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			self.ServeHTTP(w, q)
		})}}
	})
	self = r.host
	resp, line := r.get(t, "GET", "/unsubscribe")
	require.Equal(t, 508, resp.Status)
	require.Equal(t, 508, line.OriginStatus)
	require.Contains(t, string(resp.Body), "leads back to itself")
}

// Whatever a client sends, it gets an answer, and the log has one line of JSON
// without the reader's data.
func TestHostileRequests(t *testing.T) {
	r := newRig(t, oneSite, nil)
	long := strings.Repeat("x", 60_000)
	for name, req := range map[string]hostsim.Request{
		"host of script":      {Host: `'onload=alert(1)'`}, // markup and bytes beyond ASCII never get this far
		"host of escapes":     {Host: "%FF%FE%00%3Cscript%3E"},
		"no host":             {Header: wire.NewHeader("Host", "")},
		"long target":         {Host: "link.example.com", Target: "/" + long},
		"long headers":        {Host: "link.example.com", Header: wire.NewHeader("X-Long", long, "X-Forwarded-For", long, "CDN-Loop", long, "Connection", long)},
		"odd method":          {Host: "link.example.com", Method: "FOO-BAR"},
		"many headers":        {Host: "link.example.com", Header: many(500)},
		"connection names us": {Host: "link.example.com", Header: wire.NewHeader("Connection", "host, x-forwarded-for, cdn-loop, location, close")},
		"loops of others":     {Host: "link.example.com", Header: wire.NewHeader("CDN-Loop", `a, b; c=d, clickedge; host="other.example.com"`)},
	} {
		t.Run(name, func(t *testing.T) {
			resp, x := r.do(t, req)
			require.NotZero(t, resp.Status)
			require.NotContains(t, string(resp.Body), "<script>")
			line := clicks(x)[0]
			require.True(t, json.Valid([]byte(line)), line)
			require.Less(t, len(line), 2000)
			require.NotContains(t, line, "xxx")
			for _, sent := range x.Sent {
				require.Equal(t, []string{"link.example.com"}, sent.Header.Values("Host"))
				require.Len(t, sent.Header.Values("X-Forwarded-For"), 1)
				require.Len(t, sent.Header.Values("CDN-Loop"), 1)
			}
		})
	}
}

func many(n int) wire.Header {
	var h wire.Header
	for i := range n {
		h.Add(fmt.Sprintf("X-Header-%d", i), "value")
	}
	return h
}

// Concurrent requests, each in its own sandbox, get their own answers.
func TestManyAtOnce(t *testing.T) {
	r := newRig(t, tableSites(t), nil)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 50 {
				e := table[(w+i)%len(table)]
				target := fmt.Sprintf("/nothing/%d/%d", w, i)
				_, x, err := r.host.Do(context.Background(), &hostsim.Request{Host: e.host(), Target: target})
				if err != nil || len(x.Sent) != 1 || x.Sent[0].Target != target || len(clicks(x)) != 1 {
					t.Errorf("%s %s: %v, %+v", e.host(), target, err, x)
					return
				}
				if !regexp.MustCompile(`"host":"` + regexp.QuoteMeta(e.host()) + `"`).MatchString(clicks(x)[0]) {
					t.Errorf("%s: %s", e.host(), clicks(x)[0])
				}
			}
		}()
	}
	wg.Wait()
}
