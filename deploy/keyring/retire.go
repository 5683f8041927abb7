package keyring

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/clicklog"
	"github.com/clickedge/clickedge/deploy/expiry"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/output"
)

// Retirement says when keys may be deleted. Lifetime and MaxAge are lengths of
// time as package expiry reads them.
type Retirement struct {
	Log      *clicklog.Keys
	Now      time.Time
	Minted   map[string]time.Time // when a key minted its last link, where known
	Lifetime string               // of links at most; "" if they may never expire
	MaxAge   string               // how long a link without expiry is kept valid
}

// Status is what "keys status --json" prints for a key.
type Status struct {
	KID string `json:"kid"`
	// Fingerprint is that of the local secret, not of the stored one.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Digest is the store's digest of its secret: opaque, but it changes with
	// the secret.
	Digest   string   `json:"stored_digest,omitempty"`
	Mints    []string `json:"mints_for,omitempty"`    // hosts
	Verifies []string `json:"verifies_for,omitempty"` // hosts where it does not mint
	Hashes   []string `json:"hashes_for,omitempty"`   // hosts whose log has hashes of it
	Stored   string   `json:"stored"`                 // "yes", "no", "unknown"
	Clicks   int      `json:"clicks"`                 // clicks and opens that were answered
	Last     string   `json:"last_click,omitempty"`   // RFC 3339
	Expires  string   `json:"last_expiry,omitempty"`  // of the links clicked, RFC 3339
	State    string   `json:"state"`                  // the constants below
	May      string   `json:"may_go,omitempty"`       // from when, RFC 3339
	Why      string   `json:"why"`
}

// The states of a key.
const (
	StateMints    = "mints"    // signs new links
	StateWaits    = "waits"    // its last mail has not aged out
	StateMayGo    = "may go"   // take it out of sites.json, then out of the store
	StateUnknown  = "unknown"  // nothing says when its last mail will have aged out
	StateHashes   = "hashes"   // makes the hashes of the log, and signs nothing
	StateUnlisted = "unlisted" // in the store or given here, but no site verifies its links
)

// All returns the status of the sites' keys, of other keys in the store, and of
// other keys whose secrets are given, sorted by id. Stored has the digest of
// each secret in the store by its id; nil if it is not known.
func (j *Retirement) All(sites *core.Sites, stored map[string]string, given []string) []Status {
	byKID := map[string]*Status{}
	for kid := range stored {
		byKID[kid] = &Status{KID: kid}
	}
	for _, kid := range given {
		byKID[kid] = &Status{KID: kid}
	}
	for _, host := range sites.Hosts() {
		for i, kid := range sites.Lookup(host).Secrets() {
			if byKID[kid] == nil {
				byKID[kid] = &Status{KID: kid}
			}
			if s := byKID[kid]; kid == sites.Lookup(host).LogHashes {
				s.Hashes = append(s.Hashes, host)
			} else if i == 0 {
				s.Mints = append(s.Mints, host)
			} else {
				s.Verifies = append(s.Verifies, host)
			}
		}
	}
	list := make([]Status, 0, len(byKID))
	for _, kid := range slices.Sorted(maps.Keys(byKID)) {
		s := byKID[kid]
		digest, ok := stored[kid]
		s.Stored, s.Digest = "no", digest
		switch {
		case stored == nil:
			s.Stored = "unknown"
		case ok:
			s.Stored = "yes"
		}
		j.Assess(s)
		list = append(list, *s)
	}
	return list
}

// NotListed returns an error for a key whose last link has a time and that is
// none of these: its id is misspelt, and another would be judged without.
func (j *Retirement) NotListed(kids []string) error {
	for _, kid := range slices.Sorted(maps.Keys(j.Minted)) {
		if !slices.Contains(kids, kid) {
			return failure.Usage(fmt.Errorf("--minted-until names the key %q, which is none of those that are judged", kid), "they are "+output.And(kids))
		}
	}
	return nil
}

