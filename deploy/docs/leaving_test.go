package docs

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/cli"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/deploy/pack"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

const (
	leavingHost = "link.example.com"
	// Where the old ESP's links lead. To wide, much is clicked; rare is clicked
	// once before the day, so that only one message has said where it leads.
	wide    = "https://www.example.com/sale?utm_source=mail"
	partner = "https://partner.example.net/offer"
	rare    = "https://www.example.com/seldom"
)

// leaving is the guide's world: the service with the package that was last
// published, the two ESPs, and the origin that takes unsubscribes.
type leaving struct {
	t     *testing.T
	api   *fastlytest.API
	url   string
	now   time.Time
	cache string
	fleet *origins.Fleet
	prefs string // its address
	taken atomic.Int64
	// account makes the old ESP's links, and samples are the new one's.
	account *origins.SendGridAccount
	samples []origins.SampleLink
	host    *hostsim.Host
	store   map[string]hostsim.KVEntry
	said    string
	version int
	// closed: the old ESP answers nobody any more.
	closed bool
}

// The guide is followed as it is written. At every step each link gets what the
// guide says: no click of either ESP is lost but one of which nothing is known,
// and the old ESP gets no request from the day on.
func TestLeavingAnESP(t *testing.T) {
	l := newLeaving(t)
	days := map[string]func(){
		"2026-06-01": func() { l.readers(time.Date(2026, 4, 1, 10, 0, 0, 0, time.UTC)) },
		"2026-06-15": func() { l.readers(time.Date(2026, 6, 2, 10, 0, 0, 0, time.UTC)) },
		"2026-07-15": func() {
			l.at(time.Date(2026, 7, 14, 23, 59, 59, 0, time.UTC), func() { l.open(false) })
			require.NoError(t, l.fleet.SetFault("sendgrid", origins.Refuse))
			l.closed = true
			l.at(time.Date(2026, 7, 15, 0, 0, 0, 0, time.UTC), func() { l.open(true) })
		},
	}
	for _, s := range readGuide(t, "guide.md") {
		l.now = s.at
		if before := days[s.at.Format(time.DateOnly)]; before != nil {
			before()
			delete(days, s.at.Format(time.DateOnly))
		}
		l.step(s)
		if l.host != nil {
			l.open(l.closed)
		}
	}
	require.Empty(t, days)
	require.True(t, l.closed)
	log, err := os.ReadFile(filepath.Join("logs", "clicks.ndjson"))
	require.NoError(t, err)
	require.Contains(t, string(log), `"reading":"learned"`)
	require.Contains(t, string(log), `"code":"retired"`)
	require.Empty(t, l.api.Off())
}

