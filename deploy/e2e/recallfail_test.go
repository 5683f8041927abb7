package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/hostsim"
)

// A host that refuses the edit of a recalled answer, here for want of memory,
// never lets the reader go where the link was recalled from: the answer is an
// error then.
func TestRecallThatCannotBeWrittenIsAnError(t *testing.T) {
	onHost(t, "no call of a host refuses an edit")
	const wrong = "https://shop.example.com/vip"
	to := "https://shop.example.com/" + strings.Repeat("a", 4000)
	site := strings.Replace(oneSite, `"esp"`, `"recalls": [{"from": "`+wrong+`", "to": "`+to+`"}], "destinations": ["shop.example.com"], "esp"`, 1)
	esp := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", wrong)
		w.WriteHeader(http.StatusFound)
	})
	rigOf := func(bytes int) *rig {
		return newRig(t, site, func(cfg *hostsim.Config) {
			cfg.Limits.HostBytes = bytes
			cfg.Backends = map[string]hostsim.Backend{"ses-us-east-1": {Handler: esp}}
		})
	}

	resp, line := rigOf(2*len(to)).get(t, "GET", sesClick)
	require.Equal(t, []string{to}, resp.Header.Values("Location"))
	require.Equal(t, outcome.Recalled, line.Code)

	resp, line = rigOf(len(to)*3/4).get(t, "GET", sesClick)
	require.Equal(t, 500, resp.Status)
	require.Equal(t, outcome.Internal, line.Code)
	require.NotContains(t, string(resp.Body), "shop.example.com")
	require.Empty(t, resp.Header.Values("Location"))
	require.Equal(t, 302, line.OriginStatus)
}
