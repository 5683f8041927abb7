package clicklog

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const signedClick = `{"v":1,"time":"2026-03-01T13:20:00.000Z","request":"r1","kind":"click","action":"redirect","code":"ok","kid":"k1"}`

func readKeys(t *testing.T, lines ...string) *Keys {
	k := new(Keys)
	require.NoError(t, k.Lines(strings.NewReader(strings.Join(lines, "\n")), k.Line))
	return k
}

// A request that was delivered twice is one click, in the counts of keys and of
// missed clicks, in one file or in two.
func TestRepeatedRequestCountsOnce(t *testing.T) {
	k := readKeys(t, signedClick, signedClick, "x "+signedClick)
	require.Equal(t, 1, k.Use("k1").Clicks)
	require.Equal(t, 3, k.Count)
	require.NoError(t, k.Lines(strings.NewReader(signedClick), k.Line))
	require.Equal(t, 1, k.Use("k1").Clicks)

	m := new(Missed)
	require.NoError(t, m.Lines(strings.NewReader(missedClick+"\n"+missedClick), m.Line))
	require.NoError(t, m.Lines(strings.NewReader(missedClick), m.Line))
	require.Equal(t, 1, m.Report().Total.Clicks)
}

// Lines without an id cannot be recognised as one request.
func TestLinesWithoutARequestIDAllCount(t *testing.T) {
	line := strings.Replace(signedClick, `"request":"r1",`, "", 1)
	require.Equal(t, 2, readKeys(t, line, line).Use("k1").Clicks)
}

// A refused request with the same id does not remove a click.
func TestRefusedRequestsAreNoUse(t *testing.T) {
	k := readKeys(t, strings.Replace(signedClick, `"ok"`, `"expired"`, 1), signedClick)
	require.Equal(t, 1, k.Use("k1").Clicks)
	require.Zero(t, k.Use("k2"))
}

func TestKeyUse(t *testing.T) {
	k := readKeys(t, signedClick,
		strings.NewReplacer("r1", "r2", "13:20", "12:00", `"kid"`, `"exp":1780000000,"kid"`).Replace(signedClick),
		strings.NewReplacer("r1", "r3", "13:20", "14:00", `"kid"`, `"exp":1770000000,"kid"`).Replace(signedClick))
	at := func(h, m int) time.Time { return time.Date(2026, 3, 1, h, m, 0, 0, time.UTC) }
	use := k.Use("k1")
	require.Equal(t, 3, use.Clicks)
	require.True(t, use.Forever)
	require.True(t, use.Last.Equal(at(14, 0)))
	require.True(t, use.Expires.Equal(time.Unix(1780000000, 0)))
	require.True(t, k.Begins.Equal(at(12, 0)))
}

// An expiry that no link can have says nothing, least of all that a key may go.
func TestImpossibleExpiries(t *testing.T) {
	for exp, forever := range map[string]bool{"9223372036854775807": true, "-5": true, "130606940100": false, "130606940101": true} {
		use := readKeys(t, strings.Replace(signedClick, `"kid"`, `"exp":`+exp+`,"kid"`, 1)).Use("k1")
		require.Equal(t, forever, use.Forever, exp)
		require.Equal(t, forever, use.Expires.IsZero(), exp)
	}
}

// A machine whose clock was not set does not make the log look old.
func TestSince(t *testing.T) {
	early := strings.NewReplacer("2026-03-01", "1970-01-01", "r1", "r0").Replace(signedClick)
	require.True(t, readKeys(t, early).Since().IsZero())
	k := readKeys(t, early, signedClick)
	require.Equal(t, "2026-03-01T13:20:00Z", k.Since().Format(time.RFC3339))
	require.Equal(t, 1970, k.Begins.Year())
}

// A line without a time or an action, or of another version, is not of the log;
// a file of only such lines is refused.
func TestReaderRefusesOtherFiles(t *testing.T) {
	for _, line := range []string{"x", "{}", strings.Replace(signedClick, `"redirect"`, `""`, 1),
		strings.Replace(signedClick, `"time":"2026-03-01T13:20:00.000Z",`, "", 1)} {
		k := readKeys(t, line)
		require.Equal(t, 1, k.Others, line)
		require.EqualError(t, k.Check(), "not one line is of the click log")
		m := new(Missed)
		m.Line([]byte(line))
		require.Error(t, m.Check())
	}
	require.NoError(t, readKeys(t).Check())
	require.NoError(t, readKeys(t, "x", signedClick).Check())
}
