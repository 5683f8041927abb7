package keyring

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/clicklog"
	"github.com/clickedge/clickedge/deploy/failure"
)

func TestNotStored(t *testing.T) {
	list := []Status{
		{KID: "k1", Stored: "yes", State: StateMints}, {KID: "k2", Stored: "no", State: StateUnlisted},
		{KID: "k3", Stored: "unknown", State: StateMints},
	}
	require.NoError(t, NotStored(list))
	err := NotStored(append(list, Status{KID: "k4", Stored: "no", State: StateWaits}, Status{KID: "k5", Stored: "no", State: StateMints}))
	require.EqualError(t, err, "not in the secret store: k4, k5 (their links are refused, key_unavailable)")
	require.Equal(t, failure.ExitBad, failure.Of(err).Exit)
	require.Equal(t, "clickedge keys push k4 --key-file FILE", failure.Of(err).Hint)
}

// A key of hashes signs nothing, and no link is dead without it.
func TestStatusOfHashKey(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"a.example.com": {"esp": "sendgrid", "keys": ["k1"], "signed_links": "anywhere", "log_hashes": "h1"}}}`))
	require.NoError(t, err)
	list := (&Retirement{Log: new(clicklog.Keys)}).All(sites, map[string]string{"k1": ""}, nil)
	require.Len(t, list, 2)
	require.Equal(t, []any{"h1", []string{"a.example.com"}, "no", StateHashes}, []any{list[0].KID, list[0].Hashes, list[0].Stored, list[0].State})
	require.Empty(t, list[0].Mints)
	require.Empty(t, list[0].Verifies)
	require.Equal(t, StateMints, list[1].State)
	require.NoError(t, NotStored(list))
}

// Names from the store are foreign text; the day alone of a time is shown; a
// column without a value is left out.
func TestWriteStatus(t *testing.T) {
	list := []Status{
		{KID: "k1", Mints: []string{"a.example.com", "b.example.com", "c.example.com"}, Stored: "yes", Clicks: 3, Last: "2030-01-31T12:00:00Z", State: StateMints, Why: "because"},
		{KID: "k\x1b2", Verifies: []string{"a.example.com"}, Stored: "no", State: StateMayGo, Why: "because"},
	}
	var b strings.Builder
	require.NoError(t, WriteStatus(&b, list))
	lines := strings.Split(b.String(), "\n")
	require.NotContains(t, lines[0], "FINGERPRINT")
	require.Regexp(t, `^k1 +a\.example\.com and 2 more +- +yes +3 +2030-01-31 +mints +because$`, lines[1])
	require.Regexp(t, `^k\S+2 +- +a\.example\.com +no +0 +- +may go +because$`, lines[2])
	require.NotContains(t, b.String(), "\x1b")
	b.Reset()
	list[0].Fingerprint = "abc"
	require.NoError(t, WriteStatus(&b, list))
	require.Regexp(t, `^KEY +FINGERPRINT +MINTS FOR`, b.String())
	require.Regexp(t, `(?m)^k\S+2 +- +- `, b.String())
}
