package measure

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/guests"
)

// Our module answers every kind of click rightly, and its counts are
// consistent.
func TestClosely(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the module and compiles it three times")
	}
	ours, err := guests.NewOurs(t.Context(), "../..")
	require.NoError(t, err)
	kinds, err := clicks.Kinds(clicks.Shape{})
	require.NoError(t, err)
	first, err := Closely(t.Context(), ours, clicks.Sites(UsualSites), kinds)
	require.NoError(t, err)
	require.Len(t, first, len(kinds))
	for name, c := range first {
		require.Positive(t, c.BeforeFirstCall, name)
		require.Less(t, c.BeforeFirstCall, c.Instructions, name)
		require.Positive(t, c.HostCalls, name)
		require.Positive(t, c.Windows, name)
		require.GreaterOrEqual(t, c.Touched, c.PagesWritten, name)
		require.GreaterOrEqual(t, c.PagesWritten, c.Written, "%s: what is changed was written", name)
	}
	second, err := Count(t.Context(), subject(t, ours), kinds)
	require.NoError(t, err)
	for name, c := range second {
		require.Equal(t, first[name].Counts, c, "the same click takes the same")
	}
}

func subject(t *testing.T, ours *guests.Ours) Subject {
	t.Helper()
	sites := clicks.Sites(UsualSites)
	wasm, _, err := ours.Module(t.Context(), sites)
	require.NoError(t, err)
	return Ours(wasm, sites)
}

func TestHMAC(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a guest")
	}
	b := guests.Build{Dir: "../.."}
	short, err := HMAC(t.Context(), b, "a")
	require.NoError(t, err)
	long, err := HMAC(t.Context(), b, "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz")
	require.NoError(t, err)
	// One more block of 64 bytes goes through a compression function of 64
	// rounds.
	require.Greater(t, long, short+64*50)
	require.Less(t, long, short+64*1000)
}

// A wrong answer is not measured.
func TestWrongAnswer(t *testing.T) {
	kinds, err := clicks.Kinds(clicks.Shape{})
	require.NoError(t, err)
	s := Subject{Title: "empty", Wasm: guests.Empty(0), Check: (*clicks.Kind).Check}
	_, err = Count(t.Context(), s, kinds[:1])
	require.EqualError(t, err, "empty, signed redirect: status 204, want 302")

	s.Check = nil
	counts, err := Count(t.Context(), s, kinds[:1])
	require.NoError(t, err)
	require.Equal(t, Counts{Instructions: 15, BeforeFirstCall: 3, HostCalls: 4, Written: 1, Memory: 1 << 16}, counts["signed"])

	session, err := OpenWazero(t.Context(), s)
	require.NoError(t, err)
	defer session.Close(t.Context())
	x, err := session.Click(t.Context(), &kinds[0])
	require.NoError(t, err)
	require.Equal(t, 204, x.Response)
	require.Equal(t, 4, x.CallCount)
}
