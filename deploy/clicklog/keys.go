package clicklog

import (
	"time"

	"github.com/clickedge/clickedge/core/outcome"
)

// Keys counts the use of keys. The zero value has read nothing.
type Keys struct {
	Reader
	used map[string]KeyUse
}

// KeyUse is what the log says of one key.
type KeyUse struct {
	Clicks  int       // clicks and opens that were answered
	Last    time.Time // of them
	Expires time.Time // the latest expiry of its links, zero for none
	Forever bool      // a link without expiry was clicked
}

// Line counts one line. A refused request, such as one with an expired link,
// does not count as use of a key.
func (k *Keys) Line(text []byte) {
	l, ok := k.Parse(text)
	if !ok || l.KID == "" || l.Code != outcome.OK || !k.First(l) {
		return
	}
	if k.used == nil {
		k.used = map[string]KeyUse{}
	}
	k.used[l.KID] = k.used[l.KID].with(l)
}

// Use returns the counts of a key.
func (k *Keys) Use(kid string) KeyUse { return k.used[kid] }

// with is the use with one more line.
func (u KeyUse) with(l *Line) KeyUse {
	u.Clicks++
	u.Last = later(u.Last, l.Time)
	if l.Exp == 0 {
		u.Forever = true
	} else {
		u.Expires = later(u.Expires, time.Unix(l.Exp, 0))
	}
	return u
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
