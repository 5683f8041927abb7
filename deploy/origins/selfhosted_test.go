package origins

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/sitesjson"
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

// The sender's own server knows itself by Host and the link domain by
// X-Forwarded-Host. It takes any path, and counts what it takes.
func TestPreferenceCentre(t *testing.T) {
	own := &core.Origin{Preset: "custom", Backend: "custom-preferences.example.com", Address: "preferences.example.com", Port: 443, TLS: true, OriginHost: true, ForwardedHost: true}
	f, err := Start([]*core.Origin{own}, Options{Branded: []string{branded}, Unsubscribes: []string{own.Backend}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	field := func(more ...string) wire.Header {
		return wire.NewHeader(append([]string{"X-Forwarded-Host", branded}, more...)...)
	}
	form := field("Content-Type", "application/x-www-form-urlencoded")
	const oneClick = oneClickField + "=" + oneClickValue
	for name, c := range map[string]struct {
		ask
		status int
	}{
		"page":                  {ask{target: "/wf/unsubscribe?upn=x", host: own.Address, fields: field()}, 200},
		"head":                  {ask{method: "HEAD", target: "/u/x", host: own.Address, fields: field()}, 200},
		"one-click":             {ask{method: "POST", target: "/u/x%2F//..", host: own.Address, fields: form, body: oneClick}, 200},
		"body lost":             {ask{method: "POST", target: "/u/x", host: own.Address, fields: form}, 400},
		"no link domain":        {ask{target: "/u/x", host: own.Address}, 400},
		"another's link domain": {ask{target: "/u/x", host: own.Address, fields: wire.NewHeader("X-Forwarded-Host", "other.example.com")}, 400},
		"two link domains":      {ask{target: "/u/x", host: own.Address, fields: field("X-Forwarded-Host", branded)}, 400},
		"branded Host":          {ask{target: "/u/x", host: branded, fields: field()}, 421},
		"PUT":                   {ask{method: "PUT", target: "/u/x", host: own.Address, fields: field()}, 405},
	} {
		require.Equal(t, c.status, call(t, f, own.Backend, c.ask).status, name)
	}
	require.Equal(t, map[string]int64{own.Backend: 1}, f.Unsubscribed())
	a := call(t, f, own.Backend, ask{method: "POST", target: "/u/x", host: own.Address, fields: form, body: oneClick})
	require.Contains(t, a.body, "number 2 since the start")
}

// A server that is an ESP's as well is not taken for one of unsubscribes alone.
func TestUnsubscribeBackends(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {
		"a.example.com": {"esp": "mailgun", "also": [{"esp": "sendgrid", "retired": true}], "unsubscribes": "https://preferences.example.com"},
		"b.example.com": {"esp": "mailgun", "also": [{"esp": "sendgrid", "retired": true}], "unsubscribes": "https://preferences.example.com"},
		"c.example.com": {"esp": "custom", "origin": "https://own.example.com", "also": [{"esp": "sendgrid", "retired": true}], "unsubscribes": "https://own.example.com"},
		"d.example.com": {"esp": "mailgun"}}}`))
	require.NoError(t, err)
	require.Equal(t, []string{"custom-preferences.example.com"}, UnsubscribeBackends(sites))
}
