package recalls

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/override"
)

// Site is a site as it is overridden now, or as sites.json has it.
type Site struct {
	Host string
	// Entry is what the config store has; "" for none.
	Entry string
	// Object is what the rules are taken from: the entry, or where there is
	// none the object of sites.json.
	Object *override.Object
	// File is the object of sites.json; nil where it has none.
	File  *override.Object
	Sites *core.Sites
}

// Rule is a rule as it is written, with its notes.
type Rule struct {
	From string `json:"from"`
	To   string `json:"to,omitempty"`
	Gone bool   `json:"gone,omitempty"`
	By   string `json:"by,omitempty"`
	At   string `json:"at,omitempty"`
	Why  string `json:"why,omitempty"`
}

// Leads says where the rule leads.
func (r Rule) Leads() string {
	if r.Gone {
		return "gone"
	}
	return r.To
}

// Notes says who added the rule, when and why; "" where nobody said.
func (r Rule) Notes() string {
	var parts []string
	for _, p := range [][2]string{{"by ", r.By}, {"at ", r.At}, {"", r.Why}} {
		if p[1] != "" {
			parts = append(parts, p[0]+p[1])
		}
	}
	return clean.Text(strings.Join(parts, ", "))
}

// Read finds the site of a host: in a store, or only in sites.json, whose text
// this is, where store is nil.
func Read(ctx context.Context, store *override.Store, host string, sites *core.Sites, text []byte) (*Site, error) {
	s := &Site{Host: host, Sites: sites}
	var err error
	if s.File, err = override.OfSites(text, host); err != nil {
		return nil, err
	}
	s.Object = s.File
	if store != nil {
		var o *override.Object
		if o, s.Entry, err = store.Object(ctx, host); err != nil {
			return nil, err
		}
		if o != nil {
			s.Object = o
		}
	}
	if s.Object == nil {
		return nil, failure.Bad(fmt.Errorf("neither sites.json nor the config store has a site %q", clean.Cut(host, 120)), "name a link domain of sites.json")
	}
	return s, nil
}

// Rules returns the rules of the site.
func (s *Site) Rules() ([]Rule, error) { return rulesOf(s.Object) }

func rulesOf(o *override.Object) (rules []Rule, err error) {
	raw := o.Get("recalls")
	if raw == nil {
		return nil, nil
	}
	if err := json.Unmarshal(raw, &rules); err != nil {
		return nil, failure.Bad(errors.New("the site's recalls are no list of rules"), "clickedge override check says what is wrong with the entry")
	}
	return rules, nil
}

// Differs names what the entry says otherwise than sites.json, recalls aside:
// an entry hides what is changed in sites.json after it was written.
func (s *Site) Differs() (names []string) {
	if s.Entry == "" || s.File == nil {
		return nil
	}
	return s.Object.With("recalls", nil).Differs(s.File.With("recalls", nil))
}

// with returns the site's object with these rules.
func (s *Site) with(rules []json.RawMessage) *override.Object {
	if len(rules) == 0 {
		return s.Object.With("recalls", nil)
	}
	list, _ := json.Marshal(rules)
	return s.Object.With("recalls", unescaped(list))
}

// raw returns the rules as they are written.
func (s *Site) raw() (list []json.RawMessage) {
	_ = json.Unmarshal(s.Object.Get("recalls"), &list)
	return list
}
