package recalls

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/recall"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/override"
)

// Add returns the site's object with one more rule, and where it stands: at the
// end, or before the first rule that meets all that it meets. Wide lets it meet
// every link of a host.
func (s *Site) Add(r Rule, wide bool) (o *override.Object, at int, err error) {
	from, fault := recall.ReadFrom(r.From)
	if fault.Problem != "" {
		return nil, 0, failure.Bad(fmt.Errorf("--from %s %s", clean.Quote(r.From, 120), fault.Problem), fault.Hint)
	}
	if from.IsWide() && !wide {
		return nil, 0, failure.Bad(fmt.Errorf("--from %s meets every link to %s", clean.Quote(r.From, 120), from.Host),
			"name the page, or say --wide if all of that host is meant")
	}
	rules, err := s.Rules()
	if err != nil {
		return nil, 0, err
	}
	at = len(rules)
	for i, other := range rules {
		earlier, fault := recall.ReadFrom(other.From)
		switch {
		case fault.Problem != "" || !earlier.Covers(from):
			continue
		case from.Covers(earlier):
			return nil, 0, failure.Bad(fmt.Errorf("recalls[%d] is about %s already: %s", i, from, other.Leads()),
				fmt.Sprintf("clickedge recall undo %s %d takes it out", s.Host, i))
		}
		at = i
		break
	}
	raw := slices.Insert(s.raw(), at, encode(r))
	return s.with(raw), at, nil
}

// Find returns the index of the rule that is meant: by its index or its from,
// or for "" the one that was added last.
func (s *Site) Find(which string) (int, error) {
	rules, err := s.Rules()
	if err != nil {
		return 0, err
	}
	if len(rules) == 0 {
		return 0, failure.Bad(fmt.Errorf("%s has no recalls", s.Host), "")
	}
	if which == "" {
		last := len(rules) - 1
		for i := range rules {
			if rules[i].At > rules[last].At {
				last = i
			}
		}
		return last, nil
	}
	if i, err := strconv.Atoi(which); err == nil && i >= 0 && i < len(rules) {
		return i, nil
	}
	wanted, fault := recall.ReadFrom(which)
	for i, r := range rules {
		if from, f := recall.ReadFrom(r.From); r.From == which || fault.Problem == "" && f.Problem == "" && from == wanted {
			return i, nil
		}
	}
	return 0, failure.Bad(fmt.Errorf("%s has no rule %s", s.Host, clean.Quote(which, 120)), "clickedge recall list "+s.Host+" shows them, with their numbers")
}

// Remove returns the site's object without a rule; nil where the entry is then
// what sites.json says, so that it is not needed any more.
func (s *Site) Remove(i int) (*override.Object, error) {
	if s.Entry == "" {
		return nil, failure.Bad(errors.New("the rule stands in sites.json, not in the config store"), "take it out of sites.json, build and publish")
	}
	o := s.with(slices.Delete(s.raw(), i, i+1))
	if s.File != nil && o.Equal(s.File) {
		return nil, nil
	}
	return o, nil
}

func encode(r Rule) json.RawMessage {
	text, _ := json.Marshal(r)
	return unescaped(text)
}

// unescaped writes "&", "<" and ">" as they are: URLs have them, and an entry
// has little room.
func unescaped(text []byte) []byte {
	for escaped, plain := range map[string]string{`\u0026`: "&", `\u003c`: "<", `\u003e`: ">"} {
		text = bytes.ReplaceAll(text, []byte(escaped), []byte(plain))
	}
	return text
}
