package e2e

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/hostsim"
)

type vector struct {
	Name, Host, Path string
	Keys             map[string]string
	Listed           []string
	Now              time.Time
	Link             struct{ Destination string }
	Expect           outcome.Code
}

func loadVectors(t *testing.T) map[string][]vector {
	t.Helper()
	text, err := os.ReadFile("../../core/spec/links-vectors.json")
	require.NoError(t, err)
	var file struct{ Vectors []vector }
	require.NoError(t, json.Unmarshal(text, &file))
	require.NotEmpty(t, file.Vectors)
	groups := map[string][]vector{}
	for _, v := range file.Vectors {
		set, err := json.Marshal([]any{v.Keys, v.Listed, v.Now})
		require.NoError(t, err)
		groups[string(set)] = append(groups[string(set)], v)
	}
	return groups
}

// The vectors of the link format through the built module. Each site comes from
// the config store, which also tests overrides.
func TestVectors(t *testing.T) {
	const none = `{"sites": {"unused.example.com": {"esp": "sendgrid"}}}`
	for _, group := range loadVectors(t) {
		r := newRig(t, none, func(cfg *hostsim.Config) {
			cfg.Now = func() time.Time { return group[0].Now }
			cfg.ConfigStores = map[string]map[string]string{contract.ConfigStore: {}}
			for _, v := range group {
				cfg.ConfigStores[contract.ConfigStore][v.Host] = overrideFor(t, v.Listed)
			}
			cfg.SecretStores = map[string]map[string][]byte{contract.SecretStore: {}}
			for kid, secret := range group[0].Keys {
				cfg.SecretStores[contract.SecretStore][kid] = []byte(secret)
			}
		})
		for _, v := range group {
			t.Run(v.Name, func(t *testing.T) { r.vector(t, v) })
		}
	}
}

func overrideFor(t *testing.T, listed []string) string {
	t.Helper()
	site, err := json.Marshal(map[string]any{"esp": "none", "keys": listed, "signed_links": "anywhere", "allow_http": true})
	require.NoError(t, err)
	return string(site)
}

func (r *rig) vector(t *testing.T, v vector) {
	t.Helper()
	if len(v.Listed) == 0 {
		t.Skip("a site without keys has no links of its own: its paths are the ESP's")
	}
	resp, x := r.do(t, hostsim.Request{Host: v.Host, Target: v.Path})
	var line struct {
		Code     outcome.Code
		Status   int
		Override string
	}
	require.NoError(t, json.Unmarshal([]byte(clicks(x)[0]), &line))
	require.Equal(t, "used", line.Override)
	require.Equal(t, resp.Status, line.Status)
	want, status := v.Expect, v.Expect.Notice().Status
	if !core.HasSignedForm(v.Path) {
		want, status = outcome.NotFound, 404 // not even the form of a link
	}
	location, _ := resp.Header.Get("location")
	if want == outcome.OK {
		status = 302
		if v.Link.Destination == "" {
			status = 200 // the pixel
		}
		require.Equal(t, v.Link.Destination, location)
	} else {
		require.Empty(t, location)
	}
	require.Equal(t, want, line.Code)
	require.Equal(t, status, resp.Status)
}
