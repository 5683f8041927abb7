package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/spf13/cobra"
)

// keyUse is what the click log says of keys.
type keyUse struct {
	keys   map[string]*usedKey
	first  time.Time // of any line, signed link or not: how far the log goes back
	lines  int
	others int
}

type usedKey struct {
	clicks  int
	last    time.Time
	expires time.Time // the latest expiry of its links
	forever bool      // a link without expiry was clicked
}

// keyLine is what of a line counts here.
type keyLine struct {
	V      int       `json:"v"`
	Time   time.Time `json:"time"`
	Action string    `json:"action"`
	Code   string    `json:"code"`
	KID    string    `json:"kid"`
	Exp    int64     `json:"exp"`
}

func (u *keyUse) line(text []byte) {
	var l keyLine
	if json.Unmarshal(text, &l) != nil || l.V != core.RecordVersion || l.Action == "" || l.Time.IsZero() {
		u.others++
		return
	}
	u.lines++
	if u.first.IsZero() || l.Time.Before(u.first) {
		u.first = l.Time
	}
	// What was refused, an expired link say, keeps no key alive.
	if keyring.IsID(l.KID) && l.Code == string(core.OK) {
		u.count(&l)
	}
}

func (u *keyUse) count(l *keyLine) {
	k := u.keys[l.KID]
	if k == nil {
		k = &usedKey{}
		u.keys[l.KID] = k
	}
	k.clicks++
	k.last = latest(k.last, l.Time)
	if l.Exp == 0 {
		k.forever = true
		return
	}
	k.expires = latest(k.expires, time.Unix(l.Exp, 0))
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// keyJudge says when keys may go.
type keyJudge struct {
	use      keyUse
	now      time.Time
	minted   map[string]time.Time // when a key minted its last link, where known
	lifetime string               // "" where links may live for ever
	maxAge   string
}

// keyTimes are the flags by which it is judged when a key may go.
type keyTimes struct {
	minted   []string
	lifetime string
	maxAge   string
	now      string
}

func (k *keyTimes) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&k.minted, "minted-until", nil, "when a key minted its last link, `KID=TIME`; may be given again")
	f.StringVar(&k.lifetime, "lifetime", "", "for how long links were signed at most, as sign's --expires: 30d")
	f.StringVar(&k.maxAge, "max-age", "180d", "for how long after its last click a link without expiry is waited for")
	f.StringVar(&k.now, "now", "", "`time` to judge by instead of the present, 2030-01-31T12:00:00Z")
}

// judge reads the flags.
func (k *keyTimes) judge(env *Env) (*keyJudge, error) {
	now, err := env.nowFlag(k.now)
	if err != nil {
		return nil, err
	}
	j := &keyJudge{now: now, minted: map[string]time.Time{}, lifetime: k.lifetime, maxAge: k.maxAge, use: keyUse{keys: map[string]*usedKey{}}}
	for _, s := range k.minted {
		kid, text, _ := strings.Cut(s, "=")
		at, err := time.Parse(time.RFC3339, text)
		if err != nil || !keyring.IsID(kid) {
			return nil, failure.Usage(fmt.Errorf("--minted-until %q is not KID=TIME", cut(s, 60)), "write it like k1=2030-01-31T12:00:00Z")
		}
		j.minted[kid] = at
	}
	for flag, value := range map[string]string{"--lifetime": k.lifetime, "--max-age": k.maxAge} {
		if _, ok := lengthOf(value); !ok && (value != "" || flag == "--max-age") {
			return nil, failure.Usage(fmt.Errorf("%s %q is no length of time", flag, cut(value, 60)), "write 30d, 12h, 90m or 2w")
		}
	}
	return j, nil
}

// lengthOf reads a length of time as sign's --expires does.
func lengthOf(s string) (time.Duration, bool) {
	at, err := expiryTime(s, time.Unix(0, 0).UTC())
	if _, absolute := time.Parse(time.RFC3339, s); err != nil || absolute == nil || at.Unix() <= 0 {
		return 0, false
	}
	return at.Sub(time.Unix(0, 0)), true
}

func after(at time.Time, length string) time.Time {
	d, _ := lengthOf(length)
	return at.Add(d)
}

