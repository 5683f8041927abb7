package server

import (
	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/learned"
)

var _ core.LearnedLinks = (*exchange)(nil)

// Learned implements core.LearnedLinks. What the cache did not have is put there
// later: no reader waits for a disk.
func (x *exchange) Learned(name *learned.Name, patient bool) learned.Entry {
	p := x.places()
	e, seconds := learned.Find(p, x.content.Archive, name, patient)
	if seconds > 0 {
		held, entry := *name, e
		x.later(func() { p.PutCached(&held, &entry, seconds) })
	}
	return e
}

// learn records, after the answer, what an origin's answer says of the link.
func (x *exchange) learn(status int, locations string) {
	if !x.site.Learn || x.s.Links == nil {
		return
	}
	var ok bool
	if x.sight, ok = x.site.Sight(&x.request, x.record.Kind, status, locations); ok {
		p, now := x.places(), x.start.Unix()
		x.later(func() { learned.Learn(p, x.content.Archive, &x.sight, now) })
	}
}

func (x *exchange) places() *places {
	return &places{links: x.s.Links, now: x.start.Unix(), warn: func(err error) {
		x.warn("warning: the file of learned links failed: " + err.Error() + "; site " + x.site.Host + ", request " + x.record.RequestID)
	}}
}

// places are the cache and the store of learned links, on this machine.
type places struct {
	links *Links
	now   int64
	warn  func(error)
}

var _ learned.Places = (*places)(nil)

// Cached implements learned.Places.
func (p *places) Cached(name *learned.Name) learned.Entry {
	text, err := p.links.get(cacheBucket, name)
	if err != nil {
		p.warn(err)
	}
	return learned.ReadCached(name, text, p.now)
}

// PutCached implements learned.Places.
func (p *places) PutCached(name *learned.Name, e *learned.Entry, seconds int64) {
	if _, err := p.links.put(cacheBucket, name, e.AppendCached(nil, name, p.now+seconds), false); err != nil {
		p.warn(err)
	}
}

// Stored implements learned.Places.
func (p *places) Stored(name *learned.Name) (learned.Entry, bool) {
	e, err := p.links.Stored(name)
	if err != nil {
		p.warn(err)
	}
	return e, err == nil
}

// PutStored implements learned.Places.
func (p *places) PutStored(name *learned.Name, e *learned.Entry, add bool) learned.Written {
	taken, err := p.links.put(linkBucket, name, e.Append(nil, name), add)
	switch {
	case err != nil:
		p.warn(err)
		return learned.Failed
	case taken:
		return learned.Taken
	}
	return learned.Done
}

// Forget implements learned.Places. There is no cache but this machine's, in
// which a contradiction stands by now.
func (p *places) Forget(*learned.Name) {}
