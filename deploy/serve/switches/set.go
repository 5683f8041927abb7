package switches

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/recall"
	"github.com/clickedge/clickedge/deploy/check"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/override"
	"github.com/clickedge/clickedge/deploy/recalls"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// Sites are what a set changes: those of sites.json, with its text, in which
// the contents of the files stand that it names, and the backends that there
// are.
type Sites struct {
	Name     string // of the file, for messages
	Sites    *core.Sites
	Text     []byte
	Backends []string
}

// ESP is one of a site's ESPs: the site's own, or an entry of also.
type ESP struct {
	Host string
	At   int // 0 for the site's own, i+1 for also[i]
	Name string
}

// Set is what is switched. It is not safe for concurrent use.
type Set struct {
	retired map[ESP]bool
	rules   map[string][]rule // by host, in the order in which they came
}

// rule is a recall, and whether it may meet every link of a host.
type rule struct {
	recalls.Rule
	wide bool
}

// New returns a set in which nothing is switched.
func New() *Set { return &Set{retired: map[ESP]bool{}, rules: map[string][]rule{}} }

// Clone returns a copy.
func (s *Set) Clone() *Set { return &Set{maps.Clone(s.retired), maps.Clone(s.rules)} }

// Hosts lists the sites of which something is switched, sorted.
func (s *Set) Hosts() []string {
	hosts := map[string]bool{}
	for e := range s.retired {
		hosts[e.Host] = true
	}
	for host := range s.rules {
		hosts[host] = true
	}
	return slices.Sorted(maps.Keys(hosts))
}

// Retired lists the ESPs of a site that are retired here, in the site's order.
func (s *Set) Retired(host string) (list []ESP) {
	for e := range s.retired {
		if e.Host == host {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b ESP) int { return a.At - b.At })
	return list
}

// IsRetired reports whether an ESP is retired here.
func (s *Set) IsRetired(e ESP) bool { return s.retired[e] }

// Rules lists the recalls of a site that were added here.
func (s *Set) Rules(host string) (list []recalls.Rule) {
	for _, r := range s.rules[host] {
		list = append(list, r.Rule)
	}
	return list
}

// Retire retires one of a site's ESPs. Where it is the site's own, the first
// active one in also takes over what has the form of no other's links, or none.
func (s *Set) Retire(sites *Sites, e ESP, now time.Time) error {
	if err := e.find(sites); err != nil {
		return err
	}
	if parts := sites.Sites.Lookup(e.Host).ESPs(); s.retired[e] || parts[e.At].IsRetired(now) {
		return failure.Bad(fmt.Errorf("%s of %s is retired already", e.Name, e.Host), "")
	}
	return s.try(sites, e.Host, func() { s.retired[e] = true })
}

// Unretire takes that back.
func (s *Set) Unretire(sites *Sites, e ESP) error {
	if !s.retired[e] {
		return failure.Bad(fmt.Errorf("%s of %s was not retired here", clean.Quote(e.Name, 60), clean.Quote(e.Host, 120)), "what sites.json retires is changed there")
	}
	return s.try(sites, e.Host, func() { delete(s.retired, e) })
}

// Recall adds a rule. Wide lets it meet every link to a host.
func (s *Set) Recall(sites *Sites, host string, r recalls.Rule, wide bool) error {
	if err := hasSite(sites, host); err != nil {
		return err
	}
	if err := checkRule(r, wide); err != nil {
		return err
	}
	return s.try(sites, host, func() { s.setRules(host, append(slices.Clone(s.rules[host]), rule{r, wide})) })
}

// checkRule says in the page's words what the commands would say in terms of
// their flags.
func checkRule(r recalls.Rule, wide bool) error {
	from, fault := recall.ReadFrom(r.From)
	switch {
	case fault.Problem != "":
		return failure.Bad(fmt.Errorf("the link to recall, %s, %s", clean.Quote(r.From, 120), fault.Problem), fault.Hint)
	case from.IsWide() && !wide:
		return failure.Bad(fmt.Errorf("%s meets every link to %s", clean.Quote(r.From, 120), from.Host), "name the page, or tick that all of that host is meant")
	case r.Gone == (r.To != ""):
		return failure.Bad(errors.New("a recall has either another destination or a page that says that the link was withdrawn"), "fill in one of the two")
	}
	return nil
}

