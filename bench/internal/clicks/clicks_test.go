package clicks

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

const embedded = "../../guests/corefsthttp/sites.json"

// The peer that embeds its sites has the same sites as the others.
func TestSites(t *testing.T) {
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.WriteFile(embedded, Sites(3), 0o644))
	}
	have, err := os.ReadFile(embedded)
	require.NoError(t, err)
	require.Equal(t, string(Sites(3)), string(have))
	for _, n := range []int{1, 3, 4, 1000} {
		for _, text := range [][]byte{Sites(n), SitesWithAll(n)} {
			sites, err := sitesjson.Parse("sites.json", text)
			require.NoError(t, err)
			require.Equal(t, n, sites.Len())
		}
	}
	require.Len(t, browser, BrowserHeaders)
}

func TestKinds(t *testing.T) {
	forty := 40
	for _, s := range []Shape{{}, {Destination: 512}, {Destination: 2048, Headers: &forty}} {
		kinds, err := Kinds(s)
		require.NoError(t, err)
		var names []string
		for _, k := range kinds {
			names = append(names, k.Name)
			if s.Headers != nil {
				require.Len(t, k.Request.Header, 40)
			}
		}
		require.Equal(t, []string{"signed", "decoded", "proxied", "refused"}, names)
		require.Len(t, kinds[0].Location, max(s.Destination, len(shop)))
		requireDecided(t, kinds)
	}
}

// The clicks on sites whose verdict goes by the network are those of the others.
func TestNetworkKinds(t *testing.T) {
	kinds, err := NetworkKinds()
	require.NoError(t, err)
	require.Equal(t, []string{"signed_network", "proxied_network"}, []string{kinds[0].Name, kinds[1].Name})
	sites, err := sitesjson.Parse("sites.json", NetworkSites())
	require.NoError(t, err)
	for _, k := range kinds {
		site := sites.Lookup(k.Request.Host)
		require.True(t, site.Network)
		require.Equal(t, k.Logged, string(core.Decide(&core.Request{Method: "GET", Target: k.Request.Target, Keys: keyring{}}, site, time.Now()).Code), k.Name)
	}
}

// requireDecided checks that core decides what the kinds say it does.
func requireDecided(t *testing.T, kinds []Kind) {
	t.Helper()
	sites, err := sitesjson.Parse("sites.json", Sites(3))
	require.NoError(t, err)
	for _, k := range kinds {
		d := core.Decide(&core.Request{Method: "GET", Target: k.Request.Target, Keys: keyring{}}, sites.Lookup(k.Request.Host), time.Now())
		require.Equal(t, k.Logged, string(d.Code), k.Name)
		switch k.Name {
		case "proxied":
			require.Equal(t, core.Proxy, d.Action)
		case "refused":
			require.Equal(t, core.Refuse, d.Action)
		default:
			require.Equal(t, core.Redirect, d.Action)
			require.Equal(t, k.Location, d.Location)
			require.Nil(t, d.Origin, "nobody is asked")
		}
	}
}

type keyring struct{}

func (keyring) Secret(string) ([]byte, error) { return []byte(Secret), nil }

func TestCheck(t *testing.T) {
	k := Kind{Status: 302, Location: "https://example.com/", Logged: "ok"}
	right := &hostsim.Response{Status: 302, Header: wire.NewHeader("Location", "https://example.com/")}
	logged := &hostsim.Exchange{Logs: []hostsim.LogLine{{Endpoint: contract.LogEndpoint, Line: `{"code":"ok"}`}}}
	require.Empty(t, k.CheckLogged(right, logged))
	require.Contains(t, k.CheckLogged(right, &hostsim.Exchange{}), "want one line")
	require.Contains(t, k.Check(&hostsim.Response{Status: 200}, logged), "status 200, want 302")
	require.Contains(t, k.Check(&hostsim.Response{Status: 302}, logged), "location")
	require.Contains(t, k.Check(right, &hostsim.Exchange{Ending: hostsim.Ending{Kind: hostsim.Trapped}}), "trapped")
}

func TestSignedText(t *testing.T) {
	k := Kind{Request: hostsim.Request{Host: "a.example", Target: "/to/k1.ux.tag"}}
	require.Equal(t, "https://a.example/to/k1.ux", SignedText(&k))
}
