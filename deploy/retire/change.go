package retire

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/jsonedit"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// Order says what is to be retired. The zero value of the rest takes effect when
// the file is published.
type Order struct {
	Host, ESP    string
	On           string // first day without the ESP, 2026-09-30; "" for at once
	Successor    string // of the site's own ESP: a preset, "none", or "" for the first in also
	Unsubscribes string // URL of the origin for unsubscribes; "" leaves what the site says
	Undo         bool   // take it back
}

// Change is what an order does to a sites.json.
type Change struct {
	Before, After []byte
	Site          *core.Site // as it was
	Entry         *core.Site // the ESP's part of the new one
	New           *core.Site // the site as it will be
	Successor     string     // of the site's own ESP; "" if it was in also
	// Sharing are other hosts of the file with this ESP, not retired.
	Sharing []string
	// Same: the file says so already.
	Same bool
	// Cleared is the value of unsubscribes that went with the last retired ESP;
	// "" for none.
	Cleared string
}

// Parse reads the text of the sites.json, as [sitesfile.ParseBeside] does.
type Parse func(text []byte) (*core.Sites, error)

// Change changes the text of a sites.json. The result has been parsed, and every
// other site and ESP is as it was.
func (o *Order) Change(text []byte, file string, parse Parse) (*Change, error) {
	sites, err := parse(text)
	if err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	c := &Change{Before: text, Site: sites.Lookup(o.Host)}
	if c.Site == nil {
		return nil, sitesfile.UnknownHost(o.Host, file, sites)
	}
	at, err := o.find(c.Site)
	if err != nil {
		return nil, err
	}
	d, err := newDraft(text, c.Site.Host)
	if err != nil {
		return nil, err
	}
	if at < 0 {
		err = o.move(d, c)
	} else {
		err = o.mark(d, c, at)
	}
	if err != nil {
		return nil, err
	}
	o.setUnsubscribes(d)
	c.After = d.edits.Apply(text)
	c.Same = string(c.After) == string(text)
	if err := c.verify(sites, at, parse); err != nil {
		return nil, err
	}
	c.Sharing = sharing(sites, c)
	return c, nil
}

// sharing lists the other hosts that have the ESP too.
func sharing(sites *core.Sites, c *Change) (list []string) {
	for _, host := range sites.Hosts() {
		has := func(s *core.Site) bool { return s.Origin != nil && s.ESP == c.Entry.ESP && s.Retired == 0 }
		if host != c.Site.Host && slices.ContainsFunc(sites.Lookup(host).ESPs(), has) {
			list = append(list, host)
		}
	}
	return list
}

// Namesake reports whether another ESP of the site has the same name.
func (c *Change) Namesake() bool {
	return slices.ContainsFunc(c.New.ESPs(), func(e *core.Site) bool { return e != c.Entry && e.ESP == c.Entry.ESP })
}

// Part returns the ESP's part of the site as it is, nil if there is none: for a
// forecast where the change cannot be made.
func (o *Order) Part(text []byte, parse Parse) *core.Site {
	sites, err := parse(text)
	if err != nil {
		return nil
	}
	site := sites.Lookup(o.Host)
	if site == nil {
		return nil
	}
	switch at, err := o.find(site); {
	case err != nil:
		return nil
	case at >= 0:
		return site.Also[at]
	}
	return site
}

func (o *Order) check() error {
	if o.Undo && (o.On != "" || o.Successor != "" || o.Unsubscribes != "") {
		return failure.Usage(errors.New("--undo takes a date away, and goes with none of --on, --successor and --unsubscribes"), "")
	}
	if _, err := time.Parse(time.DateOnly, o.On); o.On != "" && err != nil {
		return failure.Usage(fmt.Errorf("--on %q is not a date", clean.Cut(o.On, 60)), "write the first day without the ESP, as in --on 2026-09-30; it begins at 00:00 UTC")
	}
	return nil
}

