package main

import (
	"os"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// This file has the places in which learned links are kept: the module's
// archive, the cache of this place, and the KV store. What is put where is
// decided in core/learned, and a click that its ESP answers does nothing here
// before its reader has been answered.

var (
	_ core.LearnedLinks = (*exchange)(nil)
	_ learned.Places    = (*exchange)(nil)
)

// storeTimeout is how long the KV store may take, in milliseconds, of a reader
// who has waited for the ESP already.
const storeTimeout = 300

// entryRoom is the length of an entry, as a rule.
const entryRoom = 2 << 10

// links is what the exchange has of its link.
type links struct {
	key   [len(contract.LinkKey) + learned.NameLength]byte
	sight learned.Sight
}

// openArchive opens the archive that follows the table of sites.
func openArchive() learned.Archive { return learned.OpenArchive(tableData()) }

// Learned implements core.LearnedLinks. What the cache did not have is put
// there, so that the next reader does not wait for the store.
func (x *exchange) Learned(name *learned.Name, patient bool) learned.Entry {
	e, seconds := learned.Find(x, openArchive(), name, patient)
	if seconds > 0 {
		x.PutCached(name, &e, seconds)
	}
	return e
}

// learn records what an origin's answer says of the link.
func (x *exchange) learn(status int, locations string) {
	var ok bool
	if hot.links.sight, ok = x.site.Sight(&x.request, x.record.Kind, status, locations); ok {
		learned.Learn(x, openArchive(), &hot.links.sight, x.now())
	}
}

// now is the time of the request in seconds since 1970.
func (x *exchange) now() int64 { return x.start / 1e9 }

// linkKey returns the key of a name in the cache. The next call overwrites it.
func (x *exchange) linkKey(name *learned.Name) string {
	copy(hot.links.key[:], contract.LinkKey)
	copy(hot.links.key[len(contract.LinkKey):], name[:])
	return view(hot.links.key[:])
}

// Cached implements learned.Places.
func (x *exchange) Cached(name *learned.Name) learned.Entry {
	text, st := hostcall.Cached(&x.buf, x.linkKey(name))
	if st != hostcall.OK {
		return learned.Entry{}
	}
	return learned.ReadCached(name, text, x.now())
}

// PutCached implements learned.Places. Only a known entry has a surrogate key:
// a contradiction must outlive the purge that it causes.
func (x *exchange) PutCached(name *learned.Name, e *learned.Entry, seconds int64) {
	key, surrogate := x.linkKey(name), ""
	if e.State == learned.Known {
		surrogate = key
	}
	text := e.AppendCached(x.buf.Free(entryRoom)[:0], name, x.now()+seconds)
	hostcall.Cache(key, view(text), surrogate, uint64(seconds))
}

// Stored implements learned.Places. A value that is longer than any entry is
// damaged, and so none.
func (x *exchange) Stored(name *learned.Name) (e learned.Entry, ok bool) {
	store, st := hostcall.OpenStore(contract.LinkStore)
	if st != hostcall.OK {
		return e, false
	}
	start := now()
	text, st := store.Get(&x.buf, view(name[:]), func() uint32 { return leftSince(start, now()) })
	if st == hostcall.OK {
		e = learned.ReadEntry(name, text)
	}
	return e, st == hostcall.OK || st == hostcall.None || st == hostcall.BufferTooSmall
}

// leftSince returns how many milliseconds of storeTimeout are left. A wall clock
// may step back: then it is all of it.
func leftSince(start, now int64) uint32 {
	return uint32(storeTimeout - min(max(0, now-start)/1e6, storeTimeout))
}

// PutStored implements learned.Places. It says on standard error if the store
// does not take the entry.
func (x *exchange) PutStored(name *learned.Name, e *learned.Entry, add bool) learned.Written {
	store, st := hostcall.OpenStore(contract.LinkStore)
	if st == hostcall.OK {
		st = store.Put(view(name[:]), e.Append(x.buf.Free(entryRoom)[:0], name), add)
	}
	switch st {
	case hostcall.OK:
		return learned.Done
	case hostcall.None:
		return learned.Taken
	}
	why := "did not take a learned link (" + st.String() + ")"
	if st == hostcall.InvalidArg {
		why = "is not linked to this service: a learned link stays in the cache of one place"
	}
	x.warnOfLinks("KV store " + contract.LinkStore + " " + why)
	return learned.Failed
}

// Forget implements learned.Places.
func (x *exchange) Forget(name *learned.Name) {
	if st := hostcall.Purge(x.linkKey(name)); st != hostcall.OK {
		x.warnOfLinks("a link that leads to two destinations was not purged from the caches of all places (" + st.String() + ")")
	}
}

// warnOfLinks writes a warning to standard error.
func (x *exchange) warnOfLinks(what string) {
	_, _ = os.Stderr.WriteString("warning: " + what + "; site " + x.site.Host + ", request " + x.record.RequestID + "\n")
}
