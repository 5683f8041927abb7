package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The time that the store has left shrinks to nothing, and is never more than
// all of it, whatever the wall clock does.
func TestLeftSince(t *testing.T) {
	const start, millisecond = 1_772_366_400_000_000_000, 1_000_000
	for passed, want := range map[int64]uint32{
		0: 300, 1: 300, millisecond: 299, 299*millisecond + 999_999: 1, 300 * millisecond: 0, 1 << 60: 0, -1: 300, -1 << 60: 300, -start: 300,
	} {
		require.Equal(t, want, leftSince(start, start+passed), passed)
	}
}
