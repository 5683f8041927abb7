package learned

// Places are the places outside the module in which entries are kept: the cache
// of the place that a request came to, and the store of all. The guest has them,
// and tests have theirs.
type Places interface {
	// Cached returns what the cache of this place has.
	Cached(name *Name) Entry
	// PutCached puts an entry into it, for so many seconds at most.
	PutCached(name *Name, e *Entry, seconds int64)
	// Stored returns what the store has. ok is false if it gave no answer.
	Stored(name *Name) (e Entry, ok bool)
	// PutStored writes an entry to the store; with add only if it has none.
	PutStored(name *Name, e *Entry, add bool) Written
	// Forget removes a known destination from the caches of all places.
	Forget(name *Name)
}

// Written is what became of a write to the store.
type Written uint8

// The outcomes.
const (
	Failed Written = iota // there is no store, or it did not take the entry
	Done
	Taken // the store has an entry already
)

// How long an entry stays in a cache, in seconds. A cache may drop it earlier.
const (
	day = 24 * 60 * 60
	// noteTime bounds how long the first message waits for the second.
	noteTime = 7 * day
	// knownTime is about as long as the links of a mail are clicked on. Then the
	// name is learned again, which compares it with the store.
	knownTime = 30 * day
	// storedTime is for what was read from the store: a store may give out what
	// it had before a contradiction, and one was perhaps written since.
	storedTime = day / 24
	// claimTime is for what the store did not take.
	claimTime = day / 24
	// againTime is for what must not wait: the archive's word while the store
	// gives no answer, and a contradiction that the store did not take.
	againTime = 60
	// contradictoryTime is long, and the store has it for good.
	contradictoryTime = 365 * day
)

// Find returns what is known of a name. archive is what the module has. The
// store is asked only if patient is true and the cache does not decide. seconds
// is for how long what was found should be put into the cache; 0: not at all.
func Find(p Places, archive Archive, name *Name, patient bool) (e Entry, seconds int64) {
	cached := p.Cached(name)
	e = Merge(archive.Find(name), cached)
	if !patient || cached.Decided() {
		return e, 0
	}
	// The store is asked even if the archive knows the name: a contradiction
	// that was found later stands there.
	stored, answered := p.Stored(name)
	if e = Merge(e, stored); !e.Decided() {
		return e, 0
	}
	return e, timeOf(&e, answered)
}

func timeOf(e *Entry, answered bool) int64 {
	switch {
	case !answered:
		return againTime
	case e.State == Contradictory:
		return contradictoryTime
	}
	return storedTime
}

// Learn does what is to be done after a sight. What the module's archive has
// counts as if it had been seen before: one answer that leads elsewhere
// contradicts it.
func Learn(p Places, archive Archive, s *Sight, now int64) {
	held := p.Cached(&s.Name)
	if !held.Decided() {
		if a := archive.Find(&s.Name); a.Decided() && a.Destination != s.Destination {
			held = a
		}
	}
	step, e := Next(held, s, now)
	s.entry = e
	switch step {
	case Note:
		p.PutCached(&s.Name, &s.entry, noteTime)
	case Know:
		know(p, &s.Name, &s.entry, now)
	case Contradict:
		contradict(p, &s.Name, &s.entry)
	}
}

// know makes a destination known. The cache gets it first, so that of many
// readers at once one writes to the store, which takes one write a second for a
// key. A contradiction that is found meanwhile is put after it, or the store
// has it already.
func know(p Places, name *Name, e *Entry, now int64) {
	p.PutCached(name, e, knownTime)
	switch p.PutStored(name, e, true) {
	case Failed:
		claim(p, name, e)
	case Taken:
		settle(p, name, e, now)
	}
}

// claim lets the cache end sooner what the store did not take: then it is tried
// again.
func claim(p Places, name *Name, e *Entry) {
	if held := p.Cached(name); held.State != Contradictory {
		p.PutCached(name, e, claimTime)
	}
}

// settle compares a destination with the store's.
func settle(p Places, name *Name, known *Entry, now int64) {
	stored, ok := p.Stored(name)
	if !ok {
		claim(p, name, known)
		return
	}
	step, e := Settle(stored, *known, now)
	switch {
	case step == Contradict:
		contradict(p, name, &e)
	case e.State == Contradictory:
		p.PutCached(name, &e, contradictoryTime)
	case step == Know && p.PutStored(name, &e, false) != Done:
		claim(p, name, &e)
	}
}

// contradict puts a contradiction into the cache and the store, and makes all
// other places forget the destination. The cache remembers if the store did not
// take it, and [Next] tries again.
func contradict(p Places, name *Name, e *Entry) {
	p.PutCached(name, e, contradictoryTime)
	if p.PutStored(name, e, false) != Done {
		late := *e
		late.unstored = true
		p.PutCached(name, &late, contradictoryTime)
	}
	p.Forget(name)
}
