package cli

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/clickedge/clickedge/core"
)

// missedTally counts as it reads.
type missedTally struct {
	hours map[missedKey]*missedCounts
	seen  map[string]bool // request ids: logs are delivered once at least, at times twice
	rep   missedReport
}

type missedKey struct {
	hour time.Time
	esp  string
}

func newMissedTally() *missedTally {
	return &missedTally{hours: map[missedKey]*missedCounts{}, seen: map[string]bool{}}
}

// missedLine is what of a line counts here.
type missedLine struct {
	V       int       `json:"v"`
	Time    time.Time `json:"time"`
	Request string    `json:"request"`
	ESP     string    `json:"esp"`
	Kind    string    `json:"kind"`
	Action  string    `json:"action"`
	Missed  string    `json:"missed"`
}

// line takes one line.
func (m *missedTally) line(text []byte) {
	var l missedLine
	if json.Unmarshal(text, &l) != nil || l.V != core.RecordVersion || l.Action == "" {
		m.rep.Others++
		return
	}
	m.rep.Lines++
	if l.Missed == "" || l.Kind == core.KindHealth.String() || m.seen[l.Request] {
		return
	}
	m.seen[l.Request] = l.Request != ""
	key := missedKey{l.Time.UTC().Truncate(time.Hour), l.ESP}
	if m.hours[key] == nil {
		m.hours[key] = &missedCounts{}
	}
	m.hours[key].add(&l)
	m.rep.Total.add(&l)
}

func (c *missedCounts) add(l *missedLine) {
	switch l.Kind {
	case core.KindClick.String(), core.KindApp.String():
		c.Clicks++
	case core.KindOpen.String():
		c.Opens++
	case core.KindUnsubscribe.String():
		c.Unsubscribes++
	default:
		c.Other++
	}
	if l.Missed == "yes" {
		c.Certain++
	}
}

// report sorts by hour, then by ESP.
func (m *missedTally) report() *missedReport {
	keys := slices.SortedFunc(maps.Keys(m.hours), func(a, b missedKey) int {
		return cmp.Or(a.hour.Compare(b.hour), cmp.Compare(a.esp, b.esp))
	})
	m.rep.Hours = make([]missedHour, 0, len(keys))
	for _, k := range keys {
		m.rep.Hours = append(m.rep.Hours, missedHour{k.hour.Format(time.RFC3339), k.esp, *m.hours[k]})
	}
	return &m.rep
}
