package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/guests"
	"github.com/clickedge/clickedge/bench/internal/measure"
)

// A signed link allocates nothing, however long it is: 8,192 bytes is the
// longest target that is answered.
func TestLongLinksAllocateNothing(t *testing.T) {
	ours, err := guests.NewOurs(t.Context(), ".")
	require.NoError(t, err)
	sites := clicks.Sites(3)
	wasm, err := ours.Named(t.Context(), sites)
	require.NoError(t, err)
	for _, length := range []int{700, 1600, 2048, 6050} {
		kinds, err := clicks.Kinds(clicks.Shape{Destination: length})
		require.NoError(t, err)
		require.Equal(t, "signed", kinds[0].Name)
		profiles, err := measure.Profiles(t.Context(), measure.Ours(wasm, sites), kinds[:1])
		require.NoError(t, err)
		require.Zero(t, profiles["signed"].Allocs, "a destination of %d bytes, a target of %d", length, len(kinds[0].Request.Target))
	}
}
