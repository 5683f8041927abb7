package handler

import (
	"bytes"
	"errors"
	"io"
	"time"

	cache "github.com/fastly/compute-sdk-go/cache/core"
	"github.com/fastly/compute-sdk-go/kvstore"
	"github.com/fastly/compute-sdk-go/purge"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/learned"
)

// This file has the places in which learned links are kept: the archive of the
// options, the cache of this place, and the KV store. What is put where is
// decided in core/learned.

var (
	_ core.LearnedLinks = (*exchange)(nil)
	_ learned.Places    = (*exchange)(nil)
)

// Learned implements core.LearnedLinks. What the cache did not have is put
// there, so that the next reader does not wait for the store.
func (x *exchange) Learned(name *learned.Name, patient bool) learned.Entry {
	e, seconds := learned.Find(x, x.h.opt.Archive, name, patient)
	if seconds > 0 {
		x.PutCached(name, &e, seconds)
	}
	return e
}

// learn records, after the answer, what an origin's answer says of the link.
func (x *exchange) learn(status int, locations string) {
	if !x.site.Learn {
		return
	}
	if sight, ok := x.site.Sight(&x.request, x.record.Kind, status, locations); ok {
		learned.Learn(x, x.h.opt.Archive, &sight, x.start.Unix())
	}
}

// linkKey returns the key of a name in the cache.
func linkKey(name *learned.Name) string { return contract.LinkKey + name.String() }

// Cached implements learned.Places.
func (x *exchange) Cached(name *learned.Name) learned.Entry {
	found, err := cache.Lookup([]byte(linkKey(name)), cache.LookupOptions{})
	if err != nil {
		return learned.Entry{}
	}
	defer found.Body.Close()
	text, err := found.UserMetadata()
	if err != nil {
		return learned.Entry{}
	}
	return learned.ReadCached(name, string(text), x.start.Unix())
}

// PutCached implements learned.Places. Only a known entry has a surrogate key:
// a contradiction must outlive the purge that it causes.
func (x *exchange) PutCached(name *learned.Name, e *learned.Entry, seconds int64) {
	opt := cache.WriteOptions{TTL: time.Duration(seconds) * time.Second, UserMetadata: e.AppendCached(nil, name, x.start.Unix()+seconds)}
	if e.State == learned.Known {
		opt.SurrogateKeys = []string{linkKey(name)}
	}
	if object, err := cache.Insert([]byte(linkKey(name)), opt); err == nil {
		_ = object.Close() // a cache may lose it anyway
	}
}

// mostStored is more than any entry of the store has.
const mostStored = 4 << 10

// Stored implements learned.Places. A value that is longer than any entry is
// damaged, and so none. The SDK sets no limit on how long the store may take.
func (x *exchange) Stored(name *learned.Name) (e learned.Entry, ok bool) {
	store, err := kvstore.Open(contract.LinkStore)
	if err != nil {
		return e, false
	}
	value, err := store.Lookup(name.String())
	if err != nil {
		return e, errors.Is(err, kvstore.ErrKeyNotFound)
	}
	text, err := io.ReadAll(io.LimitReader(value, mostStored+1))
	if err != nil {
		return e, false
	}
	if len(text) <= mostStored {
		e = learned.ReadEntry(name, string(text))
	}
	return e, true
}

// PutStored implements learned.Places. It says on standard error if the store
// does not take the entry.
func (x *exchange) PutStored(name *learned.Name, e *learned.Entry, add bool) learned.Written {
	store, err := kvstore.Open(contract.LinkStore)
	if err == nil {
		opt := &kvstore.InsertConfig{Mode: kvstore.InsertModeOverwrite}
		if add {
			opt.Mode = kvstore.InsertModeAdd
		}
		err = store.InsertWithConfig(name.String(), bytes.NewReader(e.Append(nil, name)), opt)
	}
	switch {
	case err == nil:
		return learned.Done
	case errors.Is(err, kvstore.ErrPreconditionFailed):
		return learned.Taken
	case errors.Is(err, kvstore.ErrStoreNotFound):
		x.warnOfLinks("KV store " + contract.LinkStore + " is not linked to this service: a learned link stays in the cache of one place")
	default:
		x.warnOfLinks("KV store " + contract.LinkStore + " did not take a learned link (" + err.Error() + ")")
	}
	return learned.Failed
}

// Forget implements learned.Places.
func (x *exchange) Forget(name *learned.Name) {
	if err := purge.PurgeSurrogateKey(linkKey(name), purge.PurgeOptions{}); err != nil {
		x.warnOfLinks("a link that leads to two destinations was not purged from the caches of all places (" + err.Error() + ")")
	}
}

// warnOfLinks writes a warning to standard error.
func (x *exchange) warnOfLinks(what string) {
	x.warn("warning: " + what + "; site " + x.site.Host)
}
