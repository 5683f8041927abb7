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
	// claimTime is for what is not in the store yet: while it is being written,
	// and where it cannot be.
	claimTime = day / 24
	// contradictoryTime is long, and the store has it for good.
	contradictoryTime = 365 * day
)

// Find returns what is known of a name. archive is what the module has. The
// store is asked only if patient is true and the cache does not decide. fresh
// reports whether the cache lacks what was found: [Keep] puts it there.
func Find(p Places, archive Archive, name *Name, patient bool) (e Entry, fresh bool) {
	cached := p.Cached(name)
	e = Merge(archive.Find(name), cached)
	if !patient || cached.Decided() {
		return e, false
	}
	// The store is asked even if the archive knows the name: a contradiction
	// that was found later stands there.
	stored, _ := p.Stored(name)
	e = Merge(e, stored)
	return e, e.Decided()
}

// Keep puts what [Find] found into the cache.
func Keep(p Places, name *Name, e *Entry) { p.PutCached(name, e, timeOf(e)) }

func timeOf(e *Entry) int64 {
	if e.State == Contradictory {
		return contradictoryTime
	}
	return knownTime
}

// Learn does what is to be done after a sight.
func Learn(p Places, s *Sight, now int64) {
	step, e := Next(p.Cached(&s.Name), s, now)
	switch step {
	case Note:
		p.PutCached(&s.Name, &e, noteTime)
	case Know:
		know(p, &s.Name, &e, now)
	case Contradict:
		contradict(p, &s.Name, &e)
	}
}

// know makes a destination known. The cache gets it first, so that of many
// readers at once one writes to the store, which takes one write a second for a
// key.
func know(p Places, name *Name, e *Entry, now int64) {
	p.PutCached(name, e, claimTime)
	switch p.PutStored(name, e, true) {
	case Done:
		confirm(p, name, e)
	case Taken:
		settle(p, name, e, now)
	}
}

// confirm puts what is in the store into the cache for longer, unless a
// contradiction was found meanwhile.
func confirm(p Places, name *Name, e *Entry) {
	if held := p.Cached(name); held.State != Contradictory {
		Keep(p, name, e)
	}
}

// settle compares a destination with the store's.
func settle(p Places, name *Name, known *Entry, now int64) {
	stored, ok := p.Stored(name)
	if !ok {
		return
	}
	step, e := Settle(stored, *known, now)
	switch step {
	case Note:
		confirm(p, name, &e)
	case Know:
		if p.PutStored(name, &e, false) == Done {
			confirm(p, name, &e)
		}
	case Contradict:
		contradict(p, name, &e)
	}
}

// contradict puts a contradiction into the cache and the store, and makes all
// other places forget the destination.
func contradict(p Places, name *Name, e *Entry) {
	p.PutCached(name, e, contradictoryTime)
	p.PutStored(name, e, false)
	p.Forget(name)
}
