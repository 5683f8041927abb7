package e2e

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
)

// newReusingRig runs a module that takes further requests in a sandbox. It is the
// reactor: what it does between two requests is the same once it is prewarmed.
func newReusingRig(t *testing.T, further string) *rig {
	t.Helper()
	const sites = `{"sites": {
		"signed.example.com": {"esp": "none", "keys": ["k1"], "signed_links": "anywhere"},
		"proxied.example.com": {"esp": "customerio-eu"},
		"ses.example.com": {"esp": "ses-us-east-1", "clicks": "redirect", "count": true, "destinations": ["shop.example.com"]}}}`
	return newColdRigWith(t, sites, origins.Options{}, func(cfg *hostsim.Config) {
		cfg.Env[module.ReuseVariable] = further
		cfg.SecretStores = map[string]map[string][]byte{"clickedge-keys": {"k1": []byte(loneSecret)}}
		cfg.Backends = map[string]hostsim.Backend{"customerio-eu": {Handler: echo}, "ses-us-east-1": {Handler: agree}}
	})
}

// Requests one after another in the same sandboxes, each with a host, path, headers,
// address, cookie and id of its own: nothing of one shows in another's answer, in
// its line of the log, or in what its ESP is sent.
func TestReusedSandboxTellsNothingOfTheReaderBefore(t *testing.T) {
	r := newReusingRig(t, "5")
	sandboxes := map[uint64]int{}
	for i := range 30 {
		l, err := newLone(i)
		require.NoError(t, err)
		resp, x, err := r.host.Do(context.Background(), &l.Request)
		require.NoError(t, err)
		require.NoError(t, l.check(resp, x), "request %d", i)
		require.NotContains(t, show(resp)+clicks(x)[0]+showSent(x.Sent), loneSecret)
		sandboxes[uint64(x.Sandbox)]++
	}
	require.Less(t, len(sandboxes), 30, "some sandbox was used again")
	for id, n := range sandboxes {
		require.LessOrEqual(t, n, 6, "sandbox %d", id)
	}
}

// Without the switch, and with one that means nothing, each request has a sandbox,
// and nobody asks for more.
func TestSandboxesAreNotReusedAsARule(t *testing.T) {
	for _, further := range []string{"", "0", "yes", "1000"} {
		r := newReusingRig(t, further)
		for i := range 3 {
			l, err := newLone(i)
			require.NoError(t, err)
			resp, x, err := r.host.Do(context.Background(), &l.Request)
			require.NoError(t, err)
			require.NoError(t, l.check(resp, x))
			require.Equal(t, x.ID, x.Sandbox)
		}
	}
}

// A build with the switch gives a module that reuses its sandbox, prewarmed.
func TestBuildWithReuse(t *testing.T) {
	raw, err := reactor()
	require.NoError(t, err)
	const sites = `{"sites": {"link.example.com": {"esp": "sendgrid"}}}`
	wasm, _, err := module.Build(t.Context(), module.Options{Sites: []byte(sites), Reactor: raw, Reuse: 2})
	require.NoError(t, err)
	r := rigOf(t, wasm, sites, origins.Options{}, nil)
	used := map[uint64]int{}
	for range 6 {
		_, x := r.do(t, hostsim.Request{Host: "link.example.com", Target: "/robots.txt"})
		used[uint64(x.Sandbox)]++
	}
	require.Less(t, len(used), 6)
	for _, n := range used {
		require.LessOrEqual(t, n, 3)
	}
}
