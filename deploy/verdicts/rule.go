package verdicts

import (
	"cmp"
	"slices"
	"time"
)

// Rule is why a click is thought not to be a person's.
type Rule uint8

// The rules. Each can be wrong: the tests have the people whom it must leave
// alone.
const (
	// Burst: one reader has followed several links of one mail within seconds.
	Burst Rule = iota
	// Order: one reader has followed many links of a mail in an order in which
	// they were followed in other mails too.
	Order
	// Trap: the reader has followed a link that nobody sees in the mail.
	Trap
	// BeforeOpen: the mail was opened for the first time after the click. It is
	// no verdict: whoever blocks images does so too, and opens it elsewhere.
	BeforeOpen
	rules int = iota
)

var ruleNames = [rules]string{"burst", "order", "trap", "before_open"}

// String returns the rule's name in JSON and CSV.
func (r Rule) String() string { return ruleNames[r] }

// Suspects reports whether the rule alone says that no person clicked.
func (r Rule) Suspects() bool { return r != BeforeOpen }

// Found are the rules that a click meets.
type Found uint8

func (f Found) has(r Rule) bool { return f&(1<<r) != 0 }

// Suspect reports whether one of them says that no person clicked.
func (f Found) Suspect() bool { return f&^(1<<BeforeOpen) != 0 }

// Names lists them.
func (f Found) Names() (list []string) {
	for r := range rules {
		if f.has(Rule(r)) {
			list = append(list, ruleNames[r])
		}
	}
	return list
}

const (
	// BurstLinks and BurstWithin are the defaults of [Options]. Two links in two
	// tabs within two seconds are a person's; three of them need a quicker hand
	// than most.
	BurstLinks  = 3
	BurstWithin = 2 * time.Second

	// orderLinks links in one order, within orderWithin, in orderMails mails: the
	// first few of a newsletter, opened in tabs, are people's as well.
	orderLinks  = 6
	orderWithin = 20 * time.Second
	orderMails  = 3

	// trapWithin is how close to a trap another click of its reader is.
	trapWithin = 10 * time.Second
	// openAfter is how long after a click the first open is a later one: a mail
	// program that loads images when a link is clicked opens the mail with it.
	openAfter = 10 * time.Second
)

// judge finds the rules that the clicks of a mail meet, but for their order.
func (m *mail) judge(o Options) {
	slices.SortStableFunc(m.clicks, func(a, b click) int {
		return cmp.Or(cmp.Compare(a.reader, b.reader), a.time.Compare(b.time))
	})
	for list := m.clicks; len(list) > 0; {
		n := 1
		for n < len(list) && list[n].reader == list[0].reader {
			n++
		}
		if list[0].reader != 0 { // readers who are not known are not one
			bursts(list[:n], o)
		}
		traps(list[:n])
		list = list[n:]
	}
	for i := range m.clicks {
		if c := &m.clicks[i]; !m.before && !m.opened.IsZero() && m.opened.Sub(c.time) >= openAfter {
			c.found |= 1 << BeforeOpen
		}
	}
}

// bursts marks the clicks of one reader that are within a window of time with
// enough different links. They are in the order of time.
func bursts(list []click, o Options) {
	end := 0
	for i := range list {
		for end < len(list) && list[end].time.Sub(list[i].time) <= o.Within {
			end++
		}
		if different(list[i:end]) >= o.Links {
			for j := range list[i:end] {
				list[i+j].found |= 1 << Burst
			}
		}
	}
}

// different is how many links there are in a list.
func different(list []click) int {
	seen := make(map[uint64]bool, len(list))
	for i := range list {
		seen[list[i].link] = true
	}
	return len(seen)
}

// traps marks the clicks of one reader on and around a trap. If the line does
// not call it a bot's, since somebody acted, it counts only with another link
// beside it: whoever reads a mail as text sees a trap, and follows it alone.
func traps(list []click) {
	for i := range list {
		t := &list[i]
		if !t.trap {
			continue
		}
		for j := range list {
			c := &list[j]
			near := t.reader != 0 && c.link != t.link && c.time.Sub(t.time).Abs() <= trapWithin
			if near {
				c.found |= 1 << Trap
			}
			if near || t.bot {
				t.found |= 1 << Trap
			}
		}
	}
}
