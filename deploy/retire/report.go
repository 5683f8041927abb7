package retire

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/verdict"
	"github.com/clickedge/clickedge/deploy/output"
)

// What a log must have for shares to mean something. People open mail weeks
// later, and a mailing a month is common.
const (
	leastDays   = 30
	staleDays   = 7
	leastClicks = 100
)

// mostHosts is how many hosts are named.
const mostHosts = 20

const day = 24 * time.Hour

// doubts say why little follows from the log.
func (f *Forecast) doubts(now time.Time, r *Report) (list []string) {
	if r.OfESP == 0 {
		what := "no line of a link of " + r.ESP + " on " + r.Host + " is in the log: nothing follows from it. It is of another service, or nobody has used these links in this time"
		if len(r.OtherESPs) > 0 {
			what += "; the log has there: " + numbered(r.OtherESPs)
		}
		return append(list, what)
	}
	if f.Namesake {
		list = append(list, "another ESP of the site is called "+r.ESP+" in the log too, so these numbers are of both")
	}
	if covered := f.Ends.Sub(f.Begins); covered < leastDays*day {
		list = append(list, fmt.Sprintf("the log covers %s: too little to know what a month's mail does, or how long old mail is read", days(covered)))
	}
	if age := now.Sub(f.last); age > staleDays*day {
		list = append(list, fmt.Sprintf("the last request for a link of %s is %s old: what is mailed now may have other links and other destinations", r.ESP, days(age)))
	}
	if n := r.clicks(); n < leastClicks {
		list = append(list, fmt.Sprintf("%s: too few for a share to mean much", output.Count(n, "click")))
	}
	return list
}

func days(d time.Duration) string {
	if d < day {
		return "less than a day"
	}
	return output.Count(int(d/day), "day")
}

// clicks counts clicks, those of app links included.
func (r *Report) clicks() (n int) {
	for _, k := range r.Kinds {
		if k.Kind == esp.KindClick.String() || k.Kind == esp.KindApp.String() {
			n += k.Requests
		}
	}
	return n
}

func numbered(list []Share) string {
	parts := make([]string, len(list))
	for i, s := range list {
		parts[i] = fmt.Sprintf("%s (%d)", clean.Text(s.Name), s.Requests)
	}
	return output.Some(parts, 8)
}

// Text writes the report for people.
func (r *Report) Text(w io.Writer) {
	fmt.Fprintf(w, "the click log: %s", output.Count(r.Lines, "line"))
	if r.Begins != nil {
		fmt.Fprintf(w, ", %s to %s UTC", r.Begins.Format("2006-01-02 15:04"), r.Ends.Format("2006-01-02 15:04"))
	}
	fmt.Fprintf(w, "; %s for ESPs' links on %s, %d of them of %s\n", output.Count(r.OfHost, "request"), r.Host, r.OfESP, r.ESP)
	if r.OfESP > 0 {
		r.table(w)
		r.explain(w)
	}
	for _, d := range r.Doubts {
		fmt.Fprintf(w, "doubt: %s\n", d)
	}
}

func (r *Report) table(out io.Writer) {
	fmt.Fprintf(out, "\nwith %s retired, and the list of destinations as it is:\n", r.ESP)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KIND\tREQUESTS\tLAND\tMAY LAND\tGET A PAGE\tNOT KNOWN\tLAST SEEN (UTC)")
	for _, k := range r.Kinds {
		k.row(w, k.Kind)
		for _, v := range k.Verdicts {
			v.row(w, "  "+v.Verdict)
		}
	}
	w.Flush()
}

func (c *Counts) row(w io.Writer, name string) {
	share := func(n int) string { return percent(n, c.Requests) }
	fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\n", name, c.Requests, share(c.Lands), share(c.May), share(c.Page+c.Withdrawn), share(c.Unknown),
		c.Last.Format("2006-01-02 15:04"))
}

// explainVerdicts says how the rows by verdict are to be read.
func (r *Report) explainVerdicts(w io.Writer) {
	judged, bots := 0, 0
	for _, k := range r.Kinds {
		if k.Kind != esp.KindClick.String() && k.Kind != esp.KindApp.String() {
			continue
		}
		for _, v := range k.Verdicts {
			judged += v.Requests
			if v.Verdict == verdict.WhoBot.String() {
				bots += v.Requests
			}
		}
	}
	if judged == 0 {
		return
	}
	fmt.Fprintf(w, "clicks by verdict: %d of %d are of bots, which say little of readers: a scanner follows every link of a mail. human is what a browser says of a person's click; unknown proves neither, as most clicks on iPhones\n", bots, r.clicks())
	if less := r.clicks() - judged; less > 0 {
		fmt.Fprintf(w, "without a verdict: %s, in no row of these\n", output.Count(less, "click"))
	}
}

// percent writes a share, and never 100 % for less than all, or 0 % for some.
func percent(n, of int) string {
	tenths := n * 1000 / max(of, 1)
	switch {
	case n == 0:
		return "-"
	case n == of:
		return "100%"
	case tenths == 0:
		return "<0.1%"
	}
	return fmt.Sprintf("%d.%d%%", tenths/10, tenths%10)
}

