package prewarm

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
)

// windowPages is how many pages Linux maps at once when one of a memory image
// is read first: 64 KiB, aligned.
const windowPages = 64 << 10 / framePage

// What a page costs a request, in tenths of a microsecond: measured on Linux
// with wasmtime 48, copy-on-write images and a fresh instance for each request.
// The faults and what their pages cost at the end are in it. Where the faults
// follow one another, at the entry, each costs a little less than alone.
const (
	windowRead      = 41 // the first read of a window of the image
	windowReadFirst = 36
	pageWritten     = 21 // the first write to a page of the image
	pageWriteFirst  = 17
	zeroRead        = 8  // the first read of a page beyond the image
	zeroWritten     = 17 // the first write to it
	zeroWriteFirst  = 15
)

// touches are what an entry does before the guest's own: it stores to a page
// the byte that is there, or reads it. Both lists are in ascending order.
type touches struct{ written, read []uint32 }

func (t touches) len() int { return len(t.written) + len(t.read) }

// terrain says what kind of page there is.
type terrain struct {
	image func(page uint32) bool // it is in the memory image
	fixed func(page uint32) bool // it has a byte that never changes
}

// plan chooses, for each window, the touches with which the rehearsals cost
// least together. A window of the image is either read, once, or all its pages
// that a request reads before it writes to them are written first, and then
// none of the others is mapped. So a page that is only read is stored to as
// well where it stands alone in its window.
func plan(rehearsed []map[uint32]use, on terrain, most int) touches {
	windows := map[uint32][]map[uint32]use{}
	for i, pages := range rehearsed {
		for page, u := range pages {
			w := page / windowPages
			if windows[w] == nil {
				windows[w] = make([]map[uint32]use, len(rehearsed))
			}
			if windows[w][i] == nil {
				windows[w][i] = map[uint32]use{}
			}
			windows[w][i][page] = u
		}
	}
	var out touches
	for _, w := range slices.Sorted(maps.Keys(windows)) {
		if t := on.planWindow(windows[w]); out.len()+t.len() <= most {
			out.written, out.read = append(out.written, t.written...), append(out.read, t.read...)
		}
	}
	return out
}

// planWindow tries, for every set of rehearsals, the pages that they write to,
// and those that they touch at all; each with a read at the entry and without.
func (on terrain) planWindow(requests []map[uint32]use) touches {
	var best touches
	least := on.cost(requests, best)
	try := func(t touches) {
		if c := on.cost(requests, t); c < least || c == least && t.len() < best.len() {
			best, least = t, c
		}
	}
	for set := range 1 << len(requests) {
		for _, alsoRead := range []bool{false, true} {
			t := touches{written: on.pages(requests, uint(set), alsoRead)}
			try(t)
			if page, ok := on.toRead(requests, t.written); ok {
				t.read = []uint32{page}
				try(t)
			}
		}
	}
	return best
}

// pages returns the pages that a set of the requests writes to, or touches.
func (on terrain) pages(requests []map[uint32]use, set uint, alsoRead bool) (pages []uint32) {
	for ; set != 0; set &= set - 1 {
		for page, u := range requests[bits.TrailingZeros(set)] {
			if (u.written || alsoRead) && on.fixed(page) && !slices.Contains(pages, page) {
				pages = append(pages, page)
			}
		}
	}
	slices.Sort(pages)
	return pages
}

// toRead returns the lowest page of the image that a request reads although
// these are written first.
func (on terrain) toRead(requests []map[uint32]use, written []uint32) (page uint32, ok bool) {
	for _, pages := range requests {
		for p, u := range pages {
			if u.read && on.image(p) && !slices.Contains(written, p) && (!ok || p < page) {
				page, ok = p, true
			}
		}
	}
	return page, ok
}

// cost is what a window costs all requests together.
func (on terrain) cost(requests []map[uint32]use, t touches) (sum int) {
	for _, pages := range requests {
		window := windowReadFirst * len(t.read)
		for _, page := range t.written {
			sum += pick(on.image(page), pageWriteFirst, zeroWriteFirst)
		}
		for page, u := range pages {
			if slices.Contains(t.written, page) {
				continue
			}
			if u.written {
				sum += pick(on.image(page), pageWritten, zeroWritten)
			}
			switch {
			case u.read && on.image(page):
				window = cmp.Or(window, windowRead)
			case u.read:
				sum += zeroRead
			}
		}
		sum += window
	}
	return sum
}

func pick(first bool, a, b int) int {
	if first {
		return a
	}
	return b
}
