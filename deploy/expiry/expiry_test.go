package expiry

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/signed"
)

var now = time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC)

// No link expires earlier than was asked for.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"30d": "2026-03-31T12:01:00Z", "2w": "2026-03-15T12:01:00Z", "12h": "2026-03-02T00:01:00Z", "90m": "2026-03-01T13:31:00Z",
		"2030-01-31T12:00:00Z": "2030-01-31T12:00:00Z", "2030-01-31T12:00:01+01:00": "2030-01-31T11:01:00Z",
	} {
		minute, err := Parse(text, now)
		require.NoError(t, err, text)
		require.Equal(t, want, time.Unix(minute*60, 0).UTC().Format(time.RFC3339), text)
	}
	for _, text := range []string{"none", "never"} {
		minute, err := Parse(text, now)
		require.NoError(t, err)
		require.Zero(t, minute)
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"": "is no time", "soon": "is no time", "30": "is no time", "-1d": "is no time", "1.5d": "is no time",
		"-5m": "has already passed", "0d": "has already passed", "2020-01-01T00:00:00Z": "has already passed",
		"16777215w": "is later than a link can express",
	} {
		_, err := Parse(text, now)
		require.ErrorContains(t, err, want, text)
	}
	require.Positive(t, signed.MaxExpiry)
}

func TestLength(t *testing.T) {
	for text, want := range map[string]time.Duration{"30d": 720 * time.Hour, "2w": 336 * time.Hour, "90m": 90 * time.Minute} {
		d, ok := Length(text)
		require.True(t, ok, text)
		require.Equal(t, want, d)
	}
	for _, text := range []string{"", "long", "0d", "-1h", "none", "2030-01-31T12:00:00Z"} {
		_, ok := Length(text)
		require.False(t, ok, text)
	}
}

func TestText(t *testing.T) {
	require.Equal(t, "never", Text(0))
	require.Equal(t, "1970-01-01 00:01 UTC", Text(1))
}
