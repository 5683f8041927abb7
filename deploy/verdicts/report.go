package verdicts

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/clickedge/clickedge/core/verdict"
	"github.com/clickedge/clickedge/deploy/clicklog"
	"github.com/clickedge/clickedge/deploy/output"
)

// counts are what was read and found.
type counts struct {
	Clicks, Opens       int
	NoMail, NoReader    int // clicks without the hash
	Traps               int // clicks on a trap, found or not
	Early, Beyond, Back int
	rules               [rules]RuleCounts
	suspect             RuleCounts
}

// RuleCounts are the clicks that a rule found, by their lines' own verdict.
type RuleCounts struct {
	Clicks  int `json:"clicks"`
	Human   int `json:"human"`
	Bot     int `json:"bot"`
	Unknown int `json:"unknown"`
}

func (c *counts) click(l *clicklog.Line) {
	c.Clicks++
	if hashOf(l.MailHash) == 0 && !l.IsTrap() {
		c.NoMail++
	}
	if hashOf(l.ReaderHash) == 0 {
		c.NoReader++
	}
	if l.IsTrap() {
		c.Traps++
	}
}

func (c *counts) found(k *click) {
	for r := range rules {
		if k.found.has(Rule(r)) {
			c.rules[r].add(k.who)
		}
	}
	if k.found.Suspect() {
		c.suspect.add(k.who)
	}
}

func (c *RuleCounts) add(who string) {
	c.Clicks++
	switch who {
	case verdict.WhoHuman.String():
		c.Human++
	case verdict.WhoBot.String():
		c.Bot++
	default:
		c.Unknown++
	}
}

// Report is what was found, as --json prints it.
type Report struct {
	Clicks   int        `json:"clicks"`
	Opens    int        `json:"opens"`
	NoMail   int        `json:"clicks_without_mail"`   // of the clicks: not judged, as their lines have no mail_hash
	NoReader int        `json:"clicks_without_reader"` // of the clicks: their lines have no reader_hash
	Beyond   int        `json:"clicks_beyond"`         // of the clicks: not judged, as there were too many of their mail
	Traps    int        `json:"clicks_on_traps"`
	Rules    []RuleRow  `json:"rules"`
	Suspect  RuleCounts `json:"suspect"` // clicks that meet a rule by which no person clicked
	Links    int        `json:"burst_links"`
	Within   string     `json:"burst_within"`
	Lines    int        `json:"lines"`
	Others   int        `json:"other_lines"`
	Left     int        `json:"left_out"`
	Notes    []string   `json:"notes"`
}

// RuleRow is what one rule found.
type RuleRow struct {
	Rule     string  `json:"rule"`
	Suspects bool    `json:"suspects"` // it says that no person clicked
	Share    float64 `json:"share"`    // of the clicks that were judged
	RuleCounts
}

// Report judges what is left, and returns what was found.
func (f *Finder) Report() *Report {
	f.End()
	c, o := &f.counts, f.options()
	r := &Report{Clicks: c.Clicks, Opens: c.Opens, NoMail: c.NoMail, NoReader: c.NoReader, Traps: c.Traps, Suspect: c.suspect,
		Beyond: c.Beyond, Links: o.Links, Within: o.Within.String(), Lines: f.Count, Others: f.Others, Left: f.LeftOut}
	for i := range rules {
		r.Rules = append(r.Rules, RuleRow{Rule(i).String(), Rule(i).Suspects(), share(c.rules[i].Clicks, r.judged()), c.rules[i]})
	}
	r.Notes = append(f.notes(), f.Reader.Notes()...)
	return r
}

