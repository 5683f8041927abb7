package examples

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// noon is the time of the test.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const secret = "correct-horse-battery-staple-0001"

func files(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("*.json")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	return names
}

func parse(t *testing.T, name string, text []byte) *core.Sites {
	t.Helper()
	sites, err := sitesjson.Parse(name, text)
	require.NoError(t, err, name)
	return sites
}

// Every file is valid, README.md names it, and together they have each family
// of ESPs, each preset that needs more than its name, several ESPs on one host,
// retired ones, and a group of brands.
func TestExamples(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	families, presets := map[esp.Family]bool{}, map[string]bool{}
	several, retired := false, false
	for _, name := range files(t) {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Contains(t, string(readme), "["+name+"]("+name+")")
		sites := parse(t, name, text)
		for _, host := range sites.Hosts() {
			site := sites.Lookup(host)
			presets[site.ESP] = true
			if site.Origin != nil {
				families[site.Origin.Family] = true
			}
			several, retired = several || len(site.Also) > 0, retired || site.Unsubscribes != nil
		}
	}
	for _, f := range esp.Families() {
		require.True(t, families[f], "no example for the links of %s", f)
	}
	for _, o := range core.Presets() {
		if beneath, _ := core.Beneath(o.Preset); o.Address == "" || beneath == "sendgrid" && o.Preset != beneath {
			require.True(t, presets[o.Preset], "no example of %s", o.Preset)
		}
	}
	require.True(t, presets["none"])
	require.True(t, several)
	require.True(t, retired)
}

// together joins all files in one. Hosts get the file's name in front, as some
// occur in several files.
func together(t *testing.T) []byte {
	t.Helper()
	host := regexp.MustCompile(`(?m)^( *|\{"sites": \{)"([a-z0-9.-]+\.[a-z]+)": \{$`)
	var sites []string
	for _, name := range files(t) {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		before := strings.TrimSuffix(name, ".json")
		one := host.ReplaceAllString(string(text), `$1"`+before+`.$2": {`)
		one = strings.TrimSuffix(strings.TrimSpace(one), "}}")
		_, inner, ok := strings.Cut(one, `{"sites": {`)
		require.True(t, ok, name)
		sites = append(sites, inner)
	}
	return []byte(`{"sites": {` + strings.Join(sites, ",") + `}}`)
}

// Every link of every example's ESP goes through the module to the stand-in of
// the ESP, under the branded Host, and comes back as that answered; signed
// links lead where they were signed to.
func TestExamplesAreServed(t *testing.T) {
	text := together(t)
	sites := parse(t, "all.json", text)
	wasm, _, err := module.Build(t.Context(), module.Options{Sites: text})
	require.NoError(t, err)
	fleet, err := origins.Start(sites.Origins(), origins.Options{AcceptAnySignature: true, Unsubscribes: origins.UnsubscribeBackends(sites)})
	require.NoError(t, err)
	defer fleet.Close()
	host, err := hostsim.New(t.Context(), wasm, hostsim.Config{
		Backends: backends(sites, fleet), SecretStores: map[string]map[string][]byte{contract.SecretStore: secrets(sites)},
		Now: func() time.Time { return noon },
	})
	require.NoError(t, err)
	defer host.Close(context.Background())
	served := 0
	for _, name := range sites.Hosts() {
		t.Run(name, func(t *testing.T) { served += serveSite(t, host, fleet, sites.Lookup(name)) })
	}
	require.Greater(t, served, 2*sites.Len())
}

func serveSite(t *testing.T, host *hostsim.Host, fleet *origins.Fleet, site *core.Site) (served int) {
	for _, e := range site.ESPs() {
		for _, l := range fleet.Links(e) {
			if site.For(l.Target) != e {
				continue // a probe, or a form that another ESP's goes before
			}
			if e.IsRetired(noon) {
				serveRetired(t, host, fleet, e, l)
			} else {
				serveLink(t, host, fleet, e, l)
			}
			served++
		}
	}
	return served + serveOwn(t, host, site) + serveAppLinks(t, host, site)
}