// Unrecall takes back the rule of this "from".
func (s *Set) Unrecall(sites *Sites, host, from string) error {
	i := slices.IndexFunc(s.rules[host], func(r rule) bool { return r.From == from })
	if i < 0 {
		return failure.Bad(fmt.Errorf("%s was not recalled here", clean.Quote(from, 120)), "what sites.json recalls is changed there")
	}
	return s.try(sites, host, func() { s.setRules(host, slices.Delete(slices.Clone(s.rules[host]), i, i+1)) })
}

// setRules never changes a list in place: a copy of the set may have it.
func (s *Set) setRules(host string, list []rule) {
	if len(list) == 0 {
		delete(s.rules, host)
		return
	}
	s.rules[host] = list
}

// Clear takes everything back.
func (s *Set) Clear() { *s = *New() }

// try makes a change of a site, and takes it back if the module would not take
// the override that comes of it.
func (s *Set) try(sites *Sites, host string, change func()) error {
	retired, rules := maps.Clone(s.retired), s.rules[host]
	change()
	_, err := s.Override(sites, host)
	if err != nil {
		s.retired = retired
		s.setRules(host, rules)
	}
	return err
}

// Adopt drops what does not fit other sites, as after a change of sites.json,
// and says what it dropped.
func (s *Set) Adopt(sites *Sites) (dropped []string) {
	for _, host := range s.Hosts() {
		if _, err := s.Override(sites, host); err == nil {
			continue
		} else {
			dropped = append(dropped, fmt.Sprintf("%s: what was switched on the page does not fit the new %s and is gone: %v", host, sites.Name, err))
		}
		delete(s.rules, host)
		maps.DeleteFunc(s.retired, func(e ESP, _ bool) bool { return e.Host == host })
	}
	return dropped
}

func hasSite(sites *Sites, host string) error {
	if !sites.Sites.Has(host) {
		return sitesfile.UnknownHost(host, sites.Name, sites.Sites)
	}
	return nil
}

// find returns an error if the site has no such ESP there.
func (e ESP) find(sites *Sites) error {
	if err := hasSite(sites, e.Host); err != nil {
		return err
	}
	parts := sites.Sites.Lookup(e.Host).ESPs()
	if e.At < 0 || e.At >= len(parts) || parts[e.At].Origin == nil || parts[e.At].ESP != e.Name {
		return failure.Bad(fmt.Errorf("%s has no esp %s there", e.Host, clean.Quote(e.Name, 60)), "it has "+names(parts))
	}
	return nil
}

func names(parts []*core.Site) string {
	list := make([]string, len(parts))
	for i, p := range parts {
		list[i] = check.Name(p.ESP, check.LinksOf(p))
	}
	return strings.Join(list, ", ")
}

// ESPs lists the ESPs of a site as sites.json has them.
func ESPs(site *core.Site) (list []ESP) {
	for i, e := range site.ESPs() {
		if e.Origin != nil {
			list = append(list, ESP{site.Host, i, e.ESP})
		}
	}
	return list
}

// Override is the entry of the config store for a site; nil where nothing of it
// is switched. An error says why the module would not take it.
func (s *Set) Override(sites *Sites, host string) (*override.Checked, error) {
	retired, rules := s.Retired(host), s.rules[host]
	if len(retired) == 0 && len(rules) == 0 {
		return nil, nil
	}
	if err := hasSite(sites, host); err != nil {
		return nil, err
	}
	file, err := override.OfSites(sites.Text, host)
	if err == nil && file == nil {
		err = failure.Bad(fmt.Errorf("%s has no object under the name %s", sites.Name, host), "write the host in lower case there")
	}
	if err != nil {
		return nil, err
	}
	object, err := retire(sites, file, retired)
	if err != nil {
		return nil, err
	}
	if object, err = recallAll(sites, host, object, rules); err != nil {
		return nil, err
	}
	return override.CheckEntry("the override of "+host, host, object.Text(), sites.Sites, sites.Backends)
}
