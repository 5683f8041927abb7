package origins

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Every sample is answered, and a link that no server of the kind has made is
// not.
func TestSelfHosted(t *testing.T) {
	f := start(t, Options{})
	proxied := wire.NewHeader("X-Postal-Track-Host", "1")
	for backend, cut := range map[string]string{"mautic": "/r/xyz", "listmonk": "/link/" + sampleLink + "/" + sampleCampaign, "postal": "/ab12cd/short"} {
		for _, l := range f.Links(&core.Site{Host: branded, Origin: originOf(t, backend)}) {
			a := call(t, f, backend, ask{method: l.Method, target: l.Target, fields: proxied, body: l.Body})
			require.Less(t, a.status, 400, "%s: %s", backend, l.Target)
			require.Equal(t, l.Destination, a.get("Location"), l.Target)
		}
		require.Equal(t, 404, call(t, f, backend, ask{target: cut, fields: proxied}).status, cut)
	}
	require.Equal(t, 307, call(t, f, "postal", ask{target: "/ab12cd/aB3dE5fG7hI9jK1L", fields: proxied}).status)
}

// Postal knows a link only by its proxy's field, once and with this value.
func TestPostalWantsItsField(t *testing.T) {
	f := start(t, Options{})
	for _, fields := range []wire.Header{nil, wire.NewHeader("X-Postal-Track-Host", "0"), wire.NewHeader("X-Postal-Track-Host", ""),
		wire.NewHeader("X-Postal-Track-Host", "0", "X-Postal-Track-Host", "1")} {
		require.Equal(t, 404, call(t, f, "postal", ask{target: "/ab12cd/aB3dE5fG7hI9jK1L", fields: fields}).status)
	}
}
