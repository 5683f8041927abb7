package check

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
)

// ESP is one of several ESPs of a site, and what it gets of the requests.
type ESP struct {
	Settings
	// Gets are the forms of its links. A longer form of another ESP's goes
	// before, see [Shared].
	Gets []Form `json:"gets,omitempty"`
	// Rest: it also gets what has the form of no ESP's links: health probes,
	// files for verification and app links, and pages.
	Rest    bool     `json:"gets_the_rest,omitempty"`
	Retired *Retired `json:"retired,omitempty"`
}

// Form is one form of an ESP's links: "/e/c/…", where "…" is any text.
type Form struct {
	Path string `json:"path"`
	Kind string `json:"kind"`
}

// Shared is a form that links of two ESPs of a site have. ESP gets them.
type Shared struct {
	Form
	ESP   string `json:"esp"`
	Links string `json:"links,omitempty"` // the form of its links, if it is custom
	Other string `json:"other"`
	// OtherLinks is the same of Other.
	OtherLinks string `json:"other_links,omitempty"`
	// OtherForm is the shorter form, by which they could be Other's.
	OtherForm Form `json:"other_form"`
}

// FormOf returns a form of links as check --json prints it.
func FormOf(f esp.Form) Form { return Form{f.Path, f.Kind.String()} }

// LinksOf is the form of a custom origin's links; "" where the preset says it.
func LinksOf(e *core.Site) string {
	if e.Origin == nil || e.Origin.Sender() == e.Origin.Family {
		return ""
	}
	return e.Origin.Family.String()
}

// Name is what an ESP is called among others: a site may have several that are
// custom.
func Name(preset, links string) string {
	if links == "" {
		return preset
	}
	return preset + " (" + links + ")"
}

// espsOf describes the ESPs of a site that has several.
func espsOf(s *core.Site, now time.Time) (list []ESP) {
	if len(s.Also) == 0 {
		return nil
	}
	for _, e := range s.ESPs() {
		d := ESP{Settings: settingsOf(e, now), Rest: e == s && s.Origin != nil, Retired: RetiredOf(e, now)}
		for _, f := range formsOf(e) {
			d.Gets = append(d.Gets, FormOf(f))
		}
		list = append(list, d)
	}
	return list
}

func formsOf(e *core.Site) []esp.Form {
	if e.Origin == nil {
		return nil
	}
	return e.Origin.Family.Forms()
}

// sharedOf lists the forms that two ESPs of a site share.
func sharedOf(s *core.Site) (list []Shared) {
	all := s.ESPs()
	for i, a := range all {
		for _, b := range all[i+1:] {
			if a.Origin != nil {
				list = append(list, sharedBy(a, b)...)
			}
		}
	}
	return list
}

func sharedBy(a, b *core.Site) (list []Shared) {
	for _, o := range esp.Overlaps(a.Origin.Family, b.Origin.Family) {
		owner, other := a, b
		if o.Owner == b.Origin.Family {
			owner, other = b, a
		}
		form, otherForm := o.Forms(other.Origin.Family)
		list = append(list, Shared{FormOf(form), owner.ESP, LinksOf(owner), other.ESP, LinksOf(other), FormOf(otherForm)})
	}
	return list
}

// printESPs prints what each of a site's ESPs gets, by kind.
func printESPs(out io.Writer, s *Site) {
	if len(s.ESPs) == 0 {
		return
	}
	fmt.Fprintf(out, "\nESPS OF %s\n", s.Host)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, e := range s.ESPs {
		name := Name(e.ESP, e.Links)
		for _, line := range e.lines(s) {
			fmt.Fprintf(w, "%s\t%s\t%s\n", name, line[0], line[1])
			name = ""
		}
	}
	w.Flush()
	for _, o := range s.Shared {
		fmt.Fprintf(out, "shared: %s goes to %s, as %s, although %s of %s fits it too, as %s\n", o.Path, Name(o.ESP, o.Links), o.Kind, o.OtherForm.Path, Name(o.Other, o.OtherLinks), o.OtherForm.Kind)
	}
}

// lines are the kinds of an ESP's links with their forms, and what else it gets
// or is.
func (e *ESP) lines(s *Site) (list [][2]string) {
	for _, f := range e.Gets {
		i := slices.IndexFunc(list, func(l [2]string) bool { return l[0] == f.Kind })
		if i < 0 {
			list = append(list, [2]string{f.Kind, f.Path})
		} else {
			list[i][1] += ", " + f.Path
		}
	}
	switch {
	case e.Rest:
		list = append(list, [2]string{"the rest", "/health, verification" + cmp.Or(s.appLinks(), " and app-link files") + ", and all that has no form of this table"})
	case e.ESP == core.PresetNone:
		list = append(list, [2]string{"the rest", "what has no form of this table gets a page with status 404"})
	}
	if e.Retired != nil {
		list = append(list, [2]string{"retired", e.Retired.When()})
	}
	return list
}

// appLinks says which app-link files the site answers itself.
func (s *Site) appLinks() string {
	switch {
	case s.apple && s.android:
		return " files; app-link files are answered from here"
	case s.apple || s.android:
		return " and those app-link files that \"app_links\" has not"
	}
	return ""
}

// withRetired are the ESPs of a site that are retired, now or later.
func (s *Site) withRetired() (list []ESP) {
	for _, e := range s.ESPs {
		if e.Retired != nil {
			list = append(list, e)
		}
	}
	return list
}

// printRetired prints what becomes of the links of retired ESPs.
func printRetired(w io.Writer, s *Site) {
	for _, e := range s.withRetired() {
		r := e.Retired
		fmt.Fprintf(w, "\nRETIRED ON %s: %s, %s\n", s.Host, Name(e.ESP, e.Links), r.When())
		if !r.Now {
			fmt.Fprintf(w, "  until then    it is asked as any ESP is; then:\n")
		}
		for _, l := range r.lines() {
			fmt.Fprintf(w, "  %-12s  %s\n", l[0], l[1])
		}
	}
}
