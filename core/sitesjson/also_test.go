package sitesjson

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A date is a day of the calendar, written as ISO 8601 has it. Package time
// reads the same ones.
func TestRetiredDates(t *testing.T) {
	for _, text := range []string{
		"2026-09-30", "2028-02-29", "2000-02-29", "1970-01-02", "9999-12-31",
		"2026-02-29", "2100-02-29", "2026-09-31", "2026-13-01", "2026-00-10", "2026-01-00", "0000-00-00",
		"2026-9-30", "2026-09-3", "26-09-30", "2026/09/30", "30-09-2026", "2026-09-30T00:00:00Z", " 2026-09-30", "2026-09-30 ", "+026-09-30", "2026-0９-3", "", "true",
	} {
		site, err := ParseSite("link.example.com", []byte(`{"esp": "mailgun", "also": [{"esp": "sendgrid", "retired": "`+text+`"}]}`))
		want, invalid := time.Parse(time.DateOnly, text)
		require.Equal(t, invalid != nil, err != nil, "%q: %v", text, err)
		if err == nil {
			require.Equal(t, want.Unix(), site.Also[0].Retired, text)
		}
	}
	for _, text := range []string{"1970-01-01", "1969-12-31", "0001-01-01"} {
		_, err := ParseSite("link.example.com", []byte(`{"esp": "mailgun", "also": [{"esp": "sendgrid", "retired": "`+text+`"}]}`))
		require.ErrorContains(t, err, "is not a date", "%s: before anybody sent such a link", text)
	}
}

// The day begins at midnight UTC, wherever the clock stands.
func TestRetiredDayBegins(t *testing.T) {
	site, err := ParseSite("link.example.com", []byte(`{"esp": "mailgun", "also": [{"esp": "sendgrid", "retired": "2028-02-29"}]}`))
	require.NoError(t, err)
	e := site.Also[0]
	midnight := time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC)
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("", 14*3600), time.FixedZone("", -12*3600)} {
		require.False(t, e.IsRetired(midnight.Add(-time.Nanosecond).In(zone)))
		require.True(t, e.IsRetired(midnight.In(zone)))
	}
	require.True(t, e.IsRetired(midnight.AddDate(1000, 0, 0)))
	require.False(t, site.IsRetired(midnight), "the site's own esp is never retired")
}
