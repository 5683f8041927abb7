package clicklog

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const missedClick = `{"v":1,"time":"2026-03-01T13:20:00.000Z","request":"r1","esp":"mailgun","kind":"click","action":"refuse","missed":"yes"}`

// A line that is too long does not affect the others.
func TestMissedPassesOverLongLines(t *testing.T) {
	m := new(Missed)
	require.NoError(t, m.Lines(strings.NewReader(strings.Repeat("{", 5*MaxLine)+"\n"+missedClick+"\r\n"+strings.Repeat(`"`, 3*MaxLine)), m.Line))
	r := m.Report()
	require.Equal(t, 1, r.Lines)
	require.Equal(t, 2, r.Others)
	require.Equal(t, MissedCounts{Clicks: 1, Certain: 1}, r.Total)
}

// FuzzMissed: every line is counted once, as of the log or as another, and the
// total is the sum of the hours.
func FuzzMissed(f *testing.F) {
	f.Add(missedClick + "\n" + missedClick + "\nx\n")
	f.Add(`{"v":1,"action":"proxy","missed":"maybe","time":"9999-12-31T23:59:59+23:59"}`)
	f.Add("{\"v\":1e0}\n\n{}\n[1]\n\"\xff")
	f.Fuzz(func(t *testing.T, log string) {
		m := new(Missed)
		require.NoError(t, m.Lines(strings.NewReader(log), m.Line))
		r := m.Report()
		var sum MissedCounts
		for _, h := range r.Hours {
			sum.Clicks += h.Clicks
			sum.Opens += h.Opens
			sum.Unsubscribes += h.Unsubscribes
			sum.Other += h.Other
			sum.Certain += h.Certain
		}
		require.Equal(t, r.Total, sum)
		require.LessOrEqual(t, sum.Clicks+sum.Opens+sum.Unsubscribes+sum.Other, r.Lines)
		require.LessOrEqual(t, r.Lines+r.Others, 1+strings.Count(log, "\n")+strings.Count(log, `{"v":`))
		require.NoError(t, r.Text(&strings.Builder{}))
	})
}
