package publish

import (
	"encoding/json"
	"os"
	"path/filepath"
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

// A host's other ESPs have backends as its own has, and where the unsubscribes
// of retired ones go; one that is asked for nothing has none.
func TestBackendsOfSeveralESPs(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"link.example.com": {
		"esp": "none", "destinations": ["example.com"], "unsubscribes": "https://preferences.example.com",
		"also": [
			{"esp": "sparkpost", "second_origin": "https://v2.spgo.io"}, {"esp": "ses-eu-west-1", "retired": "2030-01-01"},
			{"esp": "sendgrid", "retired": true}]}}}`))
	require.NoError(t, err)
	got := map[string]string{}
	for name, b := range Backends(sites) {
		require.Equal(t, int64(60_000), b.FirstByteMS, name)
		got[name] = b.Address
	}
	require.Equal(t, map[string]string{
		"sparkpost": "spgo.io", "sparkpost-v2": "v2.spgo.io", "ses-eu-west-1": "r.eu-west-1.awstrack.me", "custom-preferences.example.com": "preferences.example.com",
	}, got)
}

// Whatever the module may ask has a backend: both take the origins from
// [core.Site.Origins].
func TestBackendsAreAllThatIsAsked(t *testing.T) {
	names, err := filepath.Glob("../../core/sitesjson/testdata/sites/good-*.json")
	require.NoError(t, err)
	checked := 0
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		sites, err := sitesjson.Parse(name, text)
		if err != nil {
			continue // it names app-link files
		}
		checked++
		list := Backends(sites)
		require.Len(t, list, len(sites.Origins()), name)
		for _, o := range sites.Origins() {
			require.Equal(t, o.Address, list[o.Backend].Address, name)
		}
	}
	require.Greater(t, checked, 5)
}
