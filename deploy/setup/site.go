package setup

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/espdns"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// Site is a site as it is written, its fields in their order; see
// [sitesjson.Fields].
type Site struct {
	Host         string    `json:"-"`
	ESP          string    `json:"esp"`
	Also         []Also    `json:"also,omitempty"`
	Unsubscribes string    `json:"unsubscribes,omitempty"`
	Origin       string    `json:"origin,omitempty"`
	Tenant       string    `json:"tenant,omitempty"`
	Destinations []string  `json:"destinations,omitempty"`
	WhenESPFails string    `json:"when_esp_fails,omitempty"`
	Learn        bool      `json:"learn,omitempty"`
	Keys         []string  `json:"keys,omitempty"`
	Home         string    `json:"home,omitempty"`
	AppLinks     *AppLinks `json:"app_links,omitempty"`
}

// Also is another ESP of a site.
type Also struct {
	ESP     string `json:"esp"`
	Retired bool   `json:"retired,omitempty"`
}

// AppLinks are the names of the files of app links, which lie beside
// sites.json; "" for none.
type AppLinks struct {
	Apple   string `json:"apple,omitempty"`
	Android string `json:"android,omitempty"`
}

// object is the site's object, indented by two levels.
func (s *Site) object() string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("    ", "  ")
	_ = enc.Encode(s) // of strings and booleans
	return strings.TrimSpace(b.String())
}

// Text is a sites.json with this site alone.
func (s *Site) Text() []byte {
	text, err := sitesfile.Merge([]byte(sitesfile.Empty), []sitesfile.Entry{s.entry()}, false)
	if err != nil {
		panic("internal error: no site can be in there already: " + err.Error())
	}
	return text
}

func (s *Site) entry() sitesfile.Entry { return sitesfile.Entry{Host: s.Host, Object: s.object()} }

// Problem is what is wrong with an answer, and what to say instead.
type Problem struct{ Text, Hint string }

// String is the problem on one line.
func (p Problem) String() string {
	if p.Hint == "" {
		return p.Text
	}
	return p.Text + ": " + p.Hint
}

// Problems are what core finds wrong with one field of the site, "host" for its
// name. Other fields may be wrong, or missing.
func (s *Site) Problems(field string) (list []Problem) {
	if domain, _ := espdns.Preset(s.Host); domain != "" && field == "host" {
		return []Problem{{quoted(s.Host) + " is a name of the ESP's", "the link domain is yours, and stands in the links of your mail, as link.example.com"}}
	}
	alone := *s
	alone.AppLinks = nil // see FileProblems
	return alone.problems(field, nil)
}

// FileProblems are what core finds wrong with the files of app links, by name.
func (s *Site) FileProblems(beside map[string][]byte) []Problem {
	return s.problems("app_links", beside)
}

func (s *Site) problems(field string, beside map[string][]byte) (list []Problem) {
	_, _, err := sitesfile.Parse("sites.json", s.Text(), func(name string) ([]byte, error) {
		if data, ok := beside[name]; ok {
			return data, nil
		}
		return nil, fs.ErrNotExist
	})
	if err == nil {
		return nil
	}
	var e *sitesjson.Error
	if !errors.As(err, &e) { // a name that no browser opens
		return s.deadName(field, err)
	}
	for _, m := range e.Mistakes {
		if s.fieldOf(m.Field) == field {
			list = append(list, s.explained(field, Problem{m.Problem, m.Hint}))
		}
	}
	return list
}

// fieldOf is the field of the site that a path in a sites.json leads to: "esp",
// "destinations" for one of its elements, "host" for the site as a whole.
func (s *Site) fieldOf(path string) string {
	for _, host := range []string{s.Host, strings.TrimSpace(quoted(s.Host))} {
		rest, ok := strings.CutPrefix(path, "sites."+host)
		if ok && rest == "" {
			return "host"
		}
		if name, ok := strings.CutPrefix(rest, "."); ok {
			if i := strings.IndexAny(name, ".["); i >= 0 {
				name = name[:i]
			}
			return name
		}
	}
	return "host"
}

