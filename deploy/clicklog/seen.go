package clicklog

import "hash/maphash"

// remembered is how many requests are remembered at least. A repeat further
// behind its first line than that is counted again, see [Reader.Forgot].
const remembered = 3 << 20

// seen remembers ids of requests in memory that does not grow with the log: 64
// bits of each, in two tables of 32 MiB at most. When one is full, the older is
// emptied for what comes next. Two ids of six million have the same 64 bits
// with a probability of one in a million; then one request is not counted.
type seen struct {
	seed       maphash.Seed
	young, old table
	most       int // ids in a table; 0 for remembered
	forgot     int
}

// add remembers an id, and reports whether it is new.
func (s *seen) add(id string) bool {
	if s.young.slots == nil {
		s.seed = maphash.MakeSeed()
		s.young.grow(1 << 10)
	}
	hash := max(maphash.String(s.seed, id), 1) // 0 is a free slot
	if s.old.has(hash) || s.young.has(hash) {
		return false
	}
	if s.most == 0 {
		s.most = remembered
	}
	if s.young.used >= s.most {
		s.turn()
	}
	s.young.add(hash)
	return true
}

// turn makes the young table the old one, and forgets what was in that.
func (s *seen) turn() {
	s.forgot += s.old.used
	s.old, s.young = s.young, s.old
	s.young.used = 0
	clear(s.young.slots)
	if s.young.slots == nil {
		s.young.grow(len(s.old.slots))
	}
}

// table is a set of hashes with open addressing. The number of slots is a power
// of two, and a quarter of them is free.
type table struct {
	slots []uint64
	used  int
}

func (t *table) has(hash uint64) bool {
	return len(t.slots) > 0 && t.slots[t.find(hash)] != 0
}

// find returns the slot of a hash, or the free one where it belongs.
func (t *table) find(hash uint64) uint64 {
	mask := uint64(len(t.slots) - 1)
	i := hash & mask
	for t.slots[i] != 0 && t.slots[i] != hash {
		i = (i + 1) & mask
	}
	return i
}

func (t *table) add(hash uint64) {
	if t.used >= len(t.slots)/4*3 {
		t.grow(2 * len(t.slots))
	}
	t.slots[t.find(hash)] = hash
	t.used++
}

func (t *table) grow(n int) {
	before := t.slots
	t.slots = make([]uint64, n)
	for _, hash := range before {
		if hash != 0 {
			t.slots[t.find(hash)] = hash
		}
	}
}
