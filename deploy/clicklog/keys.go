package clicklog

import (
	"time"

	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
)

// Keys counts the use of keys. The zero value has read nothing.
type Keys struct {
	Reader
	used   map[string]KeyUse
	begins time.Time
}

// unset is a time before which there was no click log: a machine whose clock was
// not set has written an earlier one.
var unset = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// Since is how far back the log goes, by lines whose clock was set; zero for no
// such line.
func (k *Keys) Since() time.Time { return k.begins }

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
	if ok && l.Time.After(unset) && (k.begins.IsZero() || l.Time.Before(k.begins)) {
		k.begins = l.Time
	}
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
	if l.Exp > 0 && l.Exp <= signed.MaxExpiry*60 {
		u.Expires = later(u.Expires, time.Unix(l.Exp, 0))
	} else {
		u.Forever = true // no link has such an expiry: the line is damaged, and nobody knows
	}
	return u
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
