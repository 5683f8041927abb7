package docs

import (
	"bytes"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/cli"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/deploy/publish"
	"github.com/clickedge/clickedge/hostsim"
	"mvdan.cc/sh/v3/syntax"
)

// recalled is the world of the guide: a service with the module of its
// sites.json, whose config store is the one that the commands write to.
type recalled struct {
	t     *testing.T
	api   *fastlytest.API
	url   string
	store map[string]string
	host  *hostsim.Host
	said  string
	lines []string // of the click log
}

const recallHost = "link.example.com"

// landing is where the link to a destination leads now: a Location, or "gone".
func (r *recalled) landing(destination string) string {
	r.t.Helper()
	clear(r.store)
	if entry, ok := r.api.Item(recallHost); ok {
		r.store[recallHost] = entry
	}
	target := "/CL0/" + strings.NewReplacer("/", "%2F", "?", "%3F").Replace(destination) +
		"/1/010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"
	resp, x, err := r.host.Do(r.t.Context(), &hostsim.Request{Method: "GET", Host: recallHost, Target: target})
	require.NoError(r.t, err)
	for _, line := range x.Logs {
		r.lines = append(r.lines, strings.TrimSpace(line.Line))
	}
	if resp.Status == 410 {
		return "gone"
	}
	require.Equal(r.t, 302, resp.Status)
	location, _ := resp.Header.Get("Location")
	return location
}

func (r *recalled) start(sites string) {
	parsed, err := sitesjson.Parse("sites.json", []byte(sites))
	require.NoError(r.t, err)
	fleet, err := origins.Start(parsed.Origins(), origins.Options{})
	require.NoError(r.t, err)
	r.t.Cleanup(func() { fleet.Close() })
	wasm, _, err := module.Build(r.t.Context(), module.Options{Sites: []byte(sites)})
	require.NoError(r.t, err)
	cfg := hostsim.Config{Backends: map[string]hostsim.Backend{}, ConfigStores: map[string]map[string]string{contract.ConfigStore: r.store}}
	var names []string
	for _, o := range parsed.Origins() {
		names = append(names, o.Backend)
		cfg.Backends[o.Backend] = hostsim.Backend{URL: "https://" + fleet.Addr(o.Backend), SNI: o.Address, CertHost: o.Address, CA: fleet.CA()}
	}
	r.api.AddService("clickedge", publish.Comment([]byte(sites)), names...)
	r.host, err = hostsim.New(r.t.Context(), wasm, cfg)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { r.host.Close(r.t.Context()) })
}

// run runs the commands of a block at once.
func (r *recalled) run(s step) {
	file, err := syntax.NewParser().Parse(strings.NewReader(s.text), "sh")
	require.NoError(r.t, err)
	for _, stmt := range file.Stmts {
		call, mayFail := stmt.Cmd, false
		if either, ok := call.(*syntax.BinaryCmd); ok {
			call, mayFail = either.X.Cmd, true
		}
		var words []string
		for _, w := range call.(*syntax.CallExpr).Args {
			word, err := unquoted(w)
			require.NoError(r.t, err)
			words = append(words, word)
		}
		require.Equal(r.t, "clickedge", words[0])
		var out, errs bytes.Buffer
		vars := map[string]string{"FASTLY_API_TOKEN": token, "FASTLY_API_ENDPOINT": r.url}
		env := &cli.Env{In: strings.NewReader(""), Out: &out, Err: &errs, Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, len(r.lines), 0, time.UTC) },
			LookupEnv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }}
		if code := env.Run(r.t.Context(), words[1:]); !mayFail {
			require.Equal(r.t, failure.ExitOK, code, "%s: %v\n%s", s, words, errs.String())
		}
		r.said = out.String()
	}
}

// unquoted is a word of a command without its quotes.
func unquoted(w *syntax.Word) (string, error) {
	var b strings.Builder
	for _, part := range w.Parts {
		if quoted, ok := part.(*syntax.SglQuoted); ok {
			b.WriteString(quoted.Value)
			continue
		}
		if err := syntax.NewPrinter().Print(&b, part); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// The guide is followed as it is written, and after each block its links are
// clicked: the wrong ones lead where the guide says by then.
func TestRecall(t *testing.T) {
	r := &recalled{t: t, api: fastlytest.New(token), store: map[string]string{}}
	srv := httptest.NewServer(r.api)
	t.Cleanup(srv.Close)
	r.url = srv.URL
	steps := readGuide(t, "recall.md")
	require.Equal(t, "sites.json", steps[0].file)
	r.start(steps[0].text)
	t.Chdir(t.TempDir())
	const a, vip, other = "https://shop.example.com/a?b=1", "https://shop.example.com/vip", "https://shop.example.com/other"
	land := map[string]string{a: a, vip: vip, other: other}
	follows := map[string]func(){
		"recall add link.example.com --from 'https://shop.example.com/a*'": func() { land[a] = "https://shop.example.com/sale" },
		"--gone": func() { land[vip] = "gone" },
		"recall undo link.example.com https://shop.example.com/vip": func() { land[vip], land[a] = vip, a },
	}
	for _, s := range steps {
		switch s.kind {
		case "json":
			require.NoError(t, os.WriteFile(s.file, []byte(s.text), 0o600))
		case "text":
			require.Equal(t, s.text, r.said, s)
		case "sh":
			require.NoError(t, os.WriteFile(logFile, []byte(strings.Join(r.lines, "\n")+"\n"), 0o600))
			r.run(s)
			for part, do := range follows {
				if strings.Contains(s.text, part) {
					do()
					delete(follows, part)
				}
			}
		}
		for from, to := range land {
			require.Equal(t, to, r.landing(from), "%s: %s", s, from)
		}
	}
	require.Empty(t, follows, "the guide does not do that any more")
	_, left := r.api.Item(recallHost)
	require.False(t, left, "the guide leaves an override behind")
	codes := strings.Join(r.lines, "\n")
	require.Contains(t, codes, `"action":"redirect","code":"recalled"`)
	require.Contains(t, codes, `"action":"refuse","code":"recalled","status":410`)
	require.NotContains(t, codes, `"agrees":"no"`)
}