func newLeaving(t *testing.T) *leaving {
	l := &leaving{t: t, api: fastlytest.New(token), account: &origins.SendGridAccount{Secret: t.Name()}, cache: t.TempDir(), store: map[string]hostsim.KVEntry{}}
	srv := httptest.NewServer(l.api)
	t.Cleanup(srv.Close)
	l.url = srv.URL
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"`+leavingHost+`": {"esp": "customerio-eu", "also": [{"esp": "sendgrid"}]}}}`))
	require.NoError(t, err)
	l.fleet, err = origins.Start(sites.Origins(), origins.Options{SendGrid: l.account})
	require.NoError(t, err)
	t.Cleanup(func() { l.fleet.Close() })
	for _, s := range l.fleet.Links(sites.Lookup(leavingHost)) {
		if strings.HasPrefix(s.Target, "/e/") && s.Destination != "" || s.Kind == esp.KindUnsubscribe && strings.HasPrefix(s.Target, "/unsubscribe/") {
			l.samples = append(l.samples, s)
		}
	}
	require.Greater(t, len(l.samples), 1)
	l.servePreferences()
	wasm, _, err := module.Build(t.Context(), module.Options{Sites: []byte(`{"sites": {"other.example.com": {"esp": "sendgrid"}}}`)})
	require.NoError(t, err)
	guide, err := os.ReadFile("leaving-an-esp.md")
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir("logs", 0o755))
	for name, data := range map[string][]byte{"guide.md": guide, "main.wasm": wasm} {
		require.NoError(t, os.WriteFile(name, data, 0o600))
	}
	t.Cleanup(func() {
		if l.host != nil {
			l.host.Close(context.Background())
		}
	})
	return l
}

// servePreferences is the sender's own server for unsubscribes.
func (l *leaving) servePreferences() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(l.t, err)
	srv := &wire.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		if string(body) == "List-Unsubscribe=One-Click" && q.Host == "preferences.example.com" && q.Header.Get("X-Forwarded-Host") == leavingHost {
			l.taken.Add(1)
		}
	})}
	go srv.Serve(ln)
	l.t.Cleanup(func() { srv.Close() })
	l.prefs = ln.Addr().String()
}

func (l *leaving) at(now time.Time, do func()) {
	before := l.now
	l.now = now
	do()
	l.now = before
}

// step does a block.
func (l *leaving) step(s step) {
	switch {
	case s.kind == "json" && s.file == "sites.json now":
		text, err := os.ReadFile("sites.json")
		require.NoError(l.t, err)
		require.Equal(l.t, s.text, string(text), s)
	case s.kind == "json":
		require.NoError(l.t, os.WriteFile(s.file, []byte(s.text), 0o600))
	case s.kind == "text":
		require.Equal(l.t, s.text, l.said, s)
	case s.kind == "sh":
		for line := range strings.Lines(s.text) {
			l.run(s, strings.Fields(line))
		}
	}
}

func (l *leaving) run(s step, words []string) {
	require.Equal(l.t, "clickedge", words[0], s)
	var out, errs bytes.Buffer
	vars := map[string]string{"FASTLY_API_TOKEN": token, "FASTLY_API_ENDPOINT": l.url}
	env := &cli.Env{In: strings.NewReader(""), Out: &out, Err: &errs, Now: func() time.Time { return l.now },
		LookupEnv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }, SigningKey: l.api.SigningKey()}
	require.Equal(l.t, failure.ExitOK, env.Run(l.t.Context(), words[1:]), "%s: %v\n%s", s, words, errs.String())
	l.said = out.String()
	if words[1] == "publish" {
		l.deployed()
	}
}

// deployed puts the module that was published onto the simulator, with the
// backends of its sites and what the KV store had.
func (l *leaving) deployed() {
	files, err := pack.ReadArchive(bytes.NewReader(l.api.Package(leavingHost)))
	require.NoError(l.t, err)
	text, err := os.ReadFile("sites.json")
	require.NoError(l.t, err)
	sites, err := sitesjson.Parse("sites.json", text)
	require.NoError(l.t, err)
	if l.host != nil {
		l.keep()
		require.NoError(l.t, l.host.Close(l.t.Context()))
	}
	cfg := hostsim.Config{Backends: map[string]hostsim.Backend{}, Now: func() time.Time { return l.now }, CacheDir: l.cache,
		KVStores: map[string]map[string]hostsim.KVEntry{contract.LinkStore: l.store}}
	for _, o := range sites.Origins() {
		b := hostsim.Backend{URL: "https://" + l.fleet.Addr(o.Backend), SNI: o.Address, CertHost: o.Address, CA: l.fleet.CA()}
		if o.Address == "preferences.example.com" {
			b = hostsim.Backend{URL: "http://" + l.prefs}
		}
		cfg.Backends[o.Backend] = b
	}
	l.host, err = hostsim.New(l.t.Context(), files[0].Data, cfg)
	require.NoError(l.t, err)
	l.version++
}

// keep takes over what the KV store has of the guide's links.
func (l *leaving) keep() {
	for _, destination := range []string{wide, partner, rare} {
		link, ok := learned.Read(leavingHost, esp.FamilySendGrid, l.account.Message().Short(destination))
		require.True(l.t, ok)
		if e, ok := l.host.KV(contract.LinkStore, link.Name.String()); ok {
			l.store[link.Name.String()] = e
		}
	}
}

// ask sends a request and appends its line to the log, with an id that no other
// line has.
func (l *leaving) ask(method, target string) (status int, location string) {
	l.t.Helper()
	req := &hostsim.Request{Method: method, Host: leavingHost, Target: target}
	if method == "POST" {
		req.Body = strings.NewReader("List-Unsubscribe=One-Click")
		req.Header = wire.Header{{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}}
	}
	resp, x, err := l.host.Do(l.t.Context(), req)
	require.NoError(l.t, err)
	log, err := os.OpenFile(filepath.Join("logs", "clicks.ndjson"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(l.t, err)
	defer log.Close()
	for _, line := range x.Logs {
		_, err := fmt.Fprintln(log, strings.Replace(strings.TrimSpace(line.Line), `"request":"00000000`, fmt.Sprintf(`"request":"%08x`, l.version), 1))
		require.NoError(l.t, err)
	}
	location, _ = resp.Header.Get("Location")
	return resp.Status, location
}

// readers are some weeks of people who read the old ESP's mail.
func (l *leaving) readers(from time.Time) {
	for day := from; day.Before(l.now.Truncate(24 * time.Hour)); day = day.Add(24 * time.Hour) {
		l.at(day, func() {
			for range 3 {
				l.ask("GET", l.account.Message().Short(wide))
			}
			l.ask("GET", l.account.Message().Long(partner))
			l.ask("GET", "/wf/open?upn=u001.AAEC")
		})
	}
	l.ask("POST", "/wf/unsubscribe?upn=u001.AAEC")
}

// open opens every link, and checks what it gets.
func (l *leaving) open(left bool) {
	l.t.Helper()
	l.fleet.Forget()
	click := func(target string) (int, string) { return l.ask("GET", target) }
	status, location := click(l.account.Message().Short(wide))
	require.Equal(l.t, []any{302, wide}, []any{status, location})
	if left {
		status, location = click(l.account.Message().Long(partner))
		require.Equal(l.t, []any{302, partner}, []any{status, location})
		status, _ = click(l.account.Message().Short(rare))
		require.Equal(l.t, 410, status)
	}
	status, _ = click("/wf/open?upn=u001.AAEC")
	require.Equal(l.t, 200, status)
	before := l.taken.Load()
	status, _ = l.ask("POST", "/wf/unsubscribe?upn=u001.AAEC")
	require.Equal(l.t, 200, status)
	require.Equal(l.t, left, l.taken.Load() == before+1, "who takes an unsubscribe")
	if l.version > 1 {
		for _, s := range l.samples { // of the new ESP
			method := map[bool]string{true: "POST", false: "GET"}[s.Kind == esp.KindUnsubscribe]
			status, location := l.ask(method, s.Target)
			require.Less(l.t, status, 400, s.Target)
			require.Equal(l.t, s.Destination, location, s.Target)
		}
	}
	for _, s := range l.fleet.Seen() {
		require.False(l.t, left && s.Backend == "sendgrid", "the old ESP is asked: %s", s.Target)
	}
}
