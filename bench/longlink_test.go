package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/guests"
	"github.com/clickedge/clickedge/bench/internal/measure"
	"github.com/clickedge/clickedge/core/contract"
)

// A link allocates nothing, however long it is: 8,192 bytes is the longest
// target that is answered.
func TestLongLinksAllocateNothing(t *testing.T) {
	ours, err := guests.NewOurs(t.Context(), ".")
	require.NoError(t, err)
	sites := clicks.Sites(3)
	wasm, err := ours.Named(t.Context(), sites)
	require.NoError(t, err)
	longest := map[string]int{}
	for _, length := range []int{700, 1600, 2048, 6000, 6050} {
		kinds, err := clicks.Kinds(clicks.Shape{Destination: length})
		require.NoError(t, err)
		kinds = slices.DeleteFunc(kinds, func(k clicks.Kind) bool { return len(k.Request.Target) > contract.MaxTarget })
		profiles, err := measure.Profiles(t.Context(), measure.Ours(wasm, sites), kinds)
		require.NoError(t, err)
		for _, k := range kinds {
			longest[k.Name] = len(k.Request.Target)
			require.Zero(t, profiles[k.Name].Allocs, "%s: a destination of %d bytes, a target of %d", k.Name, length, len(k.Request.Target))
		}
	}
	for _, kind := range []string{"signed", "decoded", "proxied", "refused"} {
		require.Greater(t, longest[kind], 6000, kind)
	}
	require.Greater(t, longest["signed"], 8000)
}
