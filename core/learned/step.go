package learned

// Sight is what an ESP's answer to a click said of its link. core makes it, and
// only of what an origin answered.
type Sight struct {
	Link
	// Destination is where the answer led.
	Destination string
	// Fit reports whether it may be learned: it has the grammar of a redirect's
	// destination, the site lists its host, and it is not too long. One that
	// does not fit can still contradict.
	Fit bool
	// entry is what comes of it. It stands here so that it is not allocated.
	entry Entry
}

// Step is what is to be done after a sight.
type Step uint8

// The steps.
const (
	Nothing    Step = iota
	Note            // the entry is put into the cache of this place
	Know            // it is put into the cache, and added to the store
	Contradict      // it is put into the cache and the store, whatever stands there
)

var stepNames = [...]string{"nothing", "note", "know", "contradict"}

// String returns the step in a word.
func (s Step) String() string { return stepNames[s] }

// A destination is known after the answers to links of so many messages. A link
// that does not name its message may be of a message that has been counted, so
// such links count only to the second number if the destination may be personal:
// no message is expected to lead to one destination so often.
const (
	messages      = 2
	personalLinks = 4
)

// Next says what is to be done after a sight, given the entry that the cache of
// this place has, and the entry to put. now is in seconds since 1970.
//
// A destination in which something personal is seen is not learned: a reader's
// own page stands in each mail to that reader, so that two messages agree on
// it.
func Next(held Entry, s *Sight, now int64) (Step, Entry) {
	switch {
	case held.State == Contradictory && held.unstored && now-held.Since >= againTime:
		return Contradict, contradiction(now)
	case held.State == Contradictory:
		return Nothing, held
	case held.State != Absent && held.Destination != s.Destination:
		return Contradict, contradiction(now)
	case held.State == Known, !s.Fit, Personal(s.Destination) != "":
		return Nothing, held
	}
	return held.with(s, now)
}

func contradiction(now int64) Entry { return Entry{State: Contradictory, Since: now} }

// with is the note, or none, with one more sight of the same destination.
func (e Entry) with(s *Sight, now int64) (Step, Entry) {
	mark := s.Mark()
	for _, m := range e.marks[:e.count] {
		if m == mark {
			return Nothing, e
		}
	}
	if e.enough(mark, s.Destination) {
		return Know, KnownSince(now, s.Destination)
	}
	if e.State == Absent {
		e = Entry{State: Noted, Since: now, Destination: s.Destination}
	}
	e.marks[e.count] = mark
	e.count++
	return Note, e
}

// enough reports whether one more mark makes the destination known.
func (e *Entry) enough(mark Mark, destination string) bool {
	named, all := 0, int(e.count)+1
	if mark.named() {
		named++
	}
	for _, m := range e.marks[:e.count] {
		if m.named() {
			named++
		}
	}
	return named >= messages || all >= personalLinks || all >= messages && !maybePersonal(destination)
}

// Settle says what is to be done if the store already had an entry when a known
// one was to be added, and the entry to put into the cache: the stored one if
// both agree, a contradiction if they do not. A stored entry that is damaged is
// absent, and then the known one takes its place.
func Settle(stored, known Entry, now int64) (Step, Entry) {
	switch {
	case stored.State == Contradictory:
		return Note, stored
	case stored.State != Known:
		return Know, known
	case stored.Destination == known.Destination:
		return Note, stored
	}
	return Contradict, contradiction(now)
}

// Merge returns what is known if two places have an entry: a contradiction wins
// over all, two known destinations that differ are one, and a note counts for
// nothing.
func Merge(a, b Entry) Entry {
	switch {
	case a.State == Contradictory:
		return a
	case b.State == Contradictory:
		return b
	case a.State != Known && b.State != Known:
		return Entry{}
	case a.State != Known:
		return b
	case b.State == Known && a.Destination != b.Destination:
		return contradiction(max(a.Since, b.Since))
	}
	return a
}

// Decided reports whether the entry says what becomes of a click.
func (e *Entry) Decided() bool { return e.State == Known || e.State == Contradictory }
