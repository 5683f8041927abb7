package explain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/learned"
)

// Source is one place that was asked what is known of a link.
type Source struct {
	Kind  SourceKind
	Name  string // the file, or the store
	Items []learned.Item
	// Damaged: the place has something under the link's name that is no entry.
	Damaged bool
}

// SourceKind says what a source is.
type SourceKind string

// The kinds, in the order in which the module asks.
const (
	InModule SourceKind = "module"  // what is inside a module or a package
	InFile   SourceKind = "archive" // a file that a build could put into a module
	InStore  SourceKind = "store"   // the KV store
)

func (s *Source) String() string {
	switch s.Kind {
	case InModule:
		return fmt.Sprintf("the archive inside %q", s.Name)
	case InStore:
		return fmt.Sprintf("the KV store %q", s.Name)
	}
	return fmt.Sprintf("the archive %q", s.Name)
}

func (s *Source) find(name *learned.Name) learned.Entry {
	if i := slices.IndexFunc(s.Items, func(i learned.Item) bool { return i.Name == *name }); i >= 0 {
		return s.Items[i].Entry
	}
	return learned.Entry{}
}

// Sources are the places that were asked: [core.Request] Learned for commands.
// The cache of each place of the network, which the module asks too, cannot be
// asked from here.
type Sources []Source

var _ core.LearnedLinks = Sources(nil)

// Learned implements core.LearnedLinks, as the module does: a contradiction
// counts wherever it stands, and a reader who has not waited for the ESP does
// not wait for the store.
func (l Sources) Learned(name *learned.Name, patient bool) (e learned.Entry) {
	for i := range l {
		if patient || l[i].Kind != InStore {
			e = learned.Merge(e, l[i].find(name))
		}
	}
	return e
}

func (l Sources) names() string {
	parts := make([]string, len(l))
	for i := range l {
		parts[i] = l[i].String()
	}
	return strings.Join(parts, " and ")
}

// said is what one source says of a link.
type said struct {
	From        SourceKind `json:"from"`
	Name        string     `json:"name"`
	State       string     `json:"state"` // known, contradictory, absent or damaged
	Since       string     `json:"since,omitempty"`
	Destination string     `json:"destination,omitempty"`
}

func (s *Source) say(name *learned.Name) said {
	e := s.find(name)
	d := said{From: s.Kind, Name: s.Name, State: "absent", Destination: e.Destination}
	switch {
	case s.Damaged:
		d.State = "damaged"
	case e.Decided():
		d.State, d.Since = e.State.String(), day(e.Since)
	}
	return d
}

func day(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.DateOnly) }

// LearnedName is the name under which it is known where a link leads; false for
// a request of which nothing is learned.
func LearnedName(req *core.Request, site *core.Site) (learned.Name, bool) {
	e := site.For(req.Target)
	if e.Origin == nil || !e.Learns() || site.IsSigned(req.Target) || !e.Origin.Family.Read(req.Target).Kind.Leads() {
		return learned.Name{}, false
	}
	link, ok := e.LearnedLink(req)
	return link.Name, ok
}

// readLearned says what is known of a link that only its ESP can read.
func (x *Explanation) readLearned(req *core.Request) {
	t, site := x.Link, x.site
	if !site.Learns() || !x.reading.Kind.Leads() {
		return
	}
	link, ok := site.LearnedLink(req)
	if !ok {
		t.Learned = "no: the link has no part that its destination could be known by, or was changed"
		return
	}
	t.LearnedName, t.Learned = link.Name.String(), "has a name; whether it has been learned was not looked up: --store asks the KV store, --archive and --module read files"
	sources, _ := req.Learned.(Sources)
	if len(sources) == 0 {
		return
	}
	t.Learned = "no: not in " + sources.names()
	for i := range sources {
		t.LearnedFrom = append(t.LearnedFrom, sources[i].say(&link.Name))
	}
	x.sayLearned(sources, &link.Name)
	x.Notes = append(x.Notes, cacheNote)
}

const cacheNote = "the cache of each place of the network cannot be asked from here: it may know, for up to an hour, what none of these says, or what one of them no longer says"

// sayLearned says what the sources say together, and what each of them says
// that does not count.
func (x *Explanation) sayLearned(sources Sources, name *learned.Name) {
	all, told := sources.Learned(name, true), false
	for i := range sources {
		e := sources[i].find(name)
		switch {
		case sources[i].Damaged:
			x.Notes = append(x.Notes, sources[i].String()+" has an entry under this name that is damaged, or none of clickedge's: the module does not use it")
		case all.State == learned.Contradictory && e.State == learned.Known:
			x.Notes = append(x.Notes, sources[i].String()+" says otherwise: "+entryText(&e)+"; where two differ, neither is used")
		case e.Decided() && !told:
			x.Link.Learned, told = x.learnedText(&sources[i], &e), true
		}
	}
	if all.State == learned.Contradictory && !told {
		x.Link.Learned = "no: two of these name different destinations, so it is not used"
	}
	if early := sources.Learned(name, false); x.site.ClickRedirect && early.State == learned.Known && all.State != learned.Known {
		x.Notes = append(x.Notes, "a place that has not asked the store yet redirects to "+early.Destination+" before the ESP is asked")
	}
}

func (x *Explanation) learnedText(s *Source, e *learned.Entry) string {
	if e.State == learned.Contradictory {
		return "no: " + entryText(e) + ", says " + s.String()
	}
	return "yes, since " + entryText(e) + ", says " + s.String() + "; used " + x.whenLearned(s)
}

func entryText(e *learned.Entry) string {
	if e.State == learned.Contradictory {
		return "it has led to two destinations, so it is not used"
	}
	return day(e.Since) + ": " + e.Destination
}

// whenLearned says when what a source says is used.
func (x *Explanation) whenLearned(s *Source) string {
	site, before := x.site, "before the ESP is asked"
	if s.Kind == InStore {
		before += " in a place that has it in its cache" // nobody waits for the store
	}
	text := ""
	switch {
	case site.Retired != 0:
		return "as the ESP is retired, from that day on"
	case site.ClickRedirect && site.FailRedirect:
		text = before + ", and when it fails"
	case site.ClickRedirect:
		text = before
	case site.FailRedirect:
		text = "when the ESP fails"
	default:
		return `never, as the site has neither "when_esp_fails": "redirect" nor "clicks": "redirect"`
	}
	if s.Kind == InFile {
		text += ", once a build has put it into the module"
	}
	return text
}
