package clickreport

import (
	"cmp"
	"strconv"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/clicklog"
)

// By is what a table's rows are.
type By uint8

// The tables, in the order of the report.
const (
	ByHour By = iota
	ByHost
	ByESP
	ByKind
	ByVerdict
	ByCode
	ByDestination
	ByNetwork     // of lines that have one
	tables    int = iota
)

var byNames = [tables]string{"hour", "host", "esp", "kind", "verdict", "code", "destination", "network"}

// String returns the table's name in JSON, CSV and flags.
func (b By) String() string { return byNames[b] }

// Names lists the tables.
func Names() []string { return byNames[:] }

// Clicks counts the click log. The zero value has read nothing.
type Clicks struct {
	clicklog.Reader
	total    Counts
	tallies  [tables]tally
	times    map[string]*times
	rest     times // of ESPs that have no row
	hour     time.Time
	hourName string
}

// times are how long an ESP took.
type times struct {
	answers  sketch
	noAnswer int
}

// Line counts one line.
func (c *Clicks) Line(text []byte) {
	l, ok := c.Parse(text)
	if !ok || !c.First(l) {
		return
	}
	c.total.add(l)
	for by := range tables {
		if name, ok := c.name(By(by), l); ok {
			c.tally(By(by)).of(short(name)).add(l)
		}
	}
	c.addTime(l)
}

func (c *Clicks) tally(by By) *tally {
	t := &c.tallies[by]
	if t.most = Most; by == ByHour {
		t.most = mostHours
	}
	return t
}

// name is the row of a line; ok is false where the line is in no row. A host
// that no site has is anybody's choice: they share a row, or a scanner would
// take all there are.
func (c *Clicks) name(by By, l *clicklog.Line) (name string, ok bool) {
	switch by {
	case ByHour:
		return c.hourOf(l.Time), true
	case ByHost:
		if l.ESP == "" {
			return "", true
		}
		return core.CanonicalHost(l.Host), true
	case ByESP:
		return l.ESP, true
	case ByKind:
		return l.Kind, true
	case ByVerdict:
		return l.Verdict, true
	case ByCode:
		return string(l.Code), true
	case ByNetwork:
		return networkOf(l), l.ASN != 0
	}
	return l.Destination, l.Destination != ""
}

// networkOf is the network's name in the table of networks, else its number.
func networkOf(l *clicklog.Line) string {
	return cmp.Or(l.Network, "AS"+strconv.FormatInt(l.ASN, 10))
}

// hourOf returns when the hour of a time begins. A log is mostly in order, so
// that the last hour's text is that of the next line too.
func (c *Clicks) hourOf(t time.Time) string {
	if hour := t.UTC().Truncate(time.Hour); !hour.Equal(c.hour) || c.hourName == "" {
		c.hour, c.hourName = hour, hour.Format(time.RFC3339)
	}
	return c.hourName
}

// addTime counts how long a request took whose reader waited for the ESP: what
// the ESP answered was passed on. A reader who was redirected from the link at
// once did not wait, and where the ESP failed the time is that of giving up. An
// answer of the second origin is one.
func (c *Clicks) addTime(l *clicklog.Line) {
	switch {
	case l.OriginStatus == 0 && l.OriginError != "":
		c.timesOf(short(l.ESP)).noAnswer++
	case l.OriginStatus != 0 && l.Action == core.Proxy.String():
		c.timesOf(short(l.ESP)).answers.add(max(l.Micros, 0))
	}
}

func (c *Clicks) timesOf(esp string) *times {
	if t := c.times[esp]; t != nil {
		return t
	}
	if len(c.times) >= mostESPs {
		return &c.rest
	}
	if c.times == nil {
		c.times = map[string]*times{}
	}
	t := new(times)
	c.times[esp] = t
	return t
}

// mostESPs bounds the histograms: 100 of them take less than a megabyte.
const mostESPs = 100
