package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// An entry of the config store that names other ESPs is used if the service has
// a backend for whatever it may ask, and is ignored otherwise, with the name of
// the one that is missing. A retired ESP needs none, unless it has a date: it
// may lie ahead.
func TestOverrideWithSeveralESPs(t *testing.T) {
	onHost(t, "it has no backends that could be missing")
	const missing = "is ignored: the service has no backend "
	store := map[string]map[string]string{contract.ConfigStore: {}}
	r := newRig(t, `{"sites": {"link.example.com": {"esp": "ses-us-east-1"}, "other.example.com": {"esp": "mailgun"}}}`, func(cfg *hostsim.Config) { cfg.ConfigStores = store })
	for entry, lacks := range map[string]string{
		`{"esp": "ses-us-east-1", "also": [{"esp": "mailgun"}]}`:                                                                      "",
		`{"esp": "ses-us-east-1", "also": [{"esp": "mailgun"}, {"esp": "sendgrid"}]}`:                                                 "sendgrid",
		`{"esp": "ses-us-east-1", "also": [{"esp": "mailgun", "second_origin": "https://two.example.net"}]}`:                          "custom-two.example.net",
		`{"esp": "ses-us-east-1", "also": [{"esp": "sendgrid", "retired": true}]}`:                                                    "",
		`{"esp": "ses-us-east-1", "also": [{"esp": "sendgrid", "retired": "2026-02-01"}]}`:                                            "sendgrid",
		`{"esp": "ses-us-east-1", "also": [{"esp": "sendgrid", "retired": "2026-04-01"}]}`:                                            "sendgrid",
		`{"esp": "ses-us-east-1", "also": [{"esp": "sendgrid", "retired": true}], "unsubscribes": "https://preferences.example.com"}`: "custom-preferences.example.com",
		`{"esp": "none", "also": [{"esp": "sendgrid"}]}`:                                                                              "sendgrid",
		`{"esp": "none", "also": [{"esp": "mailgun"}], "keys": ["k1"], "destinations": ["example.com"]}`:                              "",
	} {
		store[contract.ConfigStore]["link.example.com"] = entry
		resp, x := r.do(t, hostsim.Request{Host: "link.example.com", Target: "/c/eJwDAAAAAAE"})
		line := parse(t, clicks(x)[0])
		require.Len(t, x.Sent, 1, entry)
		if lacks == "" {
			require.Equal(t, "used", line.Override, "%s: %s", entry, x.Stderr)
			require.NotContains(t, string(x.Stderr), "ignored")
			continue
		}
		require.Equal(t, "invalid", line.Override, entry)
		require.Contains(t, string(x.Stderr), missing+lacks+";", entry)
		require.Equal(t, "ses-us-east-1", x.Sent[0].Backend, "as sites.json has it")
		require.Equal(t, 404, resp.Status)
	}
}

// answered is what a link got, as far as its reader sees it.
type answered struct {
	status   int
	location string
	backend  string
}

// Nine ESPs are on one host, and one after the other goes down. Links of the
// others are answered as before, by the ESPs that own them; those of the one
// that is down lead where they say, or to a page with the way home.
func TestOneOfSeveralESPsIsDown(t *testing.T) {
	var families, entries []string
	for f := range pairFields {
		families = append(families, f)
	}
	slices.Sort(families)
	for _, f := range families {
		entries = append(entries, "{"+pairFields[f][0]+"}")
	}
	own := strings.Trim(entries[0], "{}")
	r := newRig(t, `{"sites": {"link.example.com": {`+own+`, "also": [`+strings.Join(entries[1:], ", ")+`],
		"when_esp_fails": "redirect", "destinations": ["example.com", "*.example.com"], "allow_http": true, "home": "https://www.example.com/"}}}`, nil)
	site := r.sites.Lookup("link.example.com")
	require.Len(t, site.Also, core.MaxAlso)
	links := loadLinks(t)
	ask := func(l linkEntry) (answered, logLine, string) {
		resp, x := r.do(t, hostsim.Request{Method: "GET", Target: l.Path, Header: []wire.Field{{Name: "Host", Value: "link.example.com"}}})
		require.Len(t, x.Sent, 1, l.Path)
		to, _ := resp.Header.Get("Location")
		return answered{resp.Status, to, x.Sent[0].Backend}, parse(t, clicks(x)[0]), string(resp.Body)
	}
	well := map[string]answered{}
	for _, l := range links {
		if l.Kind != esp.KindHealth.String() {
			well[l.Path], _, _ = ask(l)
		}
	}
	faults := []origins.Fault{origins.Refuse, origins.Reset, origins.ServerError, origins.TooMany}
	landed, pages, unaffected := 0, 0, 0
	for i, down := range families {
		backend := pairFields[down][1]
		require.NoError(t, r.fleet.SetFault(backend, faults[i%len(faults)]))
		for _, l := range links {
			before, known := well[l.Path]
			if !known {
				continue
			}
			what := fmt.Sprintf("%s is down (%v): %s", down, faults[i%len(faults)], l.Path)
			got, line, body := ask(l)
			if before.backend != backend {
				require.Equal(t, before, got, what)
				require.Empty(t, line.Missed, what)
				unaffected++
				continue
			}
			require.Equal(t, backend, got.backend, what)
			require.NotEmpty(t, line.Missed, what)
			to, _ := site.For(l.Path).Origin.Family.Destination(l.Path)
			if l.Kind == esp.KindClick.String() && site.Allows(to) == outcome.OK {
				spaced := strings.NewReplacer("%20", " ")
				require.Equal(t, []any{302, spaced.Replace(to)}, []any{got.status, spaced.Replace(got.location)}, what)
				landed++
			} else if l.Kind == esp.KindClick.String() {
				require.GreaterOrEqual(t, got.status, 429, what)
				require.Contains(t, body, `href="https://www.example.com/"`, what)
				pages++
			}
		}
		require.NoError(t, r.fleet.SetFault(backend, origins.Up))
	}
	t.Logf("%d links that were unaffected, %d that landed although their ESP was down, %d pages", unaffected, landed, pages)
	for _, n := range []int{landed, pages, unaffected} {
		require.NotZero(t, n)
	}
}
