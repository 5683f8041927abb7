package clicklog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/expiry"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/idn"
)

// Filter says which requests are counted. The zero value takes all.
type Filter struct {
	Since time.Time // the first moment; zero for no bound
	Until time.Time // the first moment that is out; zero for no bound
	Hosts []string  // as [core.CanonicalHost] has them; none for all

	found map[string]bool // hosts that the log has
}

// ParseFilter reads the flags --since, --until and --host. The time now is what
// lengths of time count back from.
func ParseFilter(since, until string, hosts []string, now time.Time) (f Filter, err error) {
	if f.Since, err = bound("--since", since, now); err != nil {
		return f, err
	}
	if f.Until, err = bound("--until", until, now); err != nil {
		return f, err
	}
	if !f.Since.IsZero() && !f.Until.IsZero() && !f.Since.Before(f.Until) {
		return f, failure.Usage(fmt.Errorf("--since %s is not before --until %s", rfc(f.Since), rfc(f.Until)), "--until is the first moment that is left out")
	}
	for _, host := range hosts {
		name := core.CanonicalHost(idn.ASCII(strings.TrimSpace(host)))
		if name == "" || strings.ContainsAny(name, "/ *") {
			return f, failure.Usage(fmt.Errorf("--host %q is no host", clean.Cut(host, 60)), "write one as the log has it, link.example.com; the flag may be given again")
		}
		f.Hosts = append(f.Hosts, name)
	}
	return f, nil
}

// bound reads a time: RFC 3339, a day, or a length of time before now.
func bound(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	if d, ok := expiry.Length(text); ok {
		return now.UTC().Add(-d), nil
	}
	return time.Time{}, failure.Usage(fmt.Errorf("%s %q is no time", flag, clean.Cut(text, 60)),
		"write a day, 2026-03-01, which begins at 00:00 UTC, a time, 2026-03-01T12:00:00Z, or how long ago, 7d or 12h")
}

// takes reports whether a line is counted.
func (f *Filter) takes(l *Line) bool {
	if len(f.Hosts) > 0 {
		host := core.CanonicalHost(l.Host)
		if !slices.Contains(f.Hosts, host) {
			return false
		}
		if f.found == nil {
			f.found = map[string]bool{}
		}
		f.found[host] = true
	}
	return (f.Since.IsZero() || !l.Time.Before(f.Since)) && (f.Until.IsZero() || l.Time.Before(f.Until))
}

// missing lists the hosts that were asked for and that no line has.
func (f *Filter) missing() (list []string) {
	for _, host := range f.Hosts {
		if !f.found[host] {
			list = append(list, host)
		}
	}
	return list
}

// String says what is counted, "" for everything.
func (f *Filter) String() string {
	var parts []string
	if !f.Since.IsZero() {
		parts = append(parts, "since "+rfc(f.Since))
	}
	if !f.Until.IsZero() {
		parts = append(parts, "before "+rfc(f.Until))
	}
	if len(f.Hosts) > 0 {
		parts = append(parts, "of "+strings.Join(f.Hosts, ", "))
	}
	return strings.Join(parts, ", ")
}

func rfc(t time.Time) string { return t.Format(time.RFC3339) }

// errNoLine is a file of something else.
var errNoLine = errors.New("not one line is of the click log")