// find returns the index of the ESP in also, -1 for the site's own.
func (o *Order) find(site *core.Site) (int, error) {
	var at []int
	if site.Origin != nil && site.ESP == o.ESP {
		at = append(at, -1)
	}
	for i, e := range site.Also {
		if e.ESP == o.ESP || o.ESP == alsoName(i) {
			at = append(at, i)
		}
	}
	switch len(at) {
	case 1:
		return at[0], nil
	case 0:
		return 0, failure.Bad(fmt.Errorf("%s has no esp %q", site.Host, clean.Cut(o.ESP, 60)), "it has "+strings.Join(names(site), ", "))
	}
	return 0, failure.Bad(fmt.Errorf("%s has more than one esp %q", site.Host, o.ESP), "for one in also, give its place as the ESP: also[0] is the first")
}

func alsoName(i int) string { return "also[" + strconv.Itoa(i) + "]" }

func names(site *core.Site) []string {
	var list []string
	for _, e := range site.ESPs() {
		list = append(list, e.ESP)
	}
	return list
}

// day is the value of retired.
func (o *Order) day() string {
	if o.On == "" {
		return "true"
	}
	return jsonedit.Quote(o.On)
}

// draft is the text of a site that is changed.
type draft struct {
	text  []byte
	edits jsonedit.Edits
	site  jsonedit.Object
	also  jsonedit.List
	// entries are the objects in also.
	entries []jsonedit.Object
}

func newDraft(text []byte, host string) (*draft, error) {
	d := &draft{text: text}
	root, err := jsonedit.Root(text)
	if err != nil {
		return nil, err
	}
	m, _ := root.Find("sites")
	sites, err := jsonedit.ObjectAt(text, m.From)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(sites.Members, func(m jsonedit.Member) bool { return core.CanonicalHost(m.Name) == host })
	if i < 0 {
		return nil, fmt.Errorf("internal error: %s was read and is not found", host)
	}
	if d.site, err = jsonedit.ObjectAt(text, sites.Members[i].From); err != nil {
		return nil, err
	}
	if m, ok := d.site.Find("also"); ok {
		d.also, err = jsonedit.ListAt(text, m.From)
	}
	for _, v := range d.also.Elements {
		e, err := jsonedit.ObjectAt(text, v.From)
		if err != nil {
			return nil, err
		}
		d.entries = append(d.entries, e)
	}
	return d, err
}

// set gives an object a member, or the member another value.
func (d *draft) set(o *jsonedit.Object, name, value string) {
	if m, ok := o.Find(name); ok {
		if m.Of(d.text) != value {
			d.edits.Replace(m.Value, value)
		}
		return
	}
	d.edits.Add(d.text, o, name, value)
}

// raw is the text of a member's value, "" if it is not given.
func (d *draft) raw(o *jsonedit.Object, name string) string {
	if m, ok := o.Find(name); ok {
		return m.Of(d.text)
	}
	return ""
}

// mark retires an entry of also, or takes that back.
func (o *Order) mark(d *draft, c *Change, at int) error {
	e := &d.entries[at]
	switch {
	case o.Successor != "":
		return failure.Usage(fmt.Errorf("%s is in also of %s: only the site's own esp, %s, has a successor", o.ESP, c.Site.Host, c.Site.ESP), "leave --successor out")
	case !o.Undo:
		d.set(e, "retired", o.day())
		return nil
	}
	if i := e.Index("retired"); i >= 0 {
		d.edits.Remove(e, i)
	}
	others := slices.ContainsFunc(c.Site.Also, func(s *core.Site) bool { return s != c.Site.Also[at] && s.Retired != 0 })
	if i := d.site.Index("unsubscribes"); i >= 0 && !others {
		c.Cleared = d.raw(&d.site, "unsubscribes")
		d.edits.Remove(&d.site, i)
	}
	return nil
}

func (o *Order) setUnsubscribes(d *draft) {
	if o.Unsubscribes != "" {
		d.set(&d.site, "unsubscribes", jsonedit.Quote(o.Unsubscribes))
	}
}

