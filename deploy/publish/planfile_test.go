package publish

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/sitesjson"
)

const terraformDir = "../terraform"

// The plan in the tests of the Terraform module is the command's output for the
// example.
func TestTerraformPlanOfTheExample(t *testing.T) {
	text, err := os.ReadFile(terraformDir + "/example/sites.json")
	require.NoError(t, err)
	sites, err := sitesjson.Parse("sites.json", text)
	require.NoError(t, err)
	text, err = os.ReadFile(terraformDir + "/schematest/testdata/plan.json")
	require.NoError(t, err)
	var plan PlanFile
	require.NoError(t, json.Unmarshal(text, &plan))
	require.Equal(t, Backends(sites), plan.Backends)
}

// Every preset's backend is core's origin, with the ESP's own name in TLS and a
// time-out above any that a site may set.
func TestTerraformBackends(t *testing.T) {
	for _, o := range core.Presets() {
		site := map[string]string{"esp": o.Preset}
		switch {
		case o.Preset == "sparkpost-enterprise":
			site["tenant"], o.Address = "acme", "acme.et.e.sparkpost.com"
		case o.Address == "":
			site["origin"], o.Address = "https://track.example.net", "track.example.net"
		}
		text, err := json.Marshal(map[string]any{"sites": map[string]any{"link.example.com": site}})
		require.NoError(t, err)
		sites, err := sitesjson.Parse("sites.json", text)
		require.NoError(t, err, o.Preset)
		got := Backends(sites)
		name := sites.Lookup("link.example.com").Origin.Backend
		require.Equal(t, map[string]Backend{name: {Address: o.Address, Port: o.Port, TLS: o.TLS, TLSName: o.Address, FirstByteMS: 60_000}}, got, o.Preset)
	}
}