// judged is how many clicks were.
func (r *Report) judged() int { return r.Clicks - r.NoMail - r.Beyond }

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// notes says what could not be judged, and what was not kept.
func (f *Finder) notes() []string {
	c, list := &f.counts, []string{}
	note := func(n int, one, many, rest string) {
		if n == 1 {
			list = append(list, "1 "+one+rest)
		} else if n > 1 {
			list = append(list, strconv.Itoa(n)+" "+many+rest)
		}
	}
	if c.Clicks > 0 && c.NoMail == c.Clicks {
		list = append(list, "no line of a click has mail_hash: name a key with log_hashes in sites.json, and lines will have it from then on, where the ESP's links name their mail")
	} else {
		note(c.NoMail, "click has", "clicks have", " no mail_hash, and cannot be judged: the link names no mail, or the site has no log_hashes")
	}
	note(c.NoReader-min(c.NoReader, c.NoMail), "click has", "clicks have", " no reader_hash: no burst is looked for")
	note(c.Early, "mail was", "mails were", fmt.Sprintf(" judged before the hour was over, since %d mails and %d clicks are kept at once", MostMails, mostHeld))
	note(c.Beyond, "click is", "clicks are", fmt.Sprintf(" not judged: of one mail %d are kept", MostClicks))
	note(c.Back, "time", "times", " the log goes back by more than an hour: what came before is judged by itself; give files in the order of time")
	note(f.opened.forgot, "mail is", "mails are", " no longer remembered as opened: a click between two opens may count as one before the first")
	note(f.orders.full, "order of links was", "orders of links were", fmt.Sprintf(" not kept: %d orders are, and %d clicks that wait for others in the same", mostOrders, mostWaiting))
	return list
}

// Text writes the report as a table.
func (r *Report) Text(w io.Writer) error {
	fmt.Fprintf(w, "%s and %s\n\n", output.Count(r.Clicks, "click"), output.Count(r.Opens, "open"))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RULE\tCLICKS\tSHARE\tTHEIR LINES SAY HUMAN\tBOT\tUNKNOWN\tMEANS")
	for _, row := range r.Rules {
		row.text(t, row.Rule, row.Share, r.meaning(row.Rule))
	}
	r.Suspect.text(t, "suspect", share(r.Suspect.Clicks, r.judged()), "burst, order or trap")
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nthe share is that of the clicks that can be judged; %s on traps\n", output.Count(r.Traps, "click"))
	return err
}

func (c RuleCounts) text(w io.Writer, name string, share float64, means string) {
	fmt.Fprintf(w, "%s\t%d\t%.2f %%\t%d\t%d\t%d\t%s\n", name, c.Clicks, 100*share, c.Human, c.Bot, c.Unknown, means)
}

func (r *Report) meaning(rule string) string {
	switch rule {
	case Burst.String():
		return fmt.Sprintf("%d links of a mail within %s, one reader", r.Links, r.Within)
	case Order.String():
		return fmt.Sprintf("%d links within %s, in one order in %d mails", orderLinks, orderWithin, orderMails)
	case Trap.String():
		return fmt.Sprintf("a link that nobody sees, and what its reader clicked within %s", trapWithin)
	}
	return fmt.Sprintf("first opened %s or more after the click: no verdict by itself", openAfter)
}

// CSV writes a row for each rule, and one for all that suspect (RFC 4180, lines
// end with a line feed alone).
func (r *Report) CSV(w io.Writer) error {
	c := csv.NewWriter(w)
	_ = c.Write([]string{"rule", "suspects", "clicks", "share", "human", "bot", "unknown"}) // the writer remembers its error
	for _, row := range r.Rules {
		_ = c.Write(csvRow(row.Rule, row.Suspects, row.Share, row.RuleCounts))
	}
	_ = c.Write(csvRow("suspect", true, share(r.Suspect.Clicks, r.judged()), r.Suspect))
	c.Flush()
	return c.Error()
}

func csvRow(name string, suspects bool, share float64, c RuleCounts) []string {
	return []string{name, strconv.FormatBool(suspects), strconv.Itoa(c.Clicks), strconv.FormatFloat(share, 'f', 6, 64),
		strconv.Itoa(c.Human), strconv.Itoa(c.Bot), strconv.Itoa(c.Unknown)}
}