// Assess fills in the use of a key and its state.
func (j *Retirement) Assess(s *Status) {
	used := j.Log.Use(s.KID)
	if used.Clicks > 0 {
		s.Clicks, s.Last = used.Clicks, used.Last.UTC().Format(time.RFC3339)
	}
	if !used.Expires.IsZero() {
		s.Expires = used.Expires.UTC().Format(time.RFC3339)
	}
	switch {
	case len(s.Mints) > 0:
		s.State, s.Why = StateMints, "new links are signed with it"
	case len(s.Verifies) == 0 && len(s.Hashes) > 0:
		s.State, s.Why = StateHashes, "the hashes in the log are made with it"
	case len(s.Verifies) == 0:
		s.State, s.Why = StateUnlisted, "no site of sites.json lists it: it is yet to be listed, or can go from the store: clickedge keys remove"
	default:
		j.retire(s, used)
	}
}

// retire finds when the last mail with a key has aged out. The latest known
// time counts.
func (j *Retirement) retire(s *Status, used clicklog.KeyUse) {
	at, why := j.byExpiry(s.KID, used)
	if at.IsZero() {
		at, why = j.byAge(s.KID, used)
	}
	if at.IsZero() {
		s.State, s.Why = StateUnknown, "give the click log, or --minted-until "+s.KID+"=TIME with --lifetime"
		return
	}
	if used.Expires.After(at) {
		at, why = used.Expires, "a link that was clicked expires then"
	}
	s.May, s.State = at.UTC().Format(time.RFC3339), StateWaits
	if !at.After(j.Now) {
		s.State = StateMayGo
	}
	s.Why = at.UTC().Format("from 2006-01-02 15:04 UTC: ") + why
}

// byExpiry handles keys whose links all expire. A later expiry in the log
// counts.
func (j *Retirement) byExpiry(kid string, used clicklog.KeyUse) (time.Time, string) {
	minted, ok := j.Minted[kid]
	if !ok || j.Lifetime == "" || used.Forever {
		return time.Time{}, ""
	}
	return after(minted, j.Lifetime), "the last link signed with it expires then at the latest"
}

// byAge counts from the last use of a key: the last click, or the last link
// minted, or, if neither is known, the beginning of the log.
func (j *Retirement) byAge(kid string, used clicklog.KeyUse) (time.Time, string) {
	minted := j.Minted[kid]
	switch {
	case used.Clicks > 0 && !used.Last.Before(minted):
		return after(used.Last, j.MaxAge), j.MaxAge + " after its last click"
	case !minted.IsZero():
		return after(minted, j.MaxAge), j.MaxAge + " after its last link was minted"
	case !j.Log.Since().IsZero():
		return after(j.Log.Since(), j.MaxAge), "not clicked in the log, which will go back " + j.MaxAge + " then"
	}
	return time.Time{}, ""
}

func after(at time.Time, length string) time.Time {
	d, _ := expiry.Length(length)
	return at.Add(d)
}

// Removal returns an error if a key that no site lists any more may not be
// deleted from the store yet. With force there is a warning instead.
func (j *Retirement) Removal(kid string, force bool) (warning string, err error) {
	s := Status{KID: kid, Verifies: []string{"a site"}} // as it did until now
	j.Assess(&s)
	state := "may still have links in use, for all that is known"
	hint := "give the click log with --log, or --minted-until " + kid + "=TIME with --lifetime; --force deletes it all the same"
	if s.State == StateWaits {
		state, hint = "may not go yet", "wait until then; --force deletes it all the same"
	}
	switch {
	case s.State == StateMayGo:
		return "", nil
	case force:
		return fmt.Sprintf("key %s is deleted though it %s: %s", kid, state, s.Why), nil
	}
	return "", failure.Bad(fmt.Errorf("key %q %s (%s); nothing was deleted", kid, state, s.Why), hint)
}