// move gives the site's own ESP a place in also, and the site another one.
func (o *Order) move(d *draft, c *Change) error {
	if o.Undo {
		return failure.Bad(fmt.Errorf("%s is the own esp of %s, and never retired there", o.ESP, c.Site.Host), "only an entry of also can be retired")
	}
	from, err := o.successor(c)
	if err != nil {
		return err
	}
	next := jsonedit.Object{}
	if from >= 0 {
		next = d.entries[from]
	}
	esp, _ := d.site.Find("esp")
	d.edits.Replace(esp.Value, jsonedit.Quote(c.Successor))
	old := d.exchange(&next)
	old = append(old, [2]string{"retired", o.day()})
	d.keepOthers(&next, from)
	return d.place(from, old, c.Site.ESP)
}

// successor returns the index in also of the ESP that takes over, -1 for one
// that is not there, or none.
func (o *Order) successor(c *Change) (int, error) {
	if c.Successor = o.Successor; o.Successor == "" {
		i := slices.IndexFunc(c.Site.Also, func(e *core.Site) bool { return e.Retired == 0 })
		if i < 0 {
			return 0, failure.Bad(fmt.Errorf("%s is the own esp of %s, and no other in also is active", o.ESP, c.Site.Host),
				`say who takes over: --successor NAME, a preset, or "none" where the domain has no ESP any more`)
		}
		c.Successor = c.Site.Also[i].ESP
		return i, nil
	}
	if _, known := core.LookupPreset(o.Successor); !known && o.Successor != core.PresetNone {
		return 0, failure.Usage(fmt.Errorf("--successor: unknown esp %q", clean.Cut(o.Successor, 60)), `clickedge check --fields lists the presets; or say "none"`)
	}
	i := slices.IndexFunc(c.Site.Also, func(e *core.Site) bool { return e.ESP == o.Successor })
	switch {
	case o.Successor == o.ESP:
		return 0, failure.Usage(fmt.Errorf("--successor: %s is the one that is retired", o.ESP), "")
	case i >= 0 && c.Site.Also[i].Retired != 0:
		return 0, failure.Bad(fmt.Errorf("--successor: %s is retired itself", o.Successor), "take that back first: clickedge retire "+c.Site.Host+" "+o.Successor+" --undo")
	}
	return i, nil
}

// exchange gives the site what its new ESP has of its own, and returns what the
// old one had.
func (d *draft) exchange(next *jsonedit.Object) (old [][2]string) {
	var gone []int
	at := d.site.Index("esp")
	for i, m := range d.site.Members {
		if may, inherits := sitesjson.OfESP(m.Name); may && m.Name != "esp" && !inherits {
			old, gone = append(old, [2]string{m.Name, m.Of(d.text)}), append(gone, i)
		}
	}
	d.edits.Remove(&d.site, gone...)
	for _, m := range next.Members {
		switch may, inherits := sitesjson.OfESP(m.Name); {
		case !may || m.Name == "esp" || m.Name == "retired":
		case !inherits:
			d.edits.AddAfter(d.text, &d.site, at, m.Name, m.Of(d.text))
		case d.raw(&d.site, m.Name) != m.Of(d.text):
			old = d.inherit(old, m.Name)
			if s, ok := d.site.Find(m.Name); ok {
				d.edits.Replace(s.Value, m.Of(d.text))
			} else {
				d.edits.AddAfter(d.text, &d.site, at, m.Name, m.Of(d.text))
			}
		}
	}
	return old
}

// inherit adds what an ESP had from its site, which is about to say something
// else.
func (d *draft) inherit(list [][2]string, name string) [][2]string {
	if value := d.inherited(name); value != "" {
		return append(list, [2]string{name, value})
	}
	return list
}

// inherited is what the site says of a field, or else its default; "" where an
// entry need not say it.
func (d *draft) inherited(name string) string {
	if value := d.raw(&d.site, name); value != "" {
		return value
	}
	if name == "count" {
		return "" // an entry has it from the site only where clicks are answered from the link, and then it is true
	}
	for _, f := range sitesjson.Fields() {
		if f.Name == name {
			return f.Default
		}
	}
	return ""
}

