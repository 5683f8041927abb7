package follow

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/pasted"
)

func TestFamilyOf(t *testing.T) {
	for preset, want := range map[string]esp.Family{"": esp.FamilyCustom, "sendgrid": esp.FamilySendGrid, "ses-us-east-1": esp.FamilySES} {
		got, err := FamilyOf(preset)
		require.NoError(t, err, preset)
		require.Equal(t, want, got, preset)
	}
	_, err := FamilyOf("none-such")
	require.EqualError(t, err, `--esp: unknown preset "none-such"`)
	require.Equal(t, failure.ExitUsage, failure.Of(err).Exit)
}

// An address without a host is for the link's own host; a flag goes before what
// the link was pasted with.
func TestVia(t *testing.T) {
	link := &pasted.Link{Host: "link.example.com"}
	at := &pasted.Link{Host: "link.example.com", Addr: "127.0.0.1:7676"}
	for _, c := range []struct {
		list []string
		link *pasted.Link
		want map[string]string
	}{
		{nil, link, map[string]string{}},
		{nil, at, map[string]string{"link.example.com": "127.0.0.1:7676"}},
		{[]string{"127.0.0.1:1"}, link, map[string]string{"link.example.com": "127.0.0.1:1"}},
		{[]string{"127.0.0.1:1"}, at, map[string]string{"link.example.com": "127.0.0.1:1"}},
		{[]string{"WWW.example.com=127.0.0.1:2", "*=127.0.0.1:3"}, link, map[string]string{"www.example.com": "127.0.0.1:2", "": "127.0.0.1:3"}},
	} {
		got, err := Via(c.list, c.link)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
	_, err := Via([]string{"www.example.com=no address"}, link)
	require.ErrorContains(t, err, "--via: ")
	require.Equal(t, failure.ExitUsage, failure.Of(err).Exit)
}

func TestFailure(t *testing.T) {
	hop := func(warning bool) *Hop {
		return &Hop{Host: "link.example.com", Notes: []Note{{Code: "x", Warning: warning}}}
	}
	one, two := []*Hop{hop(false)}, []*Hop{hop(false), hop(false)}
	for name, c := range map[string]struct {
		r    Result
		exit int
		says string
		hint string
	}{
		"consent":         {Result{End: NeedsConsent, Hops: one, Problem: "it counts"}, failure.ExitUsage, "it counts", "--count-click"},
		"unsubscribes":    {Result{End: Unsubscribe, Hops: one, Problem: "it unsubscribes"}, failure.ExitUsage, "it unsubscribes", "clickedge explain"},
		"unsubscribes on": {Result{End: Unsubscribe, Hops: two, Problem: "it unsubscribes"}, failure.ExitBad, "hop 2: it unsubscribes", "what comes before"},
		"inside":          {Result{End: Private, Hops: two, Problem: "it is inside"}, failure.ExitBad, "hop 2: it is inside", "--private"},
		"too many":        {Result{End: TooMany, Hops: two, Problem: "too many"}, failure.ExitBad, "hop 2: too many", "--max takes more"},
		"elsewhere":       {Result{End: Arrived, Hops: one, Promise: &Promise{}}, failure.ExitBad, "led elsewhere than it says", ""},
		"warnings":        {Result{End: Arrived, Hops: []*Hop{hop(true)}}, failure.ExitBad, "the link arrives, with warnings", "clickedge doctor link.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			f := failure.Of(Failure(&c.r))
			require.Equal(t, c.exit, f.Exit)
			require.Contains(t, f.Error(), c.says)
			require.Contains(t, f.Hint, c.hint)
		})
	}
	require.NoError(t, Failure(&Result{End: Arrived, Hops: two, Promise: &Promise{Kept: true}}))
}
