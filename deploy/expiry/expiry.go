package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/failure"
)

const expiresHint = "write 30d, 12h, 90m, 2w, a time such as 2030-01-31T12:00:00Z, or none"

// parseExpiry returns the minute of a link's expiry, 0 for none. A link lives at
// least as long as was asked for: parts of a minute are rounded up.
func parseExpiry(s string, now time.Time) (int64, error) {
	if s == "none" || s == "never" {
		return 0, nil
	}
	at, err := expiryTime(s, now)
	if err != nil {
		return 0, failure.Usage(fmt.Errorf("--expires %q is no time", s), expiresHint)
	}
	minute := (at.Unix() + 59) / 60
	switch {
	case !at.After(now):
		return 0, failure.Usage(fmt.Errorf("--expires %q is over already", s), expiresHint)
	case minute > core.MaxExpiry:
		return 0, failure.Usage(fmt.Errorf("--expires %q is further away than a link can say", s), "none makes a link that does not expire")
	}
	return minute, nil
}

func expiryTime(s string, now time.Time) (time.Time, error) {
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

// expiryText writes the minute of a link's expiry for people.
func expiryText(minute int64) string {
	if minute == 0 {
		return "never"
	}
	return time.Unix(minute*60, 0).UTC().Format("2006-01-02 15:04 UTC")
}

// nowFlag is a time that stands in for the clock, empty for the clock itself.
func (env *Env) nowFlag(s string) (time.Time, error) {
	if s == "" {
		return env.Now(), nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return at, failure.Usage(fmt.Errorf("--now %q is no time", s), "write it like 2030-01-31T12:00:00Z")
	}
	return at, nil
}