// readLogs learns from the click log.
func (j *keyJudge) readLogs(env *Env, logs []string) error {
	if err := env.readLogs(logs, j.use.line); err != nil {
		return err
	}
	if j.use.lines == 0 && j.use.others > 0 {
		return failure.Bad(errors.New("not one line is of the click log"), "the module writes NDJSON to the log endpoint clicks: core/spec/click-log.md")
	}
	return nil
}

// all judges the keys of the sites, in the order of their ids, and those that the
// store has besides or whose secrets are at hand.
func (j *keyJudge) all(sites *core.Sites, stored map[string]fastlyapi.Secret, atHand []string) []keyStatus {
	byKID := map[string]*keyStatus{}
	for kid := range stored {
		byKID[kid] = &keyStatus{KID: kid}
	}
	for _, kid := range atHand {
		byKID[kid] = &keyStatus{KID: kid}
	}
	for _, host := range sites.Hosts() {
		for i, kid := range sites.Lookup(host).Keys {
			if byKID[kid] == nil {
				byKID[kid] = &keyStatus{KID: kid}
			}
			if s := byKID[kid]; i == 0 {
				s.Mints = append(s.Mints, host)
			} else {
				s.Verifies = append(s.Verifies, host)
			}
		}
	}
	list := make([]keyStatus, 0, len(byKID))
	for _, kid := range slices.Sorted(maps.Keys(byKID)) {
		s := byKID[kid]
		s.Stored, s.Digest = storedText(stored, kid), stored[kid].Digest
		j.judge(s)
		list = append(list, *s)
	}
	return list
}

func storedText(stored map[string]fastlyapi.Secret, kid string) string {
	if stored == nil {
		return "unknown"
	}
	if _, ok := stored[kid]; ok {
		return "yes"
	}
	return "no"
}

func (j *keyJudge) judge(s *keyStatus) {
	used := j.use.keys[s.KID]
	if used != nil {
		s.Clicks, s.Last = used.clicks, used.last.UTC().Format(time.RFC3339)
		if !used.expires.IsZero() {
			s.Expires = used.expires.UTC().Format(time.RFC3339)
		}
	} else {
		used = &usedKey{}
	}
	switch {
	case len(s.Mints) > 0:
		s.State, s.Why = keyMints, "new links are signed with it"
	case len(s.Verifies) == 0:
		s.State, s.Why = keyUnlisted, "no site of sites.json lists it: it is yet to be listed, or can go from the store: clickedge keys remove"
	default:
		j.retire(s, used)
	}
}

// retire finds when the last mail that used a key has aged out. The latest of all
// that is known counts.
func (j *keyJudge) retire(s *keyStatus, used *usedKey) {
	at, why := j.byExpiry(s.KID, used)
	if at.IsZero() {
		at, why = j.byAge(s.KID, used)
	}
	if at.IsZero() {
		s.State, s.Why = keyUnknown, "give the click log, or --minted-until "+s.KID+"=TIME with --lifetime"
		return
	}
	if used.expires.After(at) {
		at, why = used.expires, "a link that was clicked expires then"
	}
	s.May, s.State = at.UTC().Format(time.RFC3339), keyWaits
	if !at.After(j.now) {
		s.State = keyMayGo
	}
	s.Why = at.UTC().Format("from 2006-01-02 15:04 UTC: ") + why
}

// byExpiry knows of keys whose links all expire. The log may know better.
func (j *keyJudge) byExpiry(kid string, used *usedKey) (time.Time, string) {
	minted, ok := j.minted[kid]
	if !ok || j.lifetime == "" || used.forever {
		return time.Time{}, ""
	}
	return after(minted, j.lifetime), "the last link signed with it expires then at the latest"
}

// byAge goes by the last sign of life: the last click, or the last link minted,
// or, where there was none, the beginning of the log.
func (j *keyJudge) byAge(kid string, used *usedKey) (time.Time, string) {
	minted := j.minted[kid]
	switch {
	case used.clicks > 0 && !used.last.Before(minted):
		return after(used.last, j.maxAge), j.maxAge + " after its last click"
	case !minted.IsZero():
		return after(minted, j.maxAge), j.maxAge + " after its last link was minted"
	case j.use.lines > 0:
		return after(j.use.first, j.maxAge), "not clicked in the log, which will go back " + j.maxAge + " then"
	}
	return time.Time{}, ""
}
