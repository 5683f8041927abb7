package clicklog

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
)

var noon = time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC)

// The first moment counts, the last does not; hosts are compared as browsers
// spell them.
func TestFilter(t *testing.T) {
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339Nano, text)
		require.NoError(t, err)
		return when
	}
	f, err := ParseFilter("2026-03-01", "2026-03-02T00:00:00+01:00", []string{"Link.example.com.", "b.example"}, noon)
	require.NoError(t, err)
	for _, c := range []struct {
		time, host string
		want       bool
	}{
		{"2026-03-01T00:00:00Z", "link.example.com", true},
		{"2026-02-28T23:59:59.999Z", "link.example.com", false},
		{"2026-03-01T22:59:59.999Z", "LINK.example.com:443", true},
		{"2026-03-01T23:00:00Z", "link.example.com", false},
		{"2026-03-01T01:00:00+02:00", "link.example.com", false},
		{"2026-03-01T12:00:00Z", "other.example", false},
	} {
		require.Equal(t, c.want, f.takes(&Line{Time: at(c.time), Host: c.host}), c)
	}
	require.Equal(t, []string{"b.example"}, f.missing())
	require.Equal(t, "since 2026-03-01T00:00:00Z, before 2026-03-01T23:00:00Z, of link.example.com, b.example", f.String())
	require.Empty(t, new(Filter).String())

	f, err = ParseFilter("", "", []string{"Bücher.example"}, noon)
	require.NoError(t, err)
	require.True(t, f.takes(&Line{Host: "xn--bcher-kva.example"}), "the log has the name in ASCII")

	f, err = ParseFilter("7d", "12h", nil, noon)
	require.NoError(t, err)
	require.Equal(t, "since 2026-03-01T12:00:00Z, before 2026-03-08T00:00:00Z", f.String())
}

func TestFilterRefuses(t *testing.T) {
	for want, flags := range map[string][3]string{
		`--since "yesterday" is no time`:          {"yesterday", "", ""},
		`--until "2026-13-01" is no time`:         {"", "2026-13-01", ""},
		"is not before":                           {"2026-03-02", "2026-03-02", ""},
		`--host "https://a.example/x" is no host`: {"", "", "https://a.example/x"},
		`--host "*.example.com" is no host`:       {"", "", "*.example.com"},
		`--host " " is no host`:                   {"", "", " "},
	} {
		var hosts []string
		if flags[2] != "" {
			hosts = []string{flags[2]}
		}
		_, err := ParseFilter(flags[0], flags[1], hosts, noon)
		require.ErrorContains(t, err, want)
		require.Equal(t, failure.ExitUsage, failure.Of(err).Exit)
		require.NotEmpty(t, failure.Of(err).Hint)
	}
}

// A line that the filter leaves out is counted as that, and does not say how
// far the log goes back.
func TestFilteredLinesAreCounted(t *testing.T) {
	var m Missed
	m.Only = Filter{Since: noon.AddDate(0, 0, 1), Hosts: []string{"a.example"}}
	require.NoError(t, m.Lines(strings.NewReader(missedClick+"\nx\n"), m.Line))
	require.Equal(t, 1, m.Count)
	require.Equal(t, 1, m.LeftOut)
	require.True(t, m.Begins.IsZero())
	require.NoError(t, m.Check())
	require.Equal(t, []string{"1 line passed over: 1 not of the click log",
		"1 line left out: only those since 2026-03-09T12:00:00Z, of a.example count", "no line has the host a.example"}, m.Notes())
	require.Zero(t, m.Report().Total)
}