// keepOthers lets the ESPs that stay in also be what they were, though the site
// says something else now.
func (d *draft) keepOthers(next *jsonedit.Object, from int) {
	for i := range d.entries {
		if i == from {
			continue
		}
		for _, m := range next.Members {
			if _, inherits := sitesjson.OfESP(m.Name); !inherits || d.raw(&d.site, m.Name) == m.Of(d.text) || d.entries[i].Index(m.Name) >= 0 {
				continue
			}
			if value := d.inherited(m.Name); value != "" {
				d.edits.Add(d.text, &d.entries[i], m.Name, value)
			}
		}
	}
}

// place writes the old ESP's entry where its successor's was, or behind the
// others.
func (d *draft) place(from int, old [][2]string, esp string) error {
	style := d.site.StyleOf(d.text)
	parts := []string{style.Member("esp", jsonedit.Quote(esp))}
	for _, m := range old {
		parts = append(parts, style.Member(m[0], m[1]))
	}
	comma := ", "
	if style.Colon == ":" {
		comma = ","
	}
	entry := "{" + strings.Join(parts, comma) + "}"
	switch n := len(d.also.Elements); {
	case from >= 0:
		d.edits.Replace(d.also.Elements[from], entry)
	case n == 0:
		d.edits.AddAfter(d.text, &d.site, d.site.Index("esp"), "also", "["+entry+"]")
	default:
		lead := string(d.text[d.also.From+1 : d.also.Elements[0].From])
		if n > 1 {
			between := string(d.text[d.also.Elements[n-2].To:d.also.Elements[n-1].From])
			lead = between[strings.IndexByte(between, ',')+1:]
		} else if !strings.Contains(lead, "\n") {
			lead = comma[1:]
		}
		d.edits.Insert(d.also.Elements[n-1].To, ","+lead+entry)
	}
	return nil
}

// verify parses the result, and compares every other site and ESP with what it
// was.
func (c *Change) verify(before *core.Sites, at int, parse Parse) error {
	after, err := parse(c.After)
	if err != nil {
		if f := failure.Of(err); f != nil {
			f.Err = fmt.Errorf("with this change, %w; nothing was written", f.Err)
			return f
		}
		return err
	}
	c.New = after.Lookup(c.Site.Host)
	if c.New == nil || !slices.Equal(before.Hosts(), after.Hosts()) {
		return errOther
	}
	for _, host := range before.Hosts() {
		if host != c.Site.Host && !reflect.DeepEqual(before.Lookup(host), after.Lookup(host)) {
			return errOther
		}
	}
	was, target := c.partsBefore(at)
	is := c.New.ESPs()
	if len(was) != len(is) {
		return errOther
	}
	for i := range was {
		if was[i] != nil && (!reflect.DeepEqual(plain(was[i]), plain(is[i])) || i != target && was[i].Retired != is[i].Retired) {
			return errOther
		}
	}
	c.Entry = is[target]
	return nil
}

var errOther = failure.Bad(errors.New("the change cannot be made without changing another ESP's part; nothing was written"), "change the file by hand: clickedge check --fields")

// partsBefore are the parts of the site as it was, in the order in which the new
// one has them, and where the ESP is among them. Nil stands for a part that is
// new.
func (c *Change) partsBefore(at int) (list []*core.Site, target int) {
	list = c.Site.ESPs()
	if at >= 0 {
		return list, at + 1
	}
	i := slices.IndexFunc(c.Site.Also, func(e *core.Site) bool { return e.ESP == c.Successor && e.Retired == 0 })
	if i < 0 {
		return append(append([]*core.Site{nil}, c.Site.Also...), c.Site), len(list)
	}
	list[0], list[i+1] = list[i+1], list[0]
	return list, i + 1
}

// plain is an ESP's part without what an order changes. What the site says of
// itself, beside its ESPs, is the same in all of them.
func plain(s *core.Site) core.Site {
	p := *s
	p.Also, p.Retired, p.Unsubscribes = nil, 0, nil
	p.Count = p.Count && p.ClickRedirect
	return p
}
