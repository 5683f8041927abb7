package guests

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/hostsim"
)

// The program with edge/handler answers each kind of click as the module does,
// as it is compiled and prewarmed.
func TestCore(t *testing.T) {
	kinds, err := clicks.Kinds(clicks.Shape{})
	require.NoError(t, err)
	cfg, err := clicks.Config(clicks.Sites(3))
	require.NoError(t, err)
	b := Build{Dir: "../.."}
	stock, err := b.Core(t.Context())
	require.NoError(t, err)
	warm, err := b.CorePrewarmed(t.Context())
	require.NoError(t, err)
	for name, wasm := range map[string][]byte{"stock": stock, "prewarmed": warm} {
		host, err := hostsim.New(t.Context(), wasm, cfg)
		require.NoError(t, err)
		for i := range kinds {
			req := kinds[i].Request
			resp, x, err := host.Do(t.Context(), &req)
			require.NoError(t, err)
			require.Empty(t, kinds[i].CheckLogged(resp, x), "%s: %s", name, kinds[i].Name)
			require.Equal(t, contract.LogEndpoint, x.Logs[0].Endpoint)
			require.Contains(t, x.Logs[0].Line, `"version":"7"`, "the environment is the sandbox's, not the build's")
		}
		require.NoError(t, host.Close(t.Context()))
	}
}
