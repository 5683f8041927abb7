package learned

import (
	"fmt"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"
)

// shelf is one place with a store, as text, and counts what is asked of them.
type shelf struct {
	cached, stored string
	// refuse: the store takes nothing; silent: it does not answer.
	refuse, silent bool
	now            int64
	writes, reads  int
	seconds        int64 // of the last entry of the cache
}

var _ Places = (*shelf)(nil)

func (p *shelf) Cached(name *Name) Entry {
	return ReadCached(name, p.cached, p.now)
}

func (p *shelf) PutCached(name *Name, e *Entry, seconds int64) {
	p.cached, p.seconds = string(e.AppendCached(nil, name, p.now+seconds)), seconds
}

func (p *shelf) Stored(name *Name) (Entry, bool) {
	p.reads++
	if p.silent {
		return Entry{}, false
	}
	return ReadEntry(name, p.stored), true
}

func (p *shelf) PutStored(name *Name, e *Entry, add bool) Written {
	p.writes++
	switch {
	case p.refuse || p.silent:
		return Failed
	case add && p.stored != "":
		return Taken
	}
	p.stored = string(e.Append(nil, name))
	return Done
}

func (p *shelf) Forget(name *Name) {
	if p.Cached(name).State == Known {
		p.cached = ""
	}
}

func (p *shelf) held() Entry    { n := someName(); return ReadCached(&n, p.cached, p.now) }
func (p *shelf) inStore() Entry { n := someName(); return ReadEntry(&n, p.stored) }

func (p *shelf) learn(a Archive, sights ...*Sight) {
	for _, s := range sights {
		Learn(p, a, s, p.now)
	}
}

func (p *shelf) find(a Archive) Entry {
	n := someName()
	e, seconds := Find(p, a, &n, true)
	if seconds > 0 {
		p.PutCached(&n, &e, seconds)
	}
	return e
}

func archiveOf(t *testing.T, e Entry) Archive {
	t.Helper()
	data, err := AppendArchive(nil, []Item{{someName(), e}})
	require.NoError(t, err)
	return OpenArchive(string(data))
}

// TestRaces: one reader's answer makes a destination known while another's
// contradicts it. In whatever order the two use the cache and the store, and
// whatever stood in the store, the link is not used afterwards.
func TestRaces(t *testing.T) {
	name := someName()
	known, contradicted, note := KnownSince(1, shop), contradiction(1), Entry{}
	_, note = Next(note, sight("m1", shop), 1)
	for about, stored := range map[string]string{
		"nothing": "", "damaged": "x", "the same": string(known.Append(nil, &name)), "contradictory": string(contradicted.Append(nil, &name)),
	} {
		orders := 0
		for order := range schedules(12) {
			p := &shelf{stored: stored, cached: string(note.AppendCached(nil, &name, 1000))}
			done := interleave(p, order, sight("m2", shop), sight("m3", other))
			orders++
			if about == "damaged" && p.inStore().State == Known {
				continue // see Settle: what was put there meanwhile is lost
			}
			require.NotEqual(t, Known, p.find(Archive{}).State, "%s in the store: %v", about, done)
			require.Equal(t, Contradictory, p.inStore().State, "%s in the store: %v", about, done)
		}
		require.Greater(t, orders, 500)
	}
}

// schedules yields all ways to let the first or the second go next, n times.
func schedules(n int) iter.Seq[[]bool] {
	return func(yield func([]bool) bool) {
		for bits := range 1 << n {
			order := make([]bool, n)
			for i := range order {
				order[i] = bits>>i&1 != 0
			}
			if !yield(order) {
				return
			}
		}
	}
}

// turns is a place whose user waits for a turn before each use.
type turns struct {
	*shelf
	ask chan turn
}

type turn struct {
	use   string
	begin chan struct{}
}

func (p *turns) wait(use string) {
	t := turn{use, make(chan struct{})}
	p.ask <- t
	<-t.begin
}

func (p *turns) Cached(name *Name) Entry {
	p.wait("Cached")
	return p.shelf.Cached(name)
}

