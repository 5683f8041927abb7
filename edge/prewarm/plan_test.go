package prewarm

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// flat is memory whose first pages are in the image, and fixed.
func flat(image uint32) terrain {
	return terrain{
		image: func(page uint32) bool { return page < image },
		fixed: func(page uint32) bool { return page < image+windowPages },
	}
}

var (
	onlyRead    = use{read: true}
	onlyWritten = use{written: true}
	both        = use{read: true, written: true}
)

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		name     string
		requests []map[uint32]use
		want     touches
	}{
		{"nothing", []map[uint32]use{{}}, touches{}},
		{"a page is written", []map[uint32]use{{3: onlyWritten}}, touches{written: []uint32{3}}},
		{"a page is read and then written", []map[uint32]use{{3: both}}, touches{written: []uint32{3}}},
		{"a page that is read stands alone", []map[uint32]use{{3: onlyRead, 9: onlyWritten}}, touches{written: []uint32{3, 9}}},
		{"a window is read in three pages", []map[uint32]use{{3: onlyRead, 4: onlyRead, 5: onlyRead}}, touches{read: []uint32{3}}},
		{"and written in another", []map[uint32]use{{3: onlyRead, 4: onlyRead, 5: onlyRead, 7: both}},
			touches{written: []uint32{7}, read: []uint32{3}}},
		{"windows are apart", []map[uint32]use{{15: onlyRead, 16: onlyRead}}, touches{written: []uint32{15, 16}}},
		{"beyond the image a page is only written", []map[uint32]use{{320: both, 321: onlyWritten, 322: onlyRead}},
			touches{written: []uint32{320, 321}}},
		{"what one request in two writes is left", []map[uint32]use{{3: onlyWritten}, {}}, touches{}},
		{"what one in three reads first is not", []map[uint32]use{{}, {3: both}, {}}, touches{written: []uint32{3}}},
		{"what one in four reads first is", []map[uint32]use{{}, {3: both}, {}, {}}, touches{}},
		{"a page without a fixed byte is not stored to", []map[uint32]use{{336: both, 400: both}}, touches{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := plan(c.requests, flat(320), mostTouches)
			require.Equal(t, c.want.written, got.written)
			require.Equal(t, c.want.read, got.read)
		})
	}
}

func TestPlanIsBounded(t *testing.T) {
	pages := map[uint32]use{}
	for page := range uint32(10_000) {
		pages[page] = both
	}
	require.LessOrEqual(t, plan([]map[uint32]use{pages}, flat(1<<15), 100).len(), 100)
}

// A plan is never dearer than none, is the same each time, and touches only
// what was touched.
func TestPlansOfManyRequests(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 7))
		requests := make([]map[uint32]use, 1+r.IntN(4))
		for i := range requests {
			requests[i] = map[uint32]use{}
			for range r.IntN(30) {
				requests[i][uint32(r.IntN(64))] = []use{onlyRead, onlyWritten, both}[r.IntN(3)]
			}
		}
		on := flat(48)
		got := plan(requests, on, mostTouches)
		require.Equal(t, got, plan(requests, on, mostTouches))
		require.True(t, slices.IsSorted(got.written) && slices.IsSorted(got.read))
		for _, page := range slices.Concat(got.written, got.read) {
			require.True(t, slices.ContainsFunc(requests, func(m map[uint32]use) bool { return m[page] != use{} }))
			require.True(t, on.fixed(page))
		}
		with, without := 0, 0
		for w := range uint32(4) {
			window := func(page uint32) bool { return page/windowPages != w }
			var in []map[uint32]use
			for _, pages := range requests {
				pages = maps.Clone(pages)
				maps.DeleteFunc(pages, func(page uint32, _ use) bool { return window(page) })
				in = append(in, pages)
			}
			with += on.cost(in, touches{slices.DeleteFunc(slices.Clone(got.written), window), slices.DeleteFunc(slices.Clone(got.read), window)})
			without += on.cost(in, touches{})
		}
		require.LessOrEqual(t, with, without)
	}
}
