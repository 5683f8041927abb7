package explain

import (
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/learned"
)

// Archive is what is known of links as far as a file says: [core.Request]
// Learned for commands, which ask no store.
type Archive []learned.Item

var _ core.LearnedLinks = Archive(nil)

// Learned implements core.LearnedLinks.
func (a Archive) Learned(name *learned.Name, _ bool) learned.Entry {
	for i := range a {
		if a[i].Name == *name {
			return a[i].Entry
		}
	}
	return learned.Entry{}
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
	t.LearnedName, t.Learned = link.Name.String(), "has a name; whether it has been learned stands in the store: clickedge archive export takes it out, and --archive reads that"
	if req.Learned == nil {
		return
	}
	switch e := req.Learned.Learned(&link.Name, true); e.State {
	case learned.Known:
		t.Learned = "yes, since " + time.Unix(e.Since, 0).UTC().Format(time.DateOnly) + ": " + e.Destination + "; used " + whenLearned(site)
	case learned.Contradictory:
		t.Learned = "no: it has led to two destinations, so it is not used"
	default:
		t.Learned = "no: the archive does not have it"
	}
}

// whenLearned says when what was learned is used.
func whenLearned(site *core.Site) string {
	switch {
	case site.Retired != 0:
		return "as the ESP is retired, from that day on"
	case site.ClickRedirect && site.FailRedirect:
		return "before the ESP is asked, and when it fails"
	case site.ClickRedirect:
		return "before the ESP is asked"
	case site.FailRedirect:
		return "when the ESP fails"
	}
	return `never, as the site has neither "when_esp_fails": "redirect" nor "clicks": "redirect"`
}
