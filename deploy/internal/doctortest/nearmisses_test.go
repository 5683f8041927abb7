package doctortest_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/internal/doctortest"
)

// TestNoSentenceClaimsMoreThanWasSeen holds the tables together: every finding
// has a set-up in which it would be false. TestEveryFindingIsProvoked holds
// those set-ups against it.
func TestNoSentenceClaimsMoreThanWasSeen(t *testing.T) {
	for _, e := range catalogue.All() {
		require.NotEmpty(t, doctortest.NearMisses(e.ID), "%s: where would it be false?", e.ID)
		for _, name := range doctortest.NearMisses(e.ID) {
			s, ok := doctortest.Find(name)
			require.True(t, ok, "%s: no set-up %q", e.ID, name)
			require.Contains(t, s.Not, e.ID)
			require.False(t, slices.Contains(s.Want, e.ID) || slices.Contains(s.Also, e.ID), "%s is expected of %s", e.ID, name)
		}
	}
}
