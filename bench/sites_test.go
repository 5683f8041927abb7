package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/guests"
	"github.com/clickedge/clickedge/bench/internal/measure"
)

// A click maps as much memory with 100,000 sites as with three: no window, no
// page and no region of memory more, wherever its site is in the table.
func TestManySitesMapNoMoreMemory(t *testing.T) {
	ours, err := guests.NewOurs(t.Context(), ".")
	require.NoError(t, err)
	kinds, err := clicks.Kinds(clicks.Shape{})
	require.NoError(t, err)
	var mapped [2]map[string][3]int
	for i, n := range []int{measure.UsualSites, 100_000} {
		sites := clicks.Sites(n)
		wasm, _, err := ours.Module(t.Context(), sites)
		require.NoError(t, err)
		pages, err := measure.Pages(t.Context(), measure.Ours(wasm, sites), kinds)
		require.NoError(t, err)
		mapped[i] = map[string][3]int{}
		for kind, p := range pages {
			mapped[i][kind] = [3]int{len(p.Windows()), len(p.Writes()), p.Regions()}
		}
	}
	require.Len(t, mapped[0], len(kinds))
	require.Equal(t, mapped[0], mapped[1], "windows, pages and regions of each kind of click")
}
