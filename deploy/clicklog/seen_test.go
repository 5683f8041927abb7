package clicklog

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// A repeat is recognised for as long as the bound says, however long the log;
// what is forgotten is counted, and memory stays as it is.
func TestSeenIsBounded(t *testing.T) {
	s := seen{most: 1000}
	for i := range 10_000 {
		id := strconv.Itoa(i)
		require.True(t, s.add(id), id)
		require.False(t, s.add(id), id)
		require.False(t, s.add(strconv.Itoa(max(i-999, 0))), "a thousand requests ago")
	}
	require.Equal(t, 8000, s.forgot)
	require.LessOrEqual(t, len(s.young.slots)+len(s.old.slots), 2*2048)
	require.True(t, s.add("0"), "forgotten")
}

// Tables that grow keep what is in them.
func TestSeenGrows(t *testing.T) {
	var s seen
	for i := range 100_000 {
		require.True(t, s.add(fmt.Sprintf("%032x", i)))
	}
	for i := range 100_000 {
		require.False(t, s.add(fmt.Sprintf("%032x", i)))
	}
	require.Zero(t, s.forgot)
	require.LessOrEqual(t, 8*len(s.young.slots), 2<<20)
}

// The tables of a log without end have the size that the comment says.
func TestSeenBoundFillsItsTable(t *testing.T) {
	slots := 1 << 10
	for slots/4*3 < remembered {
		slots *= 2
	}
	require.Equal(t, 32<<20, 8*slots)
}

// Forgotten requests are said.
func TestForgottenIsSaid(t *testing.T) {
	r := Reader{seen: seen{most: 2}}
	for i := range 5 {
		require.True(t, r.First(&Line{Request: strconv.Itoa(i)}))
	}
	require.Equal(t, 2, r.Forgot())
	require.Contains(t, r.Notes()[0], "2 requests are no longer remembered")
}

// What reading a million requests costs: go test -bench Seen -benchmem.
func BenchmarkSeen(b *testing.B) {
	ids := make([]string, 1<<16)
	for i := range ids {
		ids[i] = fmt.Sprintf("%032x", i)
	}
	var s seen
	for b.Loop() {
		for _, id := range ids {
			s.add(id)
		}
	}
}
