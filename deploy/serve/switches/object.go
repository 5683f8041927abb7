package switches

import (
	"errors"
	"fmt"
	"slices"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/override"
	"github.com/clickedge/clickedge/deploy/recalls"
	orders "github.com/clickedge/clickedge/deploy/retire"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// retire returns the object of a site without these ESPs. The site's own comes
// last: it changes places with its successor.
func retire(sites *Sites, o *override.Object, list []ESP) (*override.Object, error) {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b ESP) int { return b.At - a.At })
	for _, e := range list {
		if err := e.find(sites); err != nil {
			return nil, err
		}
		var err error
		if o, err = e.retire(o); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// retire gives "clickedge retire" a file of this one site.
func (e ESP) retire(o *override.Object) (*override.Object, error) {
	parse := func(text []byte) (*core.Sites, error) {
		sites, _, err := sitesfile.Parse("the site", text, func(string) ([]byte, error) {
			return nil, errors.New("internal error: the contents of files stand in the text")
		})
		return sites, err
	}
	text := []byte(`{"sites": {"` + e.Host + `": ` + o.Text() + `}}`)
	sites, err := parse(text)
	if err != nil {
		return nil, err
	}
	order := e.order(sites.Lookup(e.Host))
	change, err := order.Change(text, "the site", parse)
	if err != nil {
		return nil, withoutHint(err)
	}
	return override.OfSites(change.After, e.Host)
}

// order names the ESP by its place, so that two of one name are told apart.
func (e ESP) order(site *core.Site) *orders.Order {
	order := &orders.Order{Host: e.Host, ESP: e.Name}
	if e.At > 0 {
		order.ESP = fmt.Sprintf("also[%d]", e.At-1)
		return order
	}
	if !slices.ContainsFunc(site.Also, func(other *core.Site) bool { return other.Retired == 0 }) {
		order.Successor = core.PresetNone
	}
	return order
}

// withoutHint takes away a hint that is about flags of a command.
func withoutHint(err error) error {
	f := *failure.Of(err)
	f.Hint = ""
	return &f
}

// recallAll adds rules to the object of a site.
func recallAll(sites *Sites, host string, o *override.Object, list []rule) (*override.Object, error) {
	for _, r := range list {
		site := &recalls.Site{Host: host, Object: o, Sites: sites.Sites}
		next, _, err := site.Add(r.Rule, r.wide)
		if err != nil { // the rule itself was checked: another one is about the same links
			return nil, withoutHint(err)
		}
		o = next
	}
	return o, nil
}
