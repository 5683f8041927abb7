package keyring

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/clicklog"
)

const keyClick = `{"v":1,"time":"2026-03-01T13:20:00.000Z","action":"redirect","code":"ok","kid":"k1"}`

// FuzzKeyUse: for any log, no key may be deleted before the last click in it,
// and each line is counted once.
func FuzzKeyUse(f *testing.F) {
	f.Add(keyClick + "\n" + strings.Replace(keyClick, "k1", "k2", 1))
	f.Add(strings.Replace(keyClick, `"kid"`, `"exp":9007199254740993,"kid"`, 1))
	f.Add(strings.Replace(keyClick, "2026", "9999", 1) + "\n{}\nx")
	f.Fuzz(func(t *testing.T, log string) {
		sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"a.example.com": {"esp": "none", "keys": ["k2", "k1"], "destinations": ["b.example"]}}}`))
		require.NoError(t, err)
		now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
		j := &Retirement{Log: new(clicklog.Keys), Now: now, MaxAge: "30d"}
		lines := 0
		require.NoError(t, j.Log.Lines(strings.NewReader(log), func(line []byte) { lines++; j.Log.Line(line) }))
		require.Equal(t, lines, j.Log.Count+j.Log.Others)
		for _, s := range j.All(sites, nil, nil) {
			used := j.Log.Use(s.KID)
			if s.KID == "k2" {
				require.Equal(t, StateMints, s.State)
				continue
			}
			if used.Clicks > 0 && s.State == StateMayGo {
				require.False(t, used.Last.Add(30*24*time.Hour).After(now))
				require.False(t, used.Expires.After(now))
			}
		}
	})
}

// Each state of a key, and the first reason that applies.
func TestRetirement(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"a.example.com": {"esp": "none", "keys": ["k2", "k1"], "destinations": ["b.example"]}}}`))
	require.NoError(t, err)
	minted := map[string]time.Time{"k1": time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)}
	for _, c := range []struct {
		log, lifetime string
		minted        map[string]time.Time
		now, state    string
		why           string
	}{
		{"", "", nil, "2026-06-01", StateUnknown, "give the click log"},
		{keyClick, "", nil, "2026-03-30", StateWaits, "30d after its last click"},
		{keyClick, "", nil, "2026-04-01", StateMayGo, "30d after its last click"},
		{strings.Replace(keyClick, "k1", "k2", 1), "", nil, "2026-03-05", StateWaits, "not clicked in the log"},
		{"", "", minted, "2026-02-15", StateWaits, "after its last link was minted"},
		{"", "10d", minted, "2026-02-15", StateMayGo, "the last link signed with it expires then"},
		{keyClick, "10d", minted, "2026-03-15", StateWaits, "30d after its last click"}, // it has no expiry, whatever was said
		{strings.Replace(keyClick, `"kid"`, `"exp":1780000000,"kid"`, 1), "10d", minted, "2026-05-01", StateWaits, "a link that was clicked expires then"},
	} {
		now, err := time.Parse(time.DateOnly, c.now)
		require.NoError(t, err)
		j := &Retirement{Log: new(clicklog.Keys), Now: now, Minted: c.minted, Lifetime: c.lifetime, MaxAge: "30d"}
		j.Log.Line([]byte(c.log))
		list := j.All(sites, map[string]string{"k1": "d", "k9": "x"}, []string{"k8"})
		require.Len(t, list, 4)
		require.Equal(t, c.state, list[0].State, "%+v", c)
		require.Contains(t, list[0].Why, c.why)
		require.Equal(t, []string{"yes", "no", "no", "yes"}, []string{list[0].Stored, list[1].Stored, list[2].Stored, list[3].Stored})
		require.Equal(t, []string{StateMints, StateUnlisted, StateUnlisted}, []string{list[1].State, list[2].State, list[3].State})
	}
}

// A key may be deleted once its last mail has aged out; before that only with
// --force, and with a warning.
func TestRemoval(t *testing.T) {
	j := &Retirement{Log: new(clicklog.Keys), Now: time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC), MaxAge: "30d"}
	_, err := j.Removal("k1", false)
	require.ErrorContains(t, err, `key "k1" may still have links in use, for all that is known`)
	j.Log.Line([]byte(keyClick))
	_, err = j.Removal("k1", false)
	require.ErrorContains(t, err, `key "k1" may not go yet (from 2026-03-31`)
	warning, err := j.Removal("k1", true)
	require.NoError(t, err)
	require.Contains(t, warning, "key k1 is deleted though it may not go yet: from 2026-03-31")
	j.Now = j.Now.AddDate(0, 1, 0)
	warning, err = j.Removal("k1", false)
	require.NoError(t, err)
	require.Empty(t, warning)
}

func TestIDs(t *testing.T) {
	list, err := IDs([]string{"k2", "k1", "k2"}, "")
	require.NoError(t, err)
	require.Equal(t, []string{"k1", "k2"}, list)
	_, err = IDs([]string{"k1", "correct-horse-battery-staple"}, "a hint")
	require.EqualError(t, err, "argument 2 is not a key id")
}
