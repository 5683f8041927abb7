package retire

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/verdict"
	"github.com/clickedge/clickedge/deploy/clicklog"
)

// Forecast counts in the click log what the links of an ESP would get if it were
// retired. Site is the ESP's part of the site, with the list of destinations.
type Forecast struct {
	clicklog.Reader
	Site *core.Site
	// Namesake: another ESP of the site has the same name in the log, as several
	// that are custom have.
	Namesake bool
	// Archive counts the learned links that an archive has, by the host that
	// they lead to; nil if none was read.
	Archive map[string]int

	archived map[string]int // clicks that led to such hosts
	ofHost   int
	kinds    map[esp.Kind]*Counts
	by       map[judged]*Counts
	unlisted map[string]int
	others   map[string]int // lines of the host, by the names of other ESPs
	first    time.Time
	last     time.Time
}

// judged is a kind of request, and who made it as the log has it.
type judged struct {
	kind esp.Kind
	who  string // "" where the line has no verdict
}

// Counts are numbers of requests of one kind.
type Counts struct {
	Requests int `json:"requests"`
	// Lands: the log shows that the reader would get what was meant: the link
	// was read when it was clicked and leads to a listed host, or nothing of the
	// link is needed.
	Lands int `json:"lands"`
	// Learned are those of Lands that need what was learned of the link.
	Learned int `json:"of_them_learned,omitempty"`
	// May: the ESP led to a listed host; whether the link says so too, or was
	// learned, is not in the log.
	May int `json:"may_land"`
	// Page: the reader would get a page that says that the link has ended, or
	// that nothing was done.
	Page int `json:"page"`
	// Unarchived are those of Page that the ESP led to a listed host to which
	// the archive has no link.
	Unarchived int `json:"of_them_not_in_archive,omitempty"`
	// Withdrawn: a rule of the site's recalls gives a page, retired or not.
	Withdrawn int `json:"withdrawn,omitempty"`
	// Unknown: the log does not say where the link leads.
	Unknown int       `json:"unknown"`
	Last    time.Time `json:"last_seen"`
}

// Line counts one line.
func (f *Forecast) Line(text []byte) {
	l, ok := f.Parse(text)
	if !ok || core.CanonicalHost(l.Host) != f.Site.Host {
		return
	}
	if !ofLink(l) || !f.First(l) {
		return
	}
	f.ofHost++
	if l.ESP != f.Site.ESP {
		if f.others == nil {
			f.others = map[string]int{}
		}
		f.others[l.ESP]++
		return
	}
	if f.kinds == nil {
		f.kinds, f.by, f.unlisted, f.archived = map[esp.Kind]*Counts{}, map[judged]*Counts{}, map[string]int{}, map[string]int{}
	}
	kind, one := kindOf(l.Kind), Counts{Requests: 1, Last: l.Time.UTC()}
	f.count(&one, kind, l)
	add(f.kinds, kind, one)
	add(f.by, judged{kind, whoOf(l.Verdict)}, one)
	if f.first.IsZero() || l.Time.Before(f.first) {
		f.first = l.Time
	}
	f.last = later(f.last, l.Time)
}

func add[K comparable](counts map[K]*Counts, key K, one Counts) {
	if counts[key] == nil {
		counts[key] = &Counts{}
	}
	*counts[key] = counts[key].plus(one)
}

// whos are the verdicts, in the order in which they are said.
var whos = [...]verdict.Who{verdict.WhoHuman, verdict.WhoUnknown, verdict.WhoBot}

func whoOf(name string) string {
	for _, w := range whos {
		if w.String() == name {
			return name
		}
	}
	return ""
}

// ofLink reports whether a line is of a request for an ESP's link. Signed links
// and what clickedge answers itself do not depend on the ESP, and a refusal for
// another reason says nothing of it.
func ofLink(l *clicklog.Line) bool {
	switch l.Code {
	case outcome.OK, outcome.Recalled, outcome.Retired, outcome.UnsubscribeRetired, outcome.IncompleteRequest, outcome.Internal,
		outcome.ESPUnreachable, outcome.ESPTLS, outcome.ESPTimeout, outcome.ESPError:
		return l.KID == "" && l.Kind != esp.KindHealth.String() && (l.Action != core.Reply.String() || l.Kind == esp.KindOpen.String())
	}
	return false
}

