package e2e

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/edge/prewarm/wasm"
	"github.com/clickedge/clickedge/hostsim"
)

// Each request has its own sandbox: its answer, its log line and what its ESP
// is sent contain nothing of the request before.
func TestEachRequestHasASandbox(t *testing.T) {
	const sites = `{"sites": {
		"signed.example.com": {"esp": "none", "keys": ["k1"], "signed_links": "anywhere"},
		"proxied.example.com": {"esp": "customerio-eu"},
		"ses.example.com": {"esp": "ses-us-east-1", "clicks": "redirect", "count": true, "destinations": ["shop.example.com"]}}}`
	r := newColdRigWith(t, sites, origins.Options{}, func(cfg *hostsim.Config) {
		cfg.SecretStores = map[string]map[string][]byte{contract.SecretStore: {"k1": []byte(loneSecret)}}
		cfg.Backends = map[string]hostsim.Backend{"customerio-eu": {Handler: echo}, "ses-us-east-1": {Handler: agree}}
	})
	for i := range 30 {
		l, err := newLone(i)
		require.NoError(t, err)
		resp, x, err := r.host.Do(context.Background(), &l.Request)
		require.NoError(t, err)
		require.NoError(t, l.check(resp, x), "request %d", i)
		require.NotContains(t, show(resp)+clicks(x)[0]+showSent(x.Sent), loneSecret)
		require.Equal(t, x.ID, x.Sandbox)
	}
}

// The guest cannot ask for a further request: it has no such import.
func TestGuestAsksForOneRequest(t *testing.T) {
	raw, err := reactor()
	require.NoError(t, err)
	m, err := wasm.Parse(raw)
	require.NoError(t, err)
	imports, err := m.Imports()
	require.NoError(t, err)
	require.NotEmpty(t, imports)
	for _, im := range imports {
		require.NotContains(t, im.Name, "next_request")
	}
}