// explain says how the numbers are made.
func (r *Report) explain(w io.Writer) {
	fmt.Fprintln(w)
	c := map[string]Counts{}
	for _, k := range r.Kinds {
		c[k.Kind] = k.Counts
	}
	if r.clicks() > 0 {
		r.explainClicks(w, c["click"].plus(c["app"]))
		r.explainVerdicts(w)
	}
	if c["open"].Requests > 0 {
		fmt.Fprintln(w, "opens: all that come by GET or HEAD get the pixel; nobody counts them but the log")
	}
	if c["unsubscribe"].Requests > 0 {
		if u := r.site.Unsubscribes; u != nil {
			fmt.Fprintf(w, "unsubscribes: they reach %s; whether it understands them is not in the log\n", u.Address)
		} else {
			fmt.Fprintln(w, "unsubscribes: without an origin in unsubscribes, a page says that nothing was done")
		}
	}
	if c["other"].Requests > 0 {
		fmt.Fprintln(w, "other: what has the form of no link goes to the site's own esp, whoever that is then")
	}
	fmt.Fprintln(w, "mail that nobody has opened in this time is not in the log")
}

func (c Counts) plus(d Counts) Counts {
	return Counts{Requests: c.Requests + d.Requests, Lands: c.Lands + d.Lands, Learned: c.Learned + d.Learned, May: c.May + d.May, Page: c.Page + d.Page,
		Unarchived: c.Unarchived + d.Unarchived, Withdrawn: c.Withdrawn + d.Withdrawn, Unknown: c.Unknown + d.Unknown, Last: later(c.Last, d.Last)}
}

func (r *Report) explainClicks(w io.Writer, c Counts) {
	g := r.site.Origin.Family.Gradings()
	if !r.site.Origin.Family.Readable() {
		fmt.Fprintf(w, "clicks: only %s can read its links, so those land of which something was learned: %d of %d here were answered from that\n",
			r.ESP, c.Learned, c.Requests)
		r.explainLearned(w, c)
		if why := whyNoneLearned(r.site); why != "" {
			fmt.Fprintln(w, why)
		}
	} else {
		fmt.Fprintf(w, "clicks that land: %d were read from the link when they were clicked (the line has \"reading\"), and lead to a listed host\n", c.Lands)
		fmt.Fprintf(w, "clicks that may land: %d were led to a listed host by %s; whether the link says it too is not in the log. Read are %s\n",
			c.May, r.ESP, readable(g))
		if !r.site.AllowHTTP {
			fmt.Fprintln(w, "the log does not say http:// from https://; without allow_http, those to http:// get a page")
		}
	}
	if r.withArchive && !r.site.Learns() {
		fmt.Fprintln(w, "the archive changes nothing here: it is used for links that are learned only")
	}
	if c.Withdrawn > 0 {
		fmt.Fprintf(w, "withdrawn by a rule of recalls: %d, which get a page now too\n", c.Withdrawn)
	}
	if c.Unknown > 0 {
		fmt.Fprintf(w, "clicks not known: %d have no destination in the log, or the ESP led elsewhere than the link says\n", c.Unknown)
	}
	if len(r.Unlisted) > 0 {
		fmt.Fprintln(w, "hosts that are not in destinations (or are the link domain), whose clicks get a page; add those that are yours:")
		for i, s := range r.Unlisted {
			if i == mostHosts {
				fmt.Fprintf(w, "  and %s more\n", output.Count(len(r.Unlisted)-i, "host"))
				break
			}
			fmt.Fprintf(w, "  %s  %s (%s)\n", clean.Text(s.Name), percent(s.Requests, r.clicks()), output.Count(s.Requests, "click"))
		}
	}
}

// explainLearned says what of the clicks that may land is known.
func (r *Report) explainLearned(w io.Writer, c Counts) {
	may := c.May
	for _, k := range r.Archive {
		may -= k.Requests
	}
	if may > 0 {
		fmt.Fprintf(w, "clicks that may land: %d were led to a listed host by %s, and \"learn\" is on; what has been learned by then is not in the log, and a destination that is one reader's own hardly ever is\n", may, r.ESP)
	}
	if len(r.Archive) > 0 {
		fmt.Fprintf(w, "clicks that may land by the archive: %d were led to a listed host to which it has links. Which link was clicked is not in the log, so these need not be the same, nor of this link domain\n", c.May-may)
		for i, k := range r.Archive {
			if i == mostHosts {
				fmt.Fprintf(w, "  and %s more\n", output.Count(len(r.Archive)-i, "host"))
				break
			}
			fmt.Fprintf(w, "  %s  %s known (%s)\n", clean.Text(k.Name), output.Count(k.Links, "link"), output.Count(k.Requests, "click"))
		}
	}
	if c.Unarchived > 0 {
		fmt.Fprintf(w, "clicks that get a page as the archive has no link to their host: %d; what is learned after it was written is not counted\n", c.Unarchived)
	}
}

// whyNoneLearned says why nothing is learned; "" where it is.
func whyNoneLearned(s *core.Site) string {
	switch {
	case !learned.Can(s.Origin.Family):
		return "nothing can be learned of them"
	case !s.Learn:
		return `nothing is learned of them: "learn": true does that while the ESP still answers`
	}
	return ""
}

// readable says which links can be read.
func readable(g esp.Gradings) string {
	var parts []string
	for _, s := range []string{g.Certain, g.Likely} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "; ")
}
