package esp

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/internal/linkstest"
)

// families are those with links of their own.
func families() (list []Family) {
	for f := Family(0); int(f) < len(familyNames); f++ {
		if len(f.Paths()) > 0 {
			list = append(list, f)
		}
	}
	return list
}

// Every link of every ESP is told apart from every other ESP's, in both orders.
func TestOwnsTellsEveryPairApart(t *testing.T) {
	links := linkstest.Load(t, "../testdata/links.json")
	for _, l := range links {
		for _, mine := range families() {
			if mine.String() != l.ESP || l.Kind == "health" {
				continue
			}
			for _, other := range families() {
				if other != mine {
					require.Greater(t, mine.Owns(l.Path), other.Owns(l.Path), "%s beside %s: %s", mine, other, l.Path)
				}
			}
		}
	}
}

func TestOwnsNoProbe(t *testing.T) {
	require.Zero(t, FamilyCustomerIO.Owns("/health"))
	require.Zero(t, FamilySES.Owns("/favicon.ico"))
	require.Equal(t, len("/f/a/"), FamilySparkPost.Owns("/f/a/b/c/d"), "it has the form of a link, too")
	require.Zero(t, FamilyCustom.Owns("/e/c/x"))
	require.Zero(t, Family(200).Owns("/e/c/x"))
	require.Zero(t, FamilySendGrid.Owns("/ls/clicked"))
	require.Zero(t, FamilyPostmark.Owns("/2x/"))
}

func TestOwnsAllocatesNothing(t *testing.T) {
	list := families()
	require.Zero(t, testing.AllocsPerRun(10, func() {
		for _, f := range list {
			f.Owns("/ls/click?upn=u001.x")
		}
	}))
}

// Pairs that share a path share it in a way that can be told apart.
func TestOverlaps(t *testing.T) {
	var got []string
	list := families()
	for i, a := range list {
		for _, b := range list[i+1:] {
			for _, o := range Overlaps(a, b) {
				require.False(t, o.Same)
				if b == FamilyPostal { // its links have no prefix of their own
					require.Equal(t, "/", o.Other)
					continue
				}
				got = append(got, fmt.Sprintf("%s and %s: %s %s of %s, else %s %s", a, b, o.Kind, o.Path, o.Owner, o.OtherKind, o.Other))
				require.ElementsMatch(t, Overlaps(a, b), Overlaps(b, a))
			}
		}
	}
	require.Equal(t, []string{
		"mailgun and iterable: click /u/click of iterable, else unsubscribe /u/",
		"mailgun and iterable: open /u/o of iterable, else unsubscribe /u/",
		"mailgun and iterable: unsubscribe /u/unsubscribe of iterable, else unsubscribe /u/",
	}, got)
	for _, o := range Overlaps(FamilySES, FamilySES) {
		require.True(t, o.Same)
	}
	require.Len(t, Overlaps(FamilySES, FamilySES), 4)
	require.Empty(t, Overlaps(FamilyCustom, FamilySES))
	require.Empty(t, Overlaps(Family(200), FamilySES))
}

// Whatever the target, an owner is known by the family itself, and the shape
// that Find uses is never longer than what Owns says.
func FuzzOwns(f *testing.F) {
	for _, l := range linkstest.Load(f, "../testdata/links.json") {
		f.Add(l.Path)
	}
	f.Fuzz(func(t *testing.T, target string) {
		for _, fam := range families() {
			found, n := fam.Find(target), fam.Owns(target)
			if found.Kind() == KindHealth {
				continue
			}
			require.Equal(t, found.known, n > 0, "%s", fam)
			if found.known {
				require.LessOrEqual(t, len(target)-len(found.rest), n)
			}
		}
	})
}
