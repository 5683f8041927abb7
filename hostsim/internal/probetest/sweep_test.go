package probetest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/internal/probetest"
)

func TestSweepCoversEveryCall(t *testing.T) {
	calls := map[string]int{}
	names := map[string]bool{}
	for _, c := range probetest.Sweep() {
		calls[c.Call.Module+"."+c.Call.Name]++
		require.False(t, names[c.Name], c.Name)
		names[c.Name] = true
	}
	require.Len(t, calls, 255)
	require.Greater(t, len(names), 5000)
	t.Log(len(names))
}