func kindOf(name string) esp.Kind {
	for k := esp.KindOther; k <= esp.KindHealth; k++ {
		if k.String() == name {
			return k
		}
	}
	return esp.KindOther
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// count counts a line by what its request would get.
func (f *Forecast) count(c *Counts, kind esp.Kind, l *clicklog.Line) {
	reads := l.Method == "GET" || l.Method == "HEAD"
	switch {
	case kind == esp.KindUnsubscribe && f.Site.Unsubscribes != nil:
		c.Lands++
	case kind == esp.KindUnsubscribe || !reads:
		c.Page++
	case kind == esp.KindOpen:
		c.Lands++
	case kind == esp.KindOther:
		c.Unknown++
	default:
		f.click(c, l)
	}
}

// click counts a click. What a link says is seen only where the line has a
// reading; else it has the host to which the ESP led.
func (f *Forecast) click(c *Counts, l *clicklog.Line) {
	readable := f.Site.Origin.Family.Readable()
	read := l.Reading == byLearning || l.Reading != "" && readable
	silent := !readable && !f.Site.Learn // nothing can be known of the link
	said := l.Destination != "" && l.Destination != unsaid
	listed := said && f.Site.Allows("https://"+l.Destination+"/") == outcome.OK
	if said && !listed {
		f.unlisted[l.Destination]++
	}
	switch {
	case l.Code == outcome.Recalled && l.Destination == "":
		c.Withdrawn++
	case l.Code == outcome.Retired || !read && silent || said && !listed:
		c.Page++
	case !said || read && l.Agrees == "no":
		c.Unknown++
	case read:
		c.Lands++
		if l.Reading == byLearning {
			c.Learned++
		}
	case f.Archive != nil && !readable && l.Code != outcome.Recalled: // a rule's destination is not the link's
		f.lookUp(c, l.Destination)
	default:
		c.May++
	}
}

// lookUp counts a click by what the archive has of the host to which the ESP
// led. Which link it was is not in the log.
func (f *Forecast) lookUp(c *Counts, host string) {
	if f.Archive[host] == 0 {
		c.Page++
		c.Unarchived++
		return
	}
	c.May++
	f.archived[host]++
}

// unsaid is the destination of a line whose host is not told.
const unsaid = "?"

// byLearning is the reading of a link that says nothing itself.
var byLearning = esp.Learned.String()

// Report is what a forecast says.
type Report struct {
	Host     string     `json:"host"`
	ESP      string     `json:"esp"`
	Lines    int        `json:"lines"`
	Others   int        `json:"other_lines"`
	Begins   *time.Time `json:"begins,omitempty"`
	Ends     *time.Time `json:"ends,omitempty"`
	OfHost   int        `json:"requests_of_host"` // for links of any ESP
	OfESP    int        `json:"requests_of_esp"`
	Kinds    []Kind     `json:"kinds"`
	Unlisted []Share    `json:"unlisted"`
	// Archive are the hosts of clicks that may land by what an archive has.
	Archive []Known `json:"archive,omitempty"`
	// OtherESPs are those of the host's other requests.
	OtherESPs []Share `json:"other_esps,omitempty"`
	// Doubts say why little or nothing follows from the log.
	Doubts []string `json:"doubts"`

	site        *core.Site
	withArchive bool
}

// Known is a host to which an archive has links.
type Known struct {
	Share
	Links int `json:"links"`
}

// Kind is what is counted of one kind of request.
type Kind struct {
	Kind string `json:"kind"`
	Counts
	// Verdicts are the same by who made the request, as the log has it. Those of
	// lines without a verdict are not among them.
	Verdicts []ByVerdict `json:"verdicts,omitempty"`
}

// ByVerdict is what is counted of one kind of request and one verdict.
type ByVerdict struct {
	Verdict string `json:"verdict"`
	Counts
}

// Share is a name and how many requests it has.
type Share struct {
	Name     string `json:"name"`
	Requests int    `json:"requests"`
}

// Report sums up.
func (f *Forecast) Report(now time.Time) *Report {
	r := &Report{Host: f.Site.Host, ESP: f.Site.ESP, Lines: f.Count, Others: f.Others, OfHost: f.ofHost,
		Kinds: []Kind{}, Unlisted: shares(f.unlisted), OtherESPs: shares(f.others), site: f.Site, withArchive: f.Archive != nil}
	for _, s := range shares(f.archived) {
		r.Archive = append(r.Archive, Known{s, f.Archive[s.Name]})
	}
	if f.Count > 0 {
		begins, ends := f.Begins.UTC(), f.Ends.UTC()
		r.Begins, r.Ends = &begins, &ends
	}
	for _, k := range []esp.Kind{esp.KindClick, esp.KindApp, esp.KindOpen, esp.KindUnsubscribe, esp.KindOther} {
		if c := f.kinds[k]; c != nil {
			r.Kinds = append(r.Kinds, Kind{k.String(), *c, f.verdicts(k)})
			r.OfESP += c.Requests
		}
	}
	r.Doubts = f.doubts(now, r)
	return r
}

// verdicts lists the counts of a kind by verdict.
func (f *Forecast) verdicts(kind esp.Kind) (list []ByVerdict) {
	for _, w := range whos {
		if c := f.by[judged{kind, w.String()}]; c != nil {
			list = append(list, ByVerdict{w.String(), *c})
		}
	}
	return list
}

// shares lists counts, the largest first.
func shares(counts map[string]int) []Share {
	list := make([]Share, 0, len(counts))
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		list = append(list, Share{name, counts[name]})
	}
	slices.SortStableFunc(list, func(a, b Share) int { return cmp.Compare(b.Requests, a.Requests) })
	return list
}