func (p *turns) PutCached(name *Name, e *Entry, seconds int64) {
	p.wait("PutCached " + e.State.String())
	p.shelf.PutCached(name, e, seconds)
}

func (p *turns) Stored(name *Name) (Entry, bool) {
	p.wait("Stored")
	return p.shelf.Stored(name)
}

func (p *turns) PutStored(name *Name, e *Entry, add bool) Written {
	p.wait("PutStored " + e.State.String())
	return p.shelf.PutStored(name, e, add)
}

func (p *turns) Forget(name *Name) {
	p.wait("Forget")
	p.shelf.Forget(name)
}

// interleave learns two sights at once. order says whose use of the place is
// next; who has ended gives way to the other. It returns who used what.
func interleave(p *shelf, order []bool, sights ...*Sight) (uses []string) {
	asks, next := [2]chan turn{}, [2]*turn{}
	take := func(i int) {
		next[i] = nil
		if t, ok := <-asks[i]; ok {
			next[i] = &t
		}
	}
	for i, s := range sights {
		asks[i] = make(chan turn)
		go func() {
			Learn(&turns{p, asks[i]}, Archive{}, s, 2)
			close(asks[i])
		}()
		take(i)
	}
	for at := 0; next[0] != nil || next[1] != nil; at++ {
		i := 0
		if at < len(order) && order[at] {
			i = 1
		}
		if next[i] == nil {
			i = 1 - i
		}
		uses = append(uses, fmt.Sprint(i, " ", next[i].use))
		close(next[i].begin)
		take(i)
	}
	return uses
}

// The second sight writes once to the cache and once to the store, and the
// store is not read unless it has the link.
func TestCostOfASecondSight(t *testing.T) {
	p := &shelf{now: 1000}
	p.learn(Archive{}, sight("m1", shop), sight("m2", shop), sight("m3", shop))
	require.Equal(t, []int{1, 0}, []int{p.writes, p.reads})
	require.Equal(t, int64(knownTime), p.seconds)
	p.cached = "" // another place
	p.learn(Archive{}, sight("m1", shop), sight("m2", shop), sight("m3", shop))
	require.Equal(t, []int{2, 1}, []int{p.writes, p.reads})
	require.Equal(t, int64(knownTime), p.seconds)
}

// A store that takes nothing, or does not answer, is tried again after an hour
// for a destination, and after a minute for a contradiction.
func TestStoreThatTakesNothing(t *testing.T) {
	for _, silent := range []bool{false, true} {
		p := &shelf{now: 1000, refuse: !silent, silent: silent}
		p.learn(Archive{}, sight("m1", shop), sight("m2", shop), sight("m3", shop))
		require.Equal(t, 1, p.writes)
		require.Equal(t, int64(claimTime), p.seconds)
		require.Equal(t, Known, p.held().State)
		p.learn(Archive{}, sight("m4", other), sight("m5", shop), sight("m6", other))
		require.Equal(t, 2, p.writes)
		require.Equal(t, Contradictory, p.held().State)
		p.now += againTime
		p.learn(Archive{}, sight("m7", shop), sight("m8", shop))
		require.Equal(t, 3, p.writes, "whatever the answer is")
		p.refuse, p.silent, p.now = false, false, p.now+againTime
		p.learn(Archive{}, sight("m9", shop), sight("m1", other))
		require.Equal(t, 4, p.writes)
		require.Equal(t, Contradictory, p.inStore().State)
		p.now += day
		p.learn(Archive{}, sight("m2", shop), sight("m3", other))
		require.Equal(t, 4, p.writes)
		require.Equal(t, Contradictory, p.held().State)
	}
}

// A store that has the link, but does not say what it leads to, is asked again.
func TestStoreThatTakesAndDoesNotAnswer(t *testing.T) {
	name := someName()
	e := KnownSince(1, other)
	p := &shelf{now: 1000, stored: string(e.Append(nil, &name))}
	deaf := &deafShelf{p}
	for _, m := range []string{"m1", "m2", "m3"} {
		Learn(deaf, Archive{}, sight(m, shop), p.now)
	}
	require.Equal(t, int64(claimTime), p.seconds)
	p.now += claimTime
	p.learn(Archive{}, sight("m1", shop), sight("m2", shop))
	require.Equal(t, Contradictory, p.inStore().State)
	require.Equal(t, Contradictory, p.held().State)
}

