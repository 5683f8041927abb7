package verdicts

import (
	"container/list"
	"strconv"
	"time"

	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/loghash"
	"github.com/clickedge/clickedge/core/verdict"
	"github.com/clickedge/clickedge/deploy/clicklog"
)

// Options say what a burst is. The zero value has the defaults.
type Options struct {
	Links  int           // how many different links of a mail; 0 is [BurstLinks]
	Within time.Duration // in how long a time; 0 is [BurstWithin]
}

// The bounds of what is kept.
const (
	MostMails  = 100_000
	MostClicks = 100       // of one mail
	mostHeld   = 300_000   // clicks of all mails
	Horizon    = time.Hour // of the log
)

// Finder reads the click log. The zero value has read nothing.
type Finder struct {
	clicklog.Reader
	Options
	// Each, if not nil, is told of each click that meets a rule, once nothing
	// more can be found of it: not in the order of the log.
	Each func(*Click)

	mails  map[uint64]*list.Element // of *mail
	oldest *list.List
	newest time.Time
	held   int // clicks of all mails
	opened opened
	orders orders
	counts counts
}

// Click is a click that meets a rule.
type Click struct {
	Time    time.Time `json:"time"`
	Request string    `json:"request"`
	Host    string    `json:"host"`
	ESP     string    `json:"esp"`
	Verdict string    `json:"verdict"` // the line's own
	Rules   []string  `json:"rules"`
	Suspect bool      `json:"suspect"` // one of the rules says that no person clicked
}

// mail is what is kept of one mail.
type mail struct {
	name   uint64
	opened time.Time // for the first time that is kept; zero for never
	before bool      // it was opened before
	last   time.Time
	clicks []click
}

// click is a line of a click.
type click struct {
	time               time.Time
	reader, link       uint64
	request, host, esp string
	who                string
	trap, bot          bool
	found              Found
}

// Line takes one line.
func (f *Finder) Line(text []byte) {
	l, ok := f.Parse(text)
	if !ok || !l.IsClick() && l.Kind != esp.KindOpen.String() || !f.First(l) {
		return
	}
	name := hashOf(l.MailHash)
	if l.IsClick() {
		f.counts.click(l)
	} else {
		f.counts.Opens++
	}
	if name == 0 {
		f.alone(l)
		return
	}
	if f.oldest == nil {
		f.oldest, f.mails = list.New(), map[uint64]*list.Element{}
	}
	f.expire(l.Time)
	m := f.mailOf(name, l.Time)
	if !l.IsClick() {
		if m.opened.IsZero() || l.Time.Before(m.opened) {
			m.opened = l.Time
		}
		return
	}
	if len(m.clicks) == MostClicks {
		f.counts.Beyond++
		return
	}
	if f.held++; f.held > mostHeld {
		f.counts.Early++
		f.end(f.oldest.Front())
		m = f.mailOf(name, l.Time) // it may have been the oldest itself
	}
	m.clicks = append(m.clicks, clickOf(l))
}

func clickOf(l *clicklog.Line) click {
	return click{
		time: l.Time, reader: hashOf(l.ReaderHash), link: hashOf(l.LinkHash), request: l.Request, host: l.Host, esp: l.ESP, who: l.Verdict,
		trap: l.IsTrap(), bot: l.Verdict == verdict.WhoBot.String(),
	}
}

// alone judges a click whose mail is not known, which can only be a trap.
func (f *Finder) alone(l *clicklog.Line) {
	if l.IsTrap() {
		c := []click{clickOf(l)}
		traps(c)
		f.tell(&c[0])
	}
}

// hashOf reads a hash; 0 for what is none.
func hashOf(text string) uint64 {
	if len(text) != loghash.Length {
		return 0
	}
	n, err := strconv.ParseUint(text, 16, 64)
	if err != nil {
		return 0
	}
	return n
}

// expire judges the mails of which nothing came for an hour. Where the log goes
// back by more than that, as at the beginning of another file, all are judged:
// what follows is another part of the log.
func (f *Finder) expire(now time.Time) {
	if f.newest.Sub(now) > Horizon {
		f.counts.Back++
		f.flush()
		f.newest = now
	}
	if now.After(f.newest) {
		f.newest = now
	}
	for e := f.oldest.Front(); e != nil && f.newest.Sub(e.Value.(*mail).last) > Horizon; e = f.oldest.Front() {
		f.end(e)
	}
}

// mailOf returns a mail, and makes room for a new one.
func (f *Finder) mailOf(name uint64, now time.Time) *mail {
	if e := f.mails[name]; e != nil {
		m := e.Value.(*mail)
		if now.After(m.last) {
			m.last = now
		}
		f.oldest.MoveToBack(e)
		return m
	}
	if len(f.mails) >= MostMails {
		f.counts.Early++
		f.end(f.oldest.Front())
	}
	m := &mail{name: name, last: now, before: f.opened.has(name)}
	f.mails[name] = f.oldest.PushBack(m)
	return m
}

// flush judges all mails.
func (f *Finder) flush() {
	if f.oldest == nil {
		return
	}
	for e := f.oldest.Front(); e != nil; e = f.oldest.Front() {
		f.end(e)
	}
}

// end judges a mail and forgets it.
func (f *Finder) end(e *list.Element) {
	m := f.oldest.Remove(e).(*mail)
	delete(f.mails, m.name)
	f.held -= len(m.clicks)
	if !m.opened.IsZero() {
		f.opened.add(m.name)
	}
	m.judge(f.options())
	late, kept := f.orders.take(m)
	for i := range late {
		f.tell(&late[i])
	}
	for i := range m.clicks {
		if len(kept) > 0 && kept[0] == i {
			kept = kept[1:]
			continue
		}
		f.tell(&m.clicks[i])
	}
}

func (f *Finder) options() Options {
	o := f.Options
	if o.Links == 0 {
		o.Links = BurstLinks
	}
	if o.Within == 0 {
		o.Within = BurstWithin
	}
	return o
}

// tell counts a click of which nothing more can be found.
func (f *Finder) tell(c *click) {
	if c.found == 0 {
		return
	}
	f.counts.found(c)
	if f.Each != nil {
		f.Each(&Click{c.time.UTC(), c.request, c.host, c.esp, c.who, c.found.Names(), c.found.Suspect()})
	}
}

// End judges what has not been judged yet. It is called after the last line.
func (f *Finder) End() {
	f.flush()
	for _, o := range f.orders.seen {
		for _, list := range o.pending {
			for i := range list {
				f.tell(&list[i])
			}
		}
		o.pending = nil
	}
}
