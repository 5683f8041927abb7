package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadReuse(t *testing.T) {
	for text, want := range map[string]int{"": 0, "5": 5, "100": 100, "101": 0, "-1": 0, "yes": 0, "0": 0} {
		require.Equal(t, want, readReuse(text), text)
	}
	require.Zero(t, further, "off unless the build says so")
}

func TestReset(t *testing.T) {
	current.record.ID, current.room[5000] = "id", 1
	reset()
	require.Empty(t, current.record.ID)
	require.Zero(t, current.room)
}
