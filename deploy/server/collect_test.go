package server

import (
	"context"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/clicklog"
	"github.com/clickedge/clickedge/deploy/clickreport"
	"github.com/clickedge/clickedge/deploy/collect"
	"github.com/clickedge/clickedge/deploy/input"
)

// front answers https for a collector that listens in clear, as a proxy does,
// and loses its first answer.
type front struct {
	*httptest.Server
	to    atomic.Pointer[url.URL] // nil while it is away
	asked atomic.Int64
}

func newFront(t *testing.T) *front {
	f := &front{}
	f.Server = httptest.NewTLSServer(f)
	t.Cleanup(f.Server.Close)
	return f
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	to := f.to.Load()
	if to == nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(to) }}
	if f.asked.Add(1) == 1 {
		proxy.ModifyResponse = func(*http.Response) error { panic(http.ErrAbortHandler) }
	}
	proxy.ServeHTTP(w, r)
}

// collecting is a "clickedge collect".
type collecting struct {
	dir  string
	said said
	stop context.CancelFunc
	done chan error
}

func (c *collecting) start(t *testing.T, token string, f *front) {
	ctx, stop := context.WithCancel(t.Context())
	c.stop, c.done = stop, make(chan error, 1)
	t.Cleanup(stop)
	from := len(c.said.String())
	o := collect.Options{Dir: c.dir, Listen: "127.0.0.1:0", Token: token, Gzip: true, Err: &c.said,
		In: &input.Input{Ctx: ctx, Err: &c.said}, LookupEnv: func(string) (string, bool) { return "", false }}
	go func() { c.done <- collect.Run(ctx, o) }()
	address := regexp.MustCompile(`listening on (http://\S+)\n`)
	require.Eventually(t, func() bool { return address.MatchString(c.said.String()[from:]) }, wait30, tick, "%s", &c.said)
	to, err := url.Parse(address.FindStringSubmatch(c.said.String()[from:])[1])
	require.NoError(t, err)
	f.to.Store(to)
}

func (c *collecting) end(t *testing.T, f *front) {
	f.to.Store(nil)
	c.stop()
	require.NoError(t, <-c.done)
}

// What the server sends to "clickedge collect" is what "clickedge clicks" counts
// in its folder: through a restart of the collector and answers that are lost.
func TestCollected(t *testing.T) {
	f, r := newFront(t), newRunning(t, uncounted)
	token := r.write("token", "Bearer hunter2-0123456789abcdef\n")
	c := &collecting{dir: filepath.Join(r.dir, "log")}
	c.start(t, token, f)
	o := r.options()
	o.Log = f.URL + "/clicks"
	roots := r.write("roots.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.Certificate().Raw})))
	o.Delivery = Delivery{Spool: r.file("spool"), Token: token, Roots: roots, Gzip: true, age: tick}
	r.start(o)
	const rounds, clicks = 6, 5
	for round := range rounds {
		for range clicks {
			r.click("link.example.com", sesClick)
		}
		r.click("other.example.com", "/")
		switch round {
		case 2:
			c.end(t, f)
		case 4:
			c.start(t, token, f)
			r.hangups <- struct{}{} // and the server does not wait any longer
		}
	}
	r.end()
	want := rounds * (clicks + 1)
	require.Eventually(t, func() bool { return c.report(t).Total.Requests >= want }, wait30, 10*time.Millisecond, "%s", &r.err)
	c.end(t, f)
	report := c.report(t)
	require.Equal(t, want, report.Total.Requests)
	require.Equal(t, rounds*clicks, report.Total.Clicks)
	require.Equal(t, rounds, report.Total.Refused)
	require.Zero(t, report.Passed)
	require.Positive(t, report.Repeats, "an answer was lost, and its lines came again")
	require.NotContains(t, c.said.String()+r.err.String(), "hunter2")
}

// report is what "clickedge clicks" says of the folder.
func (c *collecting) report(t *testing.T) *clickreport.Report {
	t.Helper()
	var clicks clickreport.Clicks
	require.NoError(t, clicklog.Read(&input.Input{Ctx: t.Context(), Err: &c.said}, []string{filepath.Join(c.dir, "clicks")}, &clicks.Reader, clicks.Line))
	return clicks.Report()
}
