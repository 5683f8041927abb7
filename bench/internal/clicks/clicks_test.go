package clicks

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
)

const embedded = "../../guests/corefsthttp/sites.json"

// The peer that embeds its sites has the same as the others.
func TestSites(t *testing.T) {
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.WriteFile(embedded, Sites(3), 0o644))
	}
	have, err := os.ReadFile(embedded)
	require.NoError(t, err)
	require.Equal(t, string(Sites(3)), string(have))
	for _, n := range []int{3, 4, 1000} {
		sites, err := core.ParseSites("sites.json", Sites(n))
		require.NoError(t, err)
		require.Equal(t, n, sites.Len())
	}
	require.Len(t, browser, BrowserHeaders)
	one, err := core.ParseSites("sites.json", OneSite())
	require.NoError(t, err)
	require.Equal(t, 1, one.Len())
}