// serveLink checks that a link goes to its ESP, and that the answer is that
// one's.
func serveLink(t *testing.T, host *hostsim.Host, fleet *origins.Fleet, site *core.Site, l origins.SampleLink) {
	fleet.Forget()
	resp := do(t, host, site, l.Method, l.Target, l.ContentType, l.Body)
	require.Less(t, resp.Status, 400, "%s: %s", l.Name, l.Target)
	if l.Destination != "" {
		to, _ := resp.Header.Get("Location")
		require.Equal(t, l.Destination, to)
	}
	for _, seen := range fleet.Seen() {
		require.Equal(t, site.Host, seen.Host())
		require.Equal(t, site.Origin.Backend, seen.Backend)
	}
}

// serveRetired checks that nothing goes to a retired ESP: readers land where
// the link says, or on a page, and unsubscribes reach the sender's own server
// as they came.
func serveRetired(t *testing.T, host *hostsim.Host, fleet *origins.Fleet, site *core.Site, l origins.SampleLink) {
	fleet.Forget()
	resp := do(t, host, site, l.Method, l.Target, l.ContentType, l.Body)
	seen := fleet.Seen()
	if l.Kind == esp.KindUnsubscribe {
		require.Equal(t, 200, resp.Status, l.Target)
		require.Len(t, seen, 1)
		require.Equal(t, []string{site.Unsubscribes.Backend, site.Unsubscribes.Address, l.Method, l.Target, l.Body},
			[]string{seen[0].Backend, seen[0].Host(), seen[0].Method, seen[0].Target, string(seen[0].Body)})
		return
	}
	require.Empty(t, seen, l.Target)
	to, _ := resp.Header.Get("Location")
	switch {
	case l.Kind == esp.KindOpen:
		require.Equal(t, 200, resp.Status)
	case l.Readable && site.Allows(l.Destination) == outcome.OK:
		require.Equal(t, 302, resp.Status)
		require.Equal(t, l.Destination, to)
	default:
		require.Equal(t, 410, resp.Status, l.Target)
	}
}

func do(t *testing.T, host *hostsim.Host, site *core.Site, method, target, contentType, body string) *hostsim.Response {
	t.Helper()
	req := &hostsim.Request{Method: method, Host: site.Host, Target: target, Body: strings.NewReader(body)}
	if contentType != "" {
		req.Header = wire.Header{{Name: "Content-Type", Value: contentType}, {Name: "Content-Length", Value: fmt.Sprint(len(body))}}
	}
	resp, x, err := host.Do(t.Context(), req)
	require.NoError(t, err)
	require.True(t, x.Ending.OK(), "%s", x.Stderr)
	return resp
}

func serveOwn(t *testing.T, host *hostsim.Host, site *core.Site) int {
	if len(site.Keys) == 0 {
		return 0
	}
	to := "https://" + site.Destinations[0].Host + "/a"
	for _, kid := range site.Keys {
		url, err := signed.Mint(signed.Link{Host: site.Host, KeyID: kid, Destination: to}, []byte(secret+kid))
		require.NoError(t, err)
		resp := do(t, host, site, "GET", strings.TrimPrefix(url, "https://"+site.Host), "", "")
		got, _ := resp.Header.Get("Location")
		require.Equal(t, 302, resp.Status)
		require.Equal(t, to, got)
	}
	return len(site.Keys)
}

func serveAppLinks(t *testing.T, host *hostsim.Host, site *core.Site) int {
	if site.AppLinks == nil {
		return 0
	}
	for _, path := range []string{"/.well-known/apple-app-site-association", "/.well-known/assetlinks.json"} {
		require.Equal(t, 200, do(t, host, site, "GET", path, "", "").Status)
	}
	return 2
}

func secrets(sites *core.Sites) map[string][]byte {
	list := map[string][]byte{}
	for _, host := range sites.Hosts() {
		for _, kid := range sites.Lookup(host).Keys {
			list[kid] = []byte(secret + kid)
		}
	}
	return list
}

func backends(sites *core.Sites, fleet *origins.Fleet) map[string]hostsim.Backend {
	list := map[string]hostsim.Backend{}
	for _, o := range sites.Origins() {
		list[o.Backend] = hostsim.Backend{URL: "http://" + fleet.Addr(o.Backend)}
		if o.TLS {
			list[o.Backend] = hostsim.Backend{URL: "https://" + fleet.Addr(o.Backend), SNI: o.Address, CertHost: o.Address, CA: fleet.CA()}
		}
	}
	return list
}
