package clickreport

import (
	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/verdict"
	"github.com/clickedge/clickedge/deploy/clicklog"
)

// Counts are numbers of requests.
type Counts struct {
	Requests     int `json:"requests"`
	Clicks       int `json:"clicks"`         // app links included
	Human        int `json:"clicks_human"`   // of the clicks, by verdict
	Bot          int `json:"clicks_bot"`     // of the clicks
	Unknown      int `json:"clicks_unknown"` // of the clicks: no verdict included
	Opens        int `json:"opens"`
	Unsubscribes int `json:"unsubscribes"`
	Other        int `json:"other"`     // health probes included
	Missed       int `json:"missed"`    // the ESP has not counted them, or perhaps not
	Certain      int `json:"certain"`   // of the missed: the ESP was never reached
	Recovered    int `json:"recovered"` // of the missed: clicks whose reader was redirected all the same
	Recalled     int `json:"recalled"`  // a rule of recalls applied
	Refused      int `json:"refused"`   // the reader got an error page
	Disagree     int `json:"disagree"`  // the ESP redirected elsewhere than the link was read
	Traps        int `json:"traps"`     // of the clicks: on a link that nobody sees in the mail
}

func (c *Counts) add(l *clicklog.Line) {
	c.Requests++
	c.addKind(l)
	if l.WasMissed() {
		c.Missed++
		c.Certain += one(l.Missed == "yes")
		c.Recovered += one(l.IsClick() && l.Action == core.Redirect.String())
	}
	c.Recalled += one(l.Code == outcome.Recalled)
	c.Refused += one(l.Action == core.Refuse.String())
	c.Disagree += one(l.Agrees == "no")
}

func (c *Counts) addKind(l *clicklog.Line) {
	switch {
	case l.IsClick():
		c.addClick(l)
	case l.Kind == esp.KindOpen.String():
		c.Opens++
	case l.Kind == esp.KindUnsubscribe.String():
		c.Unsubscribes++
	default:
		c.Other++
	}
}

func (c *Counts) addClick(l *clicklog.Line) {
	c.Clicks++
	c.Traps += one(l.IsTrap())
	switch l.Verdict {
	case verdict.WhoHuman.String():
		c.Human++
	case verdict.WhoBot.String():
		c.Bot++
	default:
		c.Unknown++
	}
}

// plus adds other counts.
func (c *Counts) plus(o *Counts) {
	for i, n := range o.list() {
		*c.list()[i] += *n
	}
}

// list has every number, in the order of the members.
func (c *Counts) list() []*int {
	return []*int{&c.Requests, &c.Clicks, &c.Human, &c.Bot, &c.Unknown, &c.Opens, &c.Unsubscribes, &c.Other,
		&c.Missed, &c.Certain, &c.Recovered, &c.Recalled, &c.Refused, &c.Disagree, &c.Traps}
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
