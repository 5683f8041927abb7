package teach

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/probe"
)

// Lesson is one link of a mail.
type Lesson struct {
	URL    string `json:"url"`
	Host   string `json:"host,omitempty"`
	Target string `json:"-"`
	TLS    bool   `json:"-"`
	Name   string `json:"name,omitempty"`
	// Destination is where it leads, once it has been followed.
	Destination string `json:"destination,omitempty"`
	// Personal says what in the destination looks as if it were there for one
	// reader only; "" for nothing.
	Personal string `json:"personal,omitempty"`
	// Left says why nothing is learned of it; "" if something is.
	Left string `json:"left_out,omitempty"`

	name learned.Name
	site *core.Site
	kind esp.Kind
}

// Links says of each URL of a mail whether it can be learned: one of a site that
// learns, with a name that no other of the mail has. lookup finds the site of a
// host, nil for none.
func Links(lookup func(host string) *core.Site, urls []string) []*Lesson {
	var list []*Lesson
	seen := map[learned.Name]bool{}
	for _, url := range urls {
		l := &Lesson{URL: url}
		if l.Left = l.read(lookup); l.Left == "" && seen[l.name] {
			l.Left = "leads where another link of this mail does"
		}
		seen[l.name] = true
		list = append(list, l)
	}
	return list
}

// read says why the link cannot be learned; "" if it can.
func (l *Lesson) read(lookup func(string) *core.Site) string {
	scheme, rest, _ := strings.Cut(l.URL, "://")
	if scheme = strings.ToLower(scheme); scheme != "https" && scheme != "http" {
		return "not a link of the web"
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 || rest[end] != '/' {
		return "not a link of an ESP's"
	}
	l.Host, l.Target, l.TLS = core.CanonicalHost(rest[:end]), rest[end:], scheme == "https"
	l.Target, _, _ = strings.Cut(l.Target, "#") // no browser sends it
	if l.site = lookup(l.Host); l.site == nil {
		return "no site has the host"
	}
	if l.site = l.site.For(l.Target); l.site.Origin == nil || l.site.IsSigned(l.Target) {
		return "a signed link"
	}
	switch l.kind = l.site.Origin.Family.Kind(l.Target); {
	case l.kind == esp.KindUnsubscribe, probe.SaysUnsubscribe(l.Target):
		return "an unsubscribe link, which is never followed"
	case !l.kind.Leads():
		return "not a click but of kind " + l.kind.String() + ", which is never followed"
	case l.site.Origin.Family.Readable():
		return "says itself where it leads"
	case !l.site.Learn:
		return `the site has no "learn": true for ` + l.site.ESP
	}
	link, ok := l.site.LearnedLink(&core.Request{Method: "GET", Target: l.Target})
	if !ok {
		return "has no part that its destination could be known by, or was changed"
	}
	l.name, l.Name = link.Name, link.Name.String()
	return ""
}

// Follow asks the link once, as a reader would, and reads where it leads. It
// counts as a click of whoever got the mail. The redirect is not followed.
func (l *Lesson) Follow(ctx context.Context, c *probe.Client) {
	a, err := c.Do(ctx, probe.Question{TLS: l.TLS, Host: l.Host, Target: l.Target})
	if err != nil {
		l.Left = err.Error()
		return
	}
	values := strings.Join(a.Header.Values("Location"), "\x00") + "\x00"
	sight, ok := l.site.Sight(&core.Request{Method: "GET", Target: l.Target}, l.kind, a.Status, values)
	switch {
	case !ok:
		l.Left = fmt.Sprintf("it was answered with status %d and without a Location that leads to another host", a.Status)
	case !sight.Fit:
		l.Left = "the site does not list where it leads, or it is no URL that every browser reads the same way, or too long"
	case l.recalled(sight.Destination):
		l.Left = "it leads to where the site's recalls send readers: perhaps not the ESP's own answer"
	default:
		l.Destination, l.Personal = sight.Destination, learned.Personal(sight.Destination)
	}
}

// recalled reports whether a rule of the site's may have put a destination into
// the answer.
func (l *Lesson) recalled(destination string) bool {
	for _, rule := range l.site.Recalls.List() {
		if rule.To == destination {
			return true
		}
	}
	return false
}

// CheckPersonal also finds what of the recipients is in the destination.
func (l *Lesson) CheckPersonal(to []string) {
	for _, address := range to {
		local, _, _ := strings.Cut(strings.ToLower(address), "@")
		if text := strings.ToLower(probe.Unescape(l.Destination)); l.Personal == "" && len(local) > 2 && strings.Contains(text, local) {
			l.Personal = "the name of a recipient"
		}
	}
}

// CheckShared leaves out links that differ in their constant part and lead to one
// URL. By that part a destination of an account has one link, so this is a page
// of the ESP's own, for links that expired say; or the account's links begin at
// random, and what was learned would never be found.
func CheckShared(lessons []*Lesson) {
	leads := map[string][]*Lesson{}
	for _, l := range lessons {
		if l.Left == "" && l.Destination != "" {
			leads[l.Destination] = append(leads[l.Destination], l)
		}
	}
	for destination, list := range leads {
		for _, l := range list {
			if len(list) > 1 {
				l.Left = fmt.Sprintf("%d links that differ lead to %s: a page of the ESP's own, or links that are different in every mail", len(list), destination)
			}
		}
	}
}

// Item is what is learned of the link.
func (l *Lesson) Item(now time.Time) learned.Item {
	return learned.Item{Name: l.name, Entry: learned.KnownSince(now.Unix(), l.Destination)}
}