func quoted(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

// deadName is the problem of an international name that stands in this field.
func (s *Site) deadName(field string, err error) (list []Problem) {
	f := failure.Of(err)
	for line := range strings.Lines(f.Detail) {
		_, line, _ = strings.Cut(strings.TrimSpace(line), ": ") // the file's name
		path, what, _ := strings.Cut(line, ": ")
		path, _, _ = strings.Cut(path, ",")
		if s.fieldOf(path) == field {
			list = append(list, Problem{what, f.Hint})
		}
	}
	return list
}

// explained adds what helps somebody who answers a question, and has no file
// before them.
func (s *Site) explained(field string, p Problem) Problem {
	if field != "esp" && field != "also" {
		return p
	}
	for _, name := range append([]string{s.ESP}, s.others()...) {
		if domain, preset := espdns.Preset(strings.TrimPrefix(strings.TrimPrefix(name, "https://"), "http://")); domain != "" && strings.Contains(p.Text, quoted(name)) {
			p.Hint = "that is a name of the ESP's in DNS: write " + presetsOf(preset, domain)
		}
	}
	return p
}

func (s *Site) others() (names []string) {
	for _, a := range s.Also {
		names = append(names, a.ESP)
	}
	return names
}

// presetsOf names the preset that an ESP's domain stands for, or those that it
// may.
func presetsOf(preset, domain string) string {
	if preset != "" {
		return quoted(preset)
	}
	var names []string
	for _, o := range core.Presets() {
		if d, _ := espdns.Preset(o.Address); d != "" && (d == domain || strings.HasSuffix(d, "."+domain) || strings.HasSuffix(o.Address, "."+domain)) {
			names = append(names, quoted(o.Preset))
		}
	}
	if len(names) == 0 {
		return "its preset"
	}
	return strings.Join(names[:min(len(names), 4)], " or ")
}

// NeedsOrigin reports whether the preset knows no origin.
func (s *Site) NeedsOrigin() bool {
	o, ok := core.LookupPreset(s.ESP)
	return ok && o.Address == "" && s.ESP != core.PresetEnterprise
}

// NeedsTenant reports whether the origin is made of the tenant's label.
func (s *Site) NeedsTenant() bool { return s.ESP == core.PresetEnterprise }

// Reads reports whether where links of the ESP lead can be read from them.
func (s *Site) Reads() bool {
	o, ok := core.LookupPreset(s.ESP)
	g := o.Family.Gradings()
	return ok && (g.Certain != "" || g.Likely != "")
}

// Learns reports whether it can be learned where links of the ESP lead.
func (s *Site) Learns() bool {
	o, ok := core.LookupPreset(s.ESP)
	return ok && learned.Can(o.Family)
}

// HasRetired reports whether an ESP of the site is retired.
func (s *Site) HasRetired() bool {
	return slices.ContainsFunc(s.Also, func(a Also) bool { return a.Retired })
}

// Domain is what the owner of the host has registered, "" where that is the
// host itself or not known.
func (s *Site) Domain() string {
	domain, err := publicsuffix.EffectiveTLDPlusOne(s.Host)
	if err != nil || domain == s.Host {
		return ""
	}
	return domain
}

// OwnDestinations are the hosts of the sender's own domain: a guess at where
// links lead, for somebody to confirm.
func (s *Site) OwnDestinations() []string {
	domain := s.Domain()
	if domain == "" {
		return nil
	}
	return []string{domain, "*." + domain}
}

// Complete takes the values that follow from others, where nobody said
// otherwise: a reader of a link that can be read gets home when the ESP fails.
func (s *Site) Complete() {
	if s.WhenESPFails == "" && len(s.Destinations) > 0 && (s.Reads() || s.Learn) {
		s.WhenESPFails = "redirect"
	}
}
