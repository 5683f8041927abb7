package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
)

// The matrix: every link of links.json, in every setting of clicks and
// when_esp_fails, with its ESP in every state. The results are in
// testdata/matrix, a file for each ESP.

// matrixESPs is a preset of each family.
var matrixESPs = []espLink{
	{preset: "customerio-eu", family: "customerio"}, {preset: "sendgrid", family: "sendgrid"}, {preset: "sparkpost", family: "sparkpost"},
	{preset: "ses-us-east-1", family: "ses"}, {preset: "mailgun", family: "mailgun"}, {preset: "iterable", family: "iterable"},
	{preset: "mandrill", family: "mandrill", sni: "mandrill.example.net"},
	{preset: "mailjet", family: "mailjet", sni: "mailjet.example.net"},
	{preset: "postmark", family: "postmark", sni: "postmark.example.net"},
}

// setting is one way to run a site.
type setting struct {
	clicks, fails string
	count         bool
}

var settings = []setting{
	{"proxy", "page", true}, {"proxy", "redirect", true},
	{"redirect", "page", true}, {"redirect", "redirect", true}, {"redirect", "page", false},
}

func (s setting) String() string {
	name := s.clicks
	if !s.count {
		name = "uncounted"
	}
	return name + "/" + s.fails
}

// host is the host of a site; quick sites give their ESP little time.
func (s setting) host(e espLink, quick bool) string {
	return fmt.Sprintf("%s.%s.%v.example.com", strings.ReplaceAll(s.String(), "/", "-"), e.preset, map[bool]string{true: "quick", false: "patient"}[quick])
}

// matrixSites has a site for each ESP and setting, with a short and a long time
// limit. http is not allowed, so that some links are readable but not followed.
func matrixSites(t *testing.T) string {
	t.Helper()
	sites := map[string]map[string]any{}
	for _, e := range matrixESPs {
		for _, s := range settings {
			for quick, timeout := range map[bool]string{true: "200ms", false: "60s"} {
				site := map[string]any{"esp": e.preset, "clicks": s.clicks, "when_esp_fails": s.fails,
					"destinations": []string{"example.com", "*.example.com"}, "esp_timeout": timeout, "home": "https://www.example.com/"}
				if e.sni != "" {
					site["origin"] = "https://" + e.sni
				}
				if !s.count {
					site["count"] = false
				}
				sites[s.host(e, quick)] = site
			}
		}
	}
	text, err := json.Marshal(map[string]any{"sites": sites})
	require.NoError(t, err)
	return string(text)
}

// cell is one request of the matrix.
type cell struct {
	fault   origins.Fault
	setting setting
	esp     espLink
	number  int // of the link among those of the ESP
	link    linkEntry
	host    string
}

func (c *cell) quick() bool { return c.fault == origins.Slow || c.fault == origins.Drip }

func (c *cell) request() hostsim.Request {
	r := hostsim.Request{Host: c.host, Target: c.link.Path}
	if c.link.Path == "/favicon.ico" {
		r.Method = "HEAD"
	}
	return r
}

var matrixFaults = []origins.Fault{origins.Up, origins.Refuse, origins.Reset, origins.Slow, origins.Drip, origins.ServerError, origins.TooMany, origins.WrongLocation}

func matrixCells(t *testing.T, fault origins.Fault) (cells []*cell) {
	for _, e := range matrixESPs {
		for _, s := range settings {
			number := 0
			for _, l := range loadLinks(t) {
				if l.ESP == e.family {
					c := &cell{fault: fault, setting: s, esp: e, number: number, link: l}
					c.host = s.host(e, c.quick())
					cells = append(cells, c)
					number++
				}
			}
		}
	}
	return cells
}

// row is the result of a cell: the response and its log line.
func (c *cell) row(resp *hostsim.Response, l logLine) string {
	row := fmt.Sprintf("%s %d-%s: %d", c.setting, c.number, c.link.Kind, resp.Status)
	for _, name := range []string{"Location", "Retry-After", "Cache-Control", "X-Robots-Tag"} {
		if value, ok := resp.Header.Get(name); ok {
			row += fmt.Sprintf(" %s=%s", strings.ToLower(name), value)
		}
	}
	row += fmt.Sprintf(" | %s %s", l.Action, l.Code)
	for _, m := range [][2]string{{"destination", l.Destination}, {"error", broken(l.OriginError)}, {"missed", l.Missed}, {"agrees", l.Agrees}, {"theirs", l.OriginDestination}} {
		if m[1] != "" {
			row += " " + m[0] + "=" + m[1]
		}
	}
	if l.OriginStatus != 0 {
		row += fmt.Sprintf(" origin=%d", l.OriginStatus)
	}
	return row
}

