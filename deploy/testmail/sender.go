package testmail

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/failure"
)

// sender returns the site as the ESP that is to send the mail finds it: what a
// mail has depends on who sends it.
func (o *Order) sender(site *core.Site) (*core.Site, error) {
	sending := slices.DeleteFunc(site.ESPs(), func(e *core.Site) bool { return e.IsRetired(o.Now) })
	names := espNames(sending)
	if o.ESP != "" {
		return o.named(site, sending)
	}
	switch {
	case len(sending) == 1, site.Origin == nil && len(site.Keys) > 0:
		return sending[0], nil
	case site.Origin == nil && len(sending) == 2:
		return sending[1], nil
	case site.Origin == nil:
		return nil, failure.Usage(fmt.Errorf("%s has several ESPs and none of its own", site.Host), "say which sends, with --esp: "+strings.Join(names[1:], ", "))
	}
	fmt.Fprintf(o.Err, "note: the mail is for esp %s; --esp names another of the site's: %s\n", site.ESP, strings.Join(names[1:], ", "))
	return site, nil
}

// named finds the ESP that --esp names.
func (o *Order) named(site *core.Site, sending []*core.Site) (*core.Site, error) {
	is := func(e *core.Site) bool { return e.ESP == o.ESP }
	if i := slices.IndexFunc(sending, is); i >= 0 {
		return sending[i], nil
	}
	problem := fmt.Errorf("%s has no esp %s", site.Host, clean.Quote(o.ESP, 60))
	if slices.ContainsFunc(site.ESPs(), is) {
		problem = fmt.Errorf("esp %s of %s is retired: no mail is sent by it any more", o.ESP, site.Host)
	}
	return nil, failure.Usage(problem, "it has "+strings.Join(espNames(sending), ", "))
}

func espNames(list []*core.Site) (names []string) {
	for _, e := range list {
		names = append(names, e.ESP)
	}
	return names
}
