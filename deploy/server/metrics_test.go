package server

import (
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// inside asks the address of metrics.
func (r *running) inside(path string) (int, string) {
	r.t.Helper()
	m := regexp.MustCompile(`metrics on (http://\S+)/metrics\n`).FindStringSubmatch(r.err.String())
	require.NotNil(r.t, m, "%s", &r.err)
	resp, err := http.Get(m[1] + path)
	require.NoError(r.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(r.t, err)
	return resp.StatusCode, string(text)
}

// Each line of the log is counted once, on an address of its own.
func TestMetrics(t *testing.T) {
	r := newRunning(t, `{"sites": {"link.example.com": {"esp": "ses-us-east-1", "clicks": "redirect", "destinations": ["shop.example.com"]}, "ask.example.com": {"esp": "ses-us-east-1"}}}`)
	o := r.options()
	o.Metrics = "127.0.0.1:0"
	fails := make(chan bool, 4)
	o.Origins = &esps{to: &order{}, answer: func(*wire.Request) (*wire.Response, error) {
		if <-fails {
			return nil, &senderror.Error{Tag: senderror.TagConnectionRefused}
		}
		return redirectTo("https://shop.example.com/a?b=1"), nil
	}}
	r.start(o)
	status, text := r.inside("/healthz")
	require.Equal(t, 200, status)
	require.Equal(t, "ok\n", text)

	fails <- false
	r.click("link.example.com", sesClick)
	require.Eventually(t, func() bool { return strings.Count(r.out.String(), "\n") == 1 }, wait30, tick) // the ESP is told after the answer
	fails <- false
	r.click("ask.example.com", sesClick)
	fails <- true
	r.click("ask.example.com", sesClick)
	r.click("reader.example.com", "/reader@example.com")
	r.write("sites.json", "{")
	r.until("what was in service before stays")
	require.Eventually(t, func() bool { // the last line may come after its answer
		_, text = r.inside("/metrics")
		return strings.Contains(text, "clickedge_answer_seconds_count 4\n") && strings.Contains(text, "\nclickedge_connections 0\n")
	}, wait30, tick)
	for _, want := range []string{
		`clickedge_requests_total{code="ok",kind="click",status="302"} 2`,
		`clickedge_requests_total{code="esp_unreachable",kind="click",status="502"} 1`,
		`clickedge_requests_total{code="wrong_host",kind="other",status="421"} 1`,
		`clickedge_origin_answers_total{esp="ses-us-east-1",result="302"} 2`,
		`clickedge_origin_answers_total{esp="ses-us-east-1",result="connection_refused"} 1`,
		`clickedge_missed_total{esp="ses-us-east-1",missed="yes"} 1`,
		`clickedge_answer_seconds_count 4`,
		`clickedge_reloads_total{result="failed"} 1`,
		`clickedge_reloads_total{result="ok"} 0`,
		`clickedge_sites 2`,
		`clickedge_log_failures_total 0`,
		`clickedge_connections_refused_total 0`,
		`clickedge_connections 0`,
	} {
		require.Contains(t, text, want+"\n")
	}
	for _, name := range []string{"clickedge_origin_connections ", "go_goroutines ", "process_resident_memory_bytes "} {
		require.Contains(t, text, "\n"+name)
	}
	require.NotRegexp(t, `reader[.@]|shop\.`, text, "nothing of a reader's")

	// What is inside is not on the public port, and the other way round.
	status, _ = r.click("reader.example.com", "/metrics")
	require.Equal(t, 421, status)
	status, _ = r.click("reader.example.com", "/healthz")
	require.Equal(t, 421, status)
	for _, path := range []string{"/", sesClick, "/debug/pprof/"} {
		status, _ = r.inside(path)
		require.Equal(t, 404, status, path)
	}
	require.NotContains(t, r.err.String(), "everybody")
	r.end()
}

// A line that the log does not take is counted as one that was not logged.
func TestUnloggedIsCounted(t *testing.T) {
	r := newRig(t, proxied)
	m := newMetrics()
	r.Observe = m.line
	r.log.bad = errors.New("disk is full")
	require.NoError(t, r.get(sesClick, &reader{}))
	require.InDelta(t, 1, testutil.ToFloat64(m.unlogged), 0)
	r.log.bad = nil
	require.NoError(t, r.get(sesClick, &reader{}))
	require.InDelta(t, 1, testutil.ToFloat64(m.unlogged), 0)
	require.InDelta(t, 2, testutil.ToFloat64(m.requests.WithLabelValues("click", "ok", "302")), 0)
}

// A server that ends says so to probes until its last request has been answered.
func TestHealthWhileStopping(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	r := newRunning(t, proxied)
	o := r.options()
	o.Metrics = "127.0.0.1:0"
	o.Origins = &esps{to: &order{}, answer: func(*wire.Request) (*wire.Response, error) {
		asked <- struct{}{}
		<-answer
		return redirectTo("https://shop.example.com/"), nil
	}}
	r.start(o)
	done := make(chan int, 1)
	go func() { status, _ := r.click("link.example.com", sesClick); done <- status }()
	<-asked
	r.stop()
	require.Eventually(t, func() bool { status, _ := r.inside("/healthz"); return status == 503 }, wait30, tick)
	close(answer)
	require.Equal(t, 302, <-done)
	r.end()
}

// An address that others can reach is said.
func TestMetricsForAll(t *testing.T) {
	r := newRunning(t, uncounted)
	o := r.options()
	o.Metrics = "0.0.0.0:0"
	r.start(o)
	require.Contains(t, r.err.String(), "everybody who can reach")
	r.end()
}
