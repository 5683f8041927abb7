package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

const headedSite = `{"esp": "custom", "origin": "https://postal.example.net", "second_origin": "postal-2.example.net",
	"headers": {"X-Postal-Track-Host": "1", "X-Brand": "a b, c"}}`

func headed() hostsim.Request {
	return hostsim.Request{Method: "GET", Host: "link.example.com", Target: "/ab12cd/aB3dE5", Header: wire.NewHeader(
		"X-Postal-Track-Host", "0", "X-POSTAL-TRACK-HOST", "2", "x-brand", "evil", "Connection", "x-brand",
		"X_Postal_Track_Host", "0", "x-postal_track-host", "2", "X_BRAND", "evil", "X_Forwarded_For", "198.51.100.1", "X_Kept", "1")}
}

func requireHeaders(t *testing.T, sent hostsim.BackendRequest) {
	t.Helper()
	require.Equal(t, []string{"1"}, sent.Header.Values("X-Postal-Track-Host"), sent.Backend)
	require.Equal(t, []string{"a b, c"}, sent.Header.Values("X-Brand"), sent.Backend)
	require.Equal(t, []string{"1"}, sent.Header.Values("X_Kept"), sent.Backend)
	for _, f := range sent.Header {
		require.True(t, strings.EqualFold(f.Name, "x_kept") || !strings.Contains(f.Name, "_"), f.Name)
	}
}

// Both origins get the site's own fields, from the table of sites and from an
// override in the config store, and another site of the same backend none.
func TestHeaders(t *testing.T) {
	plain := `{"esp": "custom", "origin": "https://postal.example.net"}`
	for name, c := range map[string]struct {
		site  string
		store map[string]string
	}{
		"table":    {headedSite, nil},
		"override": {plain, map[string]string{"link.example.com": headedSite}},
	} {
		t.Run(name, func(t *testing.T) {
			sites := `{"sites": {"link.example.com": ` + c.site + `, "plain.example.com": ` + plain + `, "two.example.com": ` + headedSite + `}}`
			r := newRig(t, sites, func(cfg *hostsim.Config) {
				if c.store != nil {
					cfg.ConfigStores = map[string]map[string]string{contract.ConfigStore: c.store}
				}
			})
			resp, x := r.do(t, headed())
			require.Equal(t, 200, resp.Status)
			require.Len(t, x.Sent, 1)
			requireHeaders(t, x.Sent[0])

			require.NoError(t, r.fleet.SetFault("custom-postal.example.net", origins.Refuse))
			_, x = r.do(t, headed())
			require.Len(t, x.Sent, 2)
			requireHeaders(t, x.Sent[0])
			requireHeaders(t, x.Sent[1])
			require.Equal(t, "custom-postal-2.example.net", x.Sent[1].Backend)
			require.NoError(t, r.fleet.SetFault("custom-postal.example.net", origins.Up))

			post := headed()
			post.Method = "POST"
			_, x = r.do(t, post)
			requireHeaders(t, x.Sent[0])

			other := headed()
			other.Host, other.Header = "plain.example.com", wire.NewHeader("X-Brand", "kept")
			_, x = r.do(t, other)
			require.Empty(t, x.Sent[0].Header.Values("X-Postal-Track-Host"))
			require.Equal(t, []string{"kept"}, x.Sent[0].Header.Values("X-Brand"), "a site without headers changes nothing")
		})
	}
}
