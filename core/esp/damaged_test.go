package esp

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/internal/linkstest"
)

// TestDamagedLinks holds links as mail software leaves them: those that still
// have one reading, and those that have none or two.
func TestDamagedLinks(t *testing.T) {
	for _, l := range linkstest.Load(t, "../testdata/links-damaged.json") {
		t.Run(l.ESP+"/"+l.Note, func(t *testing.T) {
			f := familyNamed(t, l.ESP)
			require.Equal(t, l.Kind, f.Kind(l.Path).String(), l.Path)
			dest, g := f.Destination(l.Path)
			require.Equal(t, l.Destination, dest, l.Path)
			require.Equal(t, gradeOf(&l), g, l.Path)
			r := f.Read(l.Path)
			require.Equal(t, dest, r.Destination)
			require.Equal(t, g, r.Grade)
			require.Equal(t, l.Repaired, r.Repaired)
			require.Contains(t, r.Doubt, l.Doubt)
			if g != Unread {
				require.Empty(t, r.Doubt)
			}
		})
	}
}