// broken gives one word for the two reasons that a reset may have: which one it
// gets depends on timing.
func broken(reason string) string {
	if reason == "http_incomplete_response" {
		return "connection_terminated"
	}
	return reason
}

// check compares what the module did with what core decides natively.
func (c *cell) check(t *testing.T, site *core.Site, resp *hostsim.Response, x *hostsim.Exchange, l logLine) {
	t.Helper()
	q := c.request()
	req := &core.Request{Method: max(q.Method, "GET"), Target: q.Target}
	d := core.Decide(req, site, noon)
	if l.Code != outcome.OK {
		require.Equal(t, core.Proxy, d.Action, "only what was proxied can fail for the reader")
		d = core.AfterFailure(req, site, l.Code)
	}
	require.Equal(t, d.Action.String(), l.Action)
	require.Equal(t, d.Kind.String(), l.Kind)
	if to, _ := resp.Header.Get("Location"); d.Action == core.Redirect {
		require.Equal(t, d.Location, to)
		require.Equal(t, 302, resp.Status)
	}
	sent := 0
	if d.Origin != nil {
		sent = 1
	}
	require.Len(t, x.Sent, sent, "the ESP hears of it once, or not at all")
	for _, s := range x.Sent {
		require.Equal(t, q.Target, s.Target)
	}
	disagrees := l.Agrees == "no"
	require.Equal(t, disagrees, strings.Contains(string(x.Stderr), "the ESP disagrees"), "a disagreement is loud")
	for _, part := range strings.FieldsFunc(c.link.Path, func(r rune) bool { return strings.ContainsRune("/?&=", r) }) {
		if len(part) > 12 && part != l.Destination {
			require.NotContains(t, string(x.Stderr)+clicks(x)[0], part, "no part of a path in any log")
		}
	}
}

func TestMatrix(t *testing.T) {
	r := newRig(t, matrixSites(t), func(cfg *hostsim.Config) {
		for name, b := range cfg.Backends {
			// The guest's own limit comes first; this one only ends the test.
			b.ConnectTimeout, b.FirstByteTimeout = 3*time.Second, 3*time.Second
			cfg.Backends[name] = b
		}
	})
	tables := map[string]*strings.Builder{}
	for _, e := range matrixESPs {
		tables[e.family] = &strings.Builder{}
	}
	for _, fault := range matrixFaults {
		for _, e := range matrixESPs {
			require.NoError(t, r.fleet.SetFault(r.backendOf(e), fault))
		}
		for _, text := range tables {
			fmt.Fprintf(text, "\n# %s\n", fault)
		}
		cells := matrixCells(t, fault)
		rows := r.runCells(t, cells)
		for i, c := range cells {
			tables[c.esp.family].WriteString(rows[i] + "\n")
		}
	}
	for family, text := range tables {
		compareText(t, filepath.Join("testdata", "matrix", family+".golden"), matrixHead+text.String())
	}
}

const matrixHead = "Each link of links.json by its number, in each setting of clicks/when_esp_fails, under each fault of the ESP:\n" +
	"what the reader gets | what the log line says. Written by go test -run TestMatrix -update.\n"

func (r *rig) backendOf(e espLink) string {
	return r.sites.Lookup(settings[0].host(e, false)).Origin.Backend
}

// runCells sends the requests, many at once: those to a slow ESP wait most of
// the time.
func (r *rig) runCells(t *testing.T, cells []*cell) []string {
	t.Helper()
	rows := make([]string, len(cells))
	slots := make(chan struct{}, 8)
	if cells[0].quick() {
		slots = make(chan struct{}, 128)
	}
	var wg sync.WaitGroup
	for i, c := range cells {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer func() { <-slots; wg.Done() }()
			t.Run(fmt.Sprintf("%s/%s/%s-%d", c.fault, c.setting, c.esp.family, c.number), func(t *testing.T) {
				resp, x := r.do(t, c.request())
				line := parse(t, clicks(x)[0])
				c.check(t, r.sites.Lookup(c.host), resp, x, line)
				rows[i] = c.row(resp, line)
			})
		}()
	}
	wg.Wait()
	return rows
}

func compareText(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run with -update once")
	require.Equal(t, string(want), got, path)
}
