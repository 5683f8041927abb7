package e2e

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
)

// networkCalls are what only sites with "verdict": "network" ask, in the module.
var networkCalls = []string{"http_req.downstream_client_ip_addr", "geo.lookup", "http_req.downstream_tls_ja4", "http_req.downstream_client_h2_fingerprint"}

// The reader is answered first, whoever answers; then the platform is asked, then
// the line is written. Sites without the field, and requests that are neither
// clicks nor opens, ask nothing.
func TestNetworkIsAskedAfterTheAnswer(t *testing.T) {
	onHost(t, "it has no platform to ask")
	site := func(more string) string {
		return `{"sites": {"link.example.com": {"esp": "ses-us-east-1", "destinations": ["*.example.com"]` + more + `}}}`
	}
	lookups := 0
	platform := func(cfg *hostsim.Config) {
		cfg.Scheme, cfg.H2Fingerprint = "https", "1:65536|0|0|m,a,s,p"
		cfg.GeoLookup = func(netip.Addr) ([]byte, hostsim.Status) {
			lookups++
			return []byte(`{"as_number":64496,"proxy_type":"hosting"}`), hostsim.StatusOK
		}
	}
	for name, c := range map[string]struct {
		site, target string
		fault        origins.Fault
		asked        bool
	}{
		"proxied":              {site(`, "verdict": "network"`), sesClick, origins.Up, true},
		"answered":             {site(`, "verdict": "network", "clicks": "redirect", "count": false`), sesClick, origins.Up, true},
		"answered and told":    {site(`, "verdict": "network", "clicks": "redirect"`), sesClick, origins.Up, true},
		"the ESP fails":        {site(`, "verdict": "network"`), sesClick, origins.Refuse, true},
		"no click":             {site(`, "verdict": "network"`), "/unsubscribe/x", origins.Up, false},
		"without the field":    {site(``), sesClick, origins.Up, false},
		"the field by default": {site(`, "verdict": "headers"`), sesClick, origins.Up, false},
	} {
		t.Run(name, func(t *testing.T) {
			lookups = 0
			r := newRig(t, c.site, platform)
			require.NoError(t, r.fleet.SetFault("ses-us-east-1", c.fault))
			_, x := r.do(t, hostsim.Request{Host: "link.example.com", Target: c.target, Header: browser()})
			line := clicks(x)[0]
			require.Equal(t, c.asked, strings.Contains(line, `"asn":64496`), line)
			require.Equal(t, c.asked, strings.Contains(line, `"ja4":"`), line)
			require.Equal(t, c.asked, strings.Contains(line, `"h2":"1:65536|0|0|m,a,s,p"`), line)
			require.Equal(t, c.asked, lookups == 1)
			require.NotContains(t, line, "127.0.0.1", "the address is asked about, and never logged")
			if onHandler() {
				return // the SDK asks about TLS before its handler runs
			}
			all := calls(x)
			answer, written := slices.Index(all, "http_resp.send_downstream"), slices.Index(all, "log.write")
			for _, call := range networkCalls {
				at := slices.Index(all, call)
				require.Equal(t, c.asked, at > answer && at < written, "%s: %v", call, all)
				require.Equal(t, c.asked, at >= 0, "%s: %v", call, all)
			}
		})
	}
}

// The config store's site has the field too, and takes it away.
func TestNetworkOfAnOverride(t *testing.T) {
	store := map[string]string{}
	r := newRig(t, `{"sites": {"link.example.com": {"esp": "ses-us-east-1"}}}`, func(cfg *hostsim.Config) {
		cfg.ConfigStores = map[string]map[string]string{contract.ConfigStore: store}
		cfg.GeoLookup = func(netip.Addr) ([]byte, hostsim.Status) { return nil, hostsim.StatusOK }
	})
	click := hostsim.Request{Host: "link.example.com", Target: sesClick, Header: browser()}
	store["link.example.com"] = `{"esp": "ses-us-east-1", "verdict": "network"}`
	_, x := r.do(t, click)
	require.Contains(t, parse(t, clicks(x)[0]).Reasons, "not_located")
	store["link.example.com"] = `{"esp": "ses-us-east-1"}`
	_, x = r.do(t, click)
	require.NotContains(t, parse(t, clicks(x)[0]).Reasons, "not_located")
}
