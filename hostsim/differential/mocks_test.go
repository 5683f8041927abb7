package differential

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/internal/probetest"
)

// A fastly.toml with mocks is good for Viceroy as well, which asks the backend
// itself.
func TestViceroyIgnoresMocks(t *testing.T) {
	o := newOrigin(t)
	dir := t.TempDir()
	config, module := filepath.Join(dir, "fastly.toml"), filepath.Join(dir, "probe.wasm")
	code, err := probetest.Module()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(module, code, 0o600))
	text := probetest.Config(o.url) + `
[local_server.mocks.origin]
status = 404
headers = { X-A = ["1", "2"] }
[[local_server.dynamic_mocks."api.example"]]
path = "/a*"
fault = "resets"
`
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	startViceroy(t, module, config)
	startSimulator(t, module, config)
}
