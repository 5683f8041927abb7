package verdicts

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
)

// The bounds of orders, and of the clicks that wait for other mails in the same.
const (
	mostOrders  = 20_000
	mostWaiting = 300_000
)

// orders has the orders in which links were followed, by a hash of their names.
type orders struct {
	seed maphash.Seed
	seen map[uint64]*order
	full int // orders that were not kept
	held int // clicks that wait
}

// order is one of them: in how many mails it was met, and the clicks of the
// first of these, until there are enough.
type order struct {
	mails   int
	pending [][]click
}

// take looks for the order of each reader's clicks on a mail, which are sorted
// by reader and time, and marks them if it is that of enough mails. It returns
// the clicks of earlier mails that are found by this one, and keeps its own if
// it must be waited for others: their index is in kept.
func (o *orders) take(m *mail) (late []click, kept []int) {
	for from := 0; from < len(m.clicks); {
		n := from + 1
		for n < len(m.clicks) && m.clicks[n].reader == m.clicks[from].reader {
			n++
		}
		more, waits := o.reader(m.clicks[from:n])
		late = append(late, more...)
		if waits {
			for i := from; i < n; i++ {
				kept = append(kept, i)
			}
		}
		from = n
	}
	return late, kept
}

// reader takes the clicks of one reader.
func (o *orders) reader(list []click) (late []click, waits bool) {
	key, ok := o.key(list)
	if !ok {
		return nil, false
	}
	if o.seen == nil {
		o.seen = map[uint64]*order{}
	}
	seen := o.seen[key]
	if seen == nil {
		if len(o.seen) >= mostOrders || o.held+len(list) > mostWaiting {
			o.full++
			return nil, false
		}
		seen = &order{}
		o.seen[key] = seen
	}
	if seen.mails++; seen.mails < orderMails {
		o.held += len(list)
		seen.pending = append(seen.pending, slices.Clone(list))
		return nil, true
	}
	mark := func(list []click) {
		for i := range list {
			list[i].found |= 1 << Order
		}
	}
	mark(list)
	for _, earlier := range seen.pending {
		mark(earlier)
		late = append(late, earlier...)
	}
	o.held -= len(late)
	seen.pending = nil
	return late, false
}

// key names the order of a reader's clicks; ok is false where they are too few
// or too slow, or one reader's by no means.
func (o *orders) key(list []click) (key uint64, ok bool) {
	if list[0].reader == 0 || list[len(list)-1].time.Sub(list[0].time) > orderWithin {
		return 0, false
	}
	var links []byte
	seen := map[uint64]bool{}
	for i := range list {
		if link := list[i].link; !seen[link] {
			seen[link] = true
			links = binary.LittleEndian.AppendUint64(links, link)
		}
	}
	if len(seen) < orderLinks {
		return 0, false
	}
	if o.seed == (maphash.Seed{}) {
		o.seed = maphash.MakeSeed()
	}
	return maphash.Bytes(o.seed, links), true
}
