package doctortest_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/doctor"
	"github.com/clickedge/clickedge/deploy/internal/doctortest"
)

// TestFixesFix puts what the catalogue says into the configuration of the
// server at which the finding was made. Then it is gone.
func TestFixesFix(t *testing.T) {
	for _, c := range doctortest.ServerFixes() {
		t.Run(c.Setup, func(t *testing.T) {
			t.Parallel()
			s, ok := doctortest.Find(c.Setup)
			require.True(t, ok)
			r := s.Start(t)
			report, err := doctor.Examine(context.Background(), options(&s, r))
			require.NoError(t, err)
			require.True(t, report.Has(c.ID))
			for _, f := range report.Findings {
				if f.ID == c.ID {
					for _, words := range c.Says {
						require.Contains(t, f.Fix, words, "the fix for %s", report.CDN)
					}
				}
			}
			fixed := c.Fixed(s)
			r = fixed.Start(t)
			report, err = doctor.Examine(context.Background(), options(&fixed, r))
			require.NoError(t, err)
			require.False(t, report.Has(c.ID), "%s", told(report))
			require.Empty(t, report.Worrying(), "%s", told(report))
		})
	}
}
