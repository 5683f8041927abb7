// Package expiry reads and writes times and lengths of time from the command
// line, such as a link's expiry.
//
// Start with [Parse], which gives the minute of a link's expiry, and with
// [Length], for a length of time alone.
package expiry

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/failure"
)

const hint = "write 30d, 12h, 90m, 2w, a time such as 2030-01-31T12:00:00Z, or none"

// Parse returns the minute of a link's expiry, 0 for none. Parts of a minute
// are rounded up, so that no link expires too early.
func Parse(s string, now time.Time) (int64, error) {
	if s == "none" || s == "never" {
		return 0, nil
	}
	end, err := at(s, now)
	if err != nil {
		return 0, failure.Usage(fmt.Errorf("--expires %q is no time", s), hint)
	}
	minute := (end.Unix() + 59) / 60
	switch {
	case !end.After(now):
		return 0, failure.Usage(fmt.Errorf("--expires %q has already passed", s), hint)
	case minute > signed.MaxExpiry:
		return 0, failure.Usage(fmt.Errorf("--expires %q is later than a link can express", s), "none makes a link that does not expire")
	}
	return minute, nil
}

// at returns the time that a text means; lengths count from now.
func at(s string, now time.Time) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at, nil
	}
	for unit, days := range map[string]int{"d": 1, "w": 7} {
		digits, ok := strings.CutSuffix(s, unit)
		if n, err := strconv.ParseUint(digits, 10, 24); ok && err == nil {
			return now.AddDate(0, 0, int(n)*days), nil
		}
	}
	d, err := time.ParseDuration(s)
	return now.Add(d), err
}

// Length reads a length of time, such as 30d, 12h, 90m or 2w.
func Length(s string) (time.Duration, bool) {
	end, err := at(s, time.Unix(0, 0).UTC())
	if _, absolute := time.Parse(time.RFC3339, s); err != nil || absolute == nil || end.Unix() <= 0 {
		return 0, false
	}
	return end.Sub(time.Unix(0, 0)), true
}

// Text writes the minute of a link's expiry for people.
func Text(minute int64) string {
	if minute == 0 {
		return "never"
	}
	return time.Unix(minute*60, 0).UTC().Format("2006-01-02 15:04 UTC")
}
