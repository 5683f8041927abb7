package core_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/internal/linkstest"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/sitesjson"
)

// retiredSites have one retired ESP each, of every family, beside no ESP of
// their own: whatever they proxy goes to the origin of the unsubscribes.
func retiredSites(t testing.TB) *core.Sites {
	var list []string
	for family, fields := range entries {
		list = append(list, `"`+family+`.example.com": {"esp": "none", "also": [{`+fields+`, "clicks": "redirect", "when_esp_fails": "redirect", "retired": "2026-03-01"}],
			"destinations": ["example.com", "*.example.com"], "unsubscribes": "https://preferences.example.com"}`)
	}
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {`+strings.Join(list, ",\n")+`}}`))
	require.NoError(t, err)
	require.Equal(t, len(entries), sites.Len())
	return sites
}

// FuzzRetired: whatever comes, a retired ESP is asked for nothing, not even
// when the origin of the unsubscribes fails, and only unsubscribes go there. A
// redirect leads to a listed host.
func FuzzRetired(f *testing.F) {
	methods := []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", ""}
	for i, l := range linkstest.Load(f, "testdata/links.json") {
		f.Add(l.Path, methods[i%len(methods)])
		f.Add(strings.ReplaceAll(l.Path, "%", "%25"), "GET")
		f.Add("/"+l.Path, "POST")
	}
	sites := retiredSites(f)
	since := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, target, method string) {
		req := &core.Request{Method: method, Target: target}
		for _, host := range sites.Hosts() {
			main := sites.Lookup(host)
			site := main.For(target)
			for _, now := range []time.Time{since, since.Add(1000 * time.Hour)} {
				d := core.Decide(req, main, now)
				if d.Origin != nil {
					require.Equal(t, []any{core.Proxy, main.Unsubscribes, esp.KindUnsubscribe}, []any{d.Action, d.Origin, d.Kind})
					require.Nil(t, site.SecondFor(d.Origin, req))
					for _, code := range []outcome.Code{outcome.ESPUnreachable, outcome.ESPTimeout} {
						failed := d
						failed.AfterAttempt(req, site, &core.Attempt{Code: code, Unreached: true})
						require.Equal(t, core.Refuse, failed.Action)
					}
				}
				if d.Action == core.Redirect {
					require.Equal(t, outcome.OK, site.Allows(d.Location), d.Location)
					require.Contains(t, []string{"GET", "HEAD"}, method)
				}
			}
			// One second before, the ESP has its links.
			if site != main && method == "GET" && core.Decide(req, main, since).Code == outcome.Retired {
				require.Equal(t, site.Origin, core.Decide(req, main, since.Add(-time.Second)).Origin)
			}
		}
	})
}