type deafShelf struct{ *shelf }

func (deafShelf) Stored(*Name) (Entry, bool) { return Entry{}, false }

// One answer contradicts what the module's archive has, and what is
// contradictory there is not learned anew.
func TestArchiveIsContradicted(t *testing.T) {
	a := archiveOf(t, KnownSince(60, shop))
	p := &shelf{now: 1000}
	p.learn(a, sight("m1", shop), sight("m2", shop))
	require.Equal(t, Known, p.inStore().State, "what agrees is learned, for builds without the archive")
	for _, held := range [][]*Sight{nil, {sight("m1", other)}, {sight("m1", shop)}} {
		p = &shelf{now: 1000}
		p.learn(Archive{}, held...)
		p.learn(a, sight("m2", other))
		require.Equal(t, Contradictory, p.held().State)
		require.Equal(t, Contradictory, p.inStore().State)
		require.Equal(t, Contradictory, p.find(a).State)
	}
	p = &shelf{now: 1000}
	p.learn(archiveOf(t, contradiction(60)), sight("m1", shop), sight("m2", shop), sight("m3", shop))
	require.Equal(t, []string{"", ""}, []string{p.cached, p.stored})
	s := sight("m1", other)
	s.Fit = false
	p.learn(a, s)
	require.Equal(t, Contradictory, p.inStore().State, "a destination that is not listed contradicts, too")
}

// What was found is kept only as long as it is certain: what the archive says
// while the store gives no answer for a minute, what the store says for an hour,
// since a store may give out what was there before a contradiction.
func TestFindKeeps(t *testing.T) {
	name := someName()
	known, contradicted := KnownSince(60, shop), contradiction(60)
	for _, c := range []struct {
		about           string
		archive, stored Entry
		silent          bool
		want            State
		seconds         int64
	}{
		{"nothing", Entry{}, Entry{}, false, Absent, 0},
		{"no answer", Entry{}, Entry{}, true, Absent, 0},
		{"the store", Entry{}, known, false, Known, 3600},
		{"the store's contradiction", known, contradicted, false, Contradictory, contradictoryTime},
		{"the archive alone", known, Entry{}, false, Known, 3600},
		{"the archive, no answer", known, Entry{}, true, Known, 60},
		{"the archive's contradiction, no answer", contradicted, Entry{}, true, Contradictory, 60},
		{"two destinations", known, KnownSince(60, other), false, Contradictory, contradictoryTime},
		{"one note", Entry{}, Entry{State: Noted, Since: 60, Destination: shop, count: 1}, false, Absent, 0},
	} {
		p, a := &shelf{now: 1000, silent: c.silent}, Archive{}
		if c.archive.Decided() {
			a = archiveOf(t, c.archive)
		}
		if c.stored.State != Absent {
			p.stored = string(c.stored.Append(nil, &name))
		}
		e, seconds := Find(p, a, &name, true)
		require.Equal(t, []any{c.want, c.seconds}, []any{e.State, seconds}, c.about)
		before := p.reads
		e, seconds = Find(p, a, &name, false)
		require.Zero(t, seconds, c.about)
		require.Equal(t, before, p.reads, "%s: who must not wait does not", c.about)
		require.Equal(t, c.archive.Destination, e.Destination, c.about)
	}
}

// The archive's word, kept while the store gave no answer, does not hide the
// contradiction that the store has.
func TestArchiveDoesNotHideTheStore(t *testing.T) {
	name := someName()
	x := contradiction(90)
	p, a := &shelf{now: 1000, stored: string(x.Append(nil, &name)), silent: true}, archiveOf(t, KnownSince(60, shop))
	require.Equal(t, Known, p.find(a).State)
	require.Equal(t, Known, p.find(a).State)
	require.Equal(t, 1, p.reads, "for a minute readers do not wait")
	p.silent, p.now = false, p.now+againTime
	require.Equal(t, Contradictory, p.find(a).State)
}
