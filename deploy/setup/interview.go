package setup

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/interrupt"
)

// none is the answer for nothing, where nothing is a choice.
const none = "none"

// question is one field of a site.
type question struct {
	field string // of the site; see [Site.Problems]
	flag  string // that answers it
	title string
	about string // in a line or two
	// suggest is taken for no answer; nil, and "", for none.
	suggest func(*Draft) string
	// ask is when it is asked; nil for always.
	ask func(*Draft) bool
	set func(*Draft, string)
	// required: there is no going on without an answer.
	required bool
}

var questions = []question{
	{
		field: "host", flag: "host", title: "Link domain", required: true,
		about: "The host in the links of your mail, as link.example.com.",
		set:   func(d *Draft, s string) { d.Site.Host = strings.ToLower(strings.TrimSuffix(s, ".")) },
	},
	{
		field: "esp", flag: "esp", title: "ESP", required: true,
		about: "Who sends the mail, with the region of the account, as customerio-eu.\n? lists them; \"none\" is for signed links alone.",
		set:   func(d *Draft, s string) { d.Site.ESP = s },
	},
	{
		field: "origin", flag: "origin", title: "Origin", required: true,
		about: "The URL that the ESP's links are asked at, as https://track.example.net:\nwhere the CNAME of your account leads.",
		ask:   func(d *Draft) bool { return d.Site.NeedsOrigin() },
		set:   func(d *Draft, s string) { d.Site.Origin = s },
	},
	{
		field: "tenant", flag: "tenant", title: "Tenant", required: true,
		about: "The first label of <tenant>.et.e.sparkpost.com.",
		ask:   func(d *Draft) bool { return d.Site.NeedsTenant() },
		set:   func(d *Draft, s string) { d.Site.Tenant = s },
	},
	{
		field: "destinations", flag: "destination", title: "Destinations", required: true,
		about:   "The hosts that redirects from here may lead to, and no other.\n*.example.com is every host below example.com. \"none\": nothing is redirected,\nthe ESP answers everything.",
		suggest: func(d *Draft) string { return strings.Join(d.Site.OwnDestinations(), " ") },
		set:     func(d *Draft, s string) { d.Site.setDestinations(split(s)) },
	},
	{
		field: "when_esp_fails", flag: "when-esp-fails", title: "When the ESP fails",
		about:   "redirect: readers are sent to where the link leads, if it says so.\npage: they get a page.",
		suggest: func(*Draft) string { return "redirect" },
		ask:     func(d *Draft) bool { return d.Site.Reads() && len(d.Site.Destinations) > 0 },
		set:     func(d *Draft, s string) { d.Site.WhenESPFails = s },
	},
	{
		field: "learn", flag: "learn", title: "Learn links",
		about:   "This ESP's links hide where they lead. yes: it is remembered where the ESP\nleads from them, for when it fails.",
		suggest: func(*Draft) string { return "no" },
		ask:     func(d *Draft) bool { return d.Site.Learns() && len(d.Site.Destinations) > 0 },
		set:     func(d *Draft, s string) { d.Site.Learn = yes(s) },
	},
	{
		field: "home", flag: "home", title: "Home",
		about:   "An https page that pages of the link domain offer as the way on, as\nhttps://www.example.com/.",
		suggest: func(*Draft) string { return none },
		set:     func(d *Draft, s string) { d.Site.Home = unlessNone(s) },
	},
	{
		field: "also", flag: "retired", title: "ESPs that you have left",
		about:   "An ESP whose mail is still read, and whose links have this host: they go on\nworking.",
		suggest: func(*Draft) string { return none },
		ask:     func(d *Draft) bool { return d.Site.ESP != core.PresetNone && len(d.Site.Destinations) > 0 },
		set: func(d *Draft, s string) {
			d.Site.Also = slices.DeleteFunc(slices.Clone(d.Site.Also), func(a Also) bool { return a.Retired })
			for _, name := range split(unlessNone(s)) {
				d.Site.Also = append(d.Site.Also, Also{name, true})
			}
		},
	},
	{
		field: "unsubscribes", flag: "unsubscribes", title: "Unsubscribes",
		about:   "A server of yours that takes the unsubscribes of the ESP that you have left,\nas https://preferences.example.com. none: a page says that nothing was done.",
		suggest: func(*Draft) string { return none },
		ask:     func(d *Draft) bool { return d.Site.HasRetired() },
		set:     func(d *Draft, s string) { d.Site.Unsubscribes = unlessNone(s) },
	},
	{
		field: "keys", flag: "signed-links", title: "Signed links",
		about:   "yes: a key is made, and links that you sign yourself are answered here,\nwithout the ESP.",
		suggest: func(*Draft) string { return "no" },
		ask:     func(d *Draft) bool { return d.Site.ESP != core.PresetNone },
		set:     func(d *Draft, s string) { d.Signed = yes(s) },
	},
}

func (s *Site) setDestinations(list []string) {
	s.Destinations = list
	if len(list) == 1 && list[0] == none {
		s.Destinations = nil
	}
}

func split(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
}

func yes(s string) bool { return s == "yes" || s == "y" }

func unlessNone(s string) string {
	if s == none {
		return ""
	}
	return s
}

// Interview asks for what no flag has said.
type Interview struct {
	Draft *Draft
	Given func(flag string) bool // whether a flag has answered
	In    *input.Input
	W     io.Writer
	// Only are the flags whose questions are asked; nil for all.
	Only []string
}

// Check refuses answers of flags that are wrong, all at once.
func (i *Interview) Check() error {
	var lines []string
	for _, q := range questions {
		if !i.Given(q.flag) {
			continue
		}
		for _, p := range i.Draft.problems(&q) {
			lines = append(lines, clean.Text("--"+i.flagOf(&q)+": "+p.String()))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	f := failure.Usage(errors.New("nothing was written: a flag says what sites.json does not take"), "clickedge check --fields lists every field and what it does")
	f.Detail = strings.Join(lines, "\n")
	return f
}

// flagOf is the flag that has given an answer.
func (i *Interview) flagOf(q *question) string {
	if q.field == "also" && !i.Draft.Site.HasRetired() {
		return "also"
	}
	return q.flag
}

// Missing are the flags that must be given where nobody can be asked.
func (i *Interview) Missing() (list []string) {
	for _, q := range questions {
		if q.required && i.asks(&q) {
			list = append(list, "--"+q.flag)
		}
	}
	return list
}

// MissingFailure is that of a call that lacks these flags.
func (i *Interview) MissingFailure(list []string) error {
	hint := "clickedge init --list-esps lists what --esp takes"
	if slices.Contains(list, "--destination") && i.Draft.Site.Host != "" {
		if own := i.Draft.Site.OwnDestinations(); own != nil {
			hint = "the destinations are the hosts that your links lead to, as in --destination " + own[0] + " --destination '" + own[1] + "'"
		}
	}
	if slices.Contains(list, "--esp") {
		hint = "clickedge init --list-esps lists what --esp takes"
	}
	return failure.Usage(fmt.Errorf("nobody can be asked here, and this is missing: %s", strings.Join(list, ", ")), hint)
}

func (i *Interview) asks(q *question) bool {
	return !i.Given(q.flag) && (i.Only == nil || slices.Contains(i.Only, q.flag)) && (q.ask == nil || q.ask(i.Draft))
}

// Ask asks every question that no flag has answered, until it has an answer
// that sites.json takes. After each it calls heard with the field.
func (i *Interview) Ask(heard func(field string) error) error {
	for n := range questions {
		q := &questions[n]
		if !i.asks(q) {
			continue
		}
		if err := i.one(q); err != nil {
			return err
		}
		if err := heard(q.field); err != nil {
			return err
		}
	}
	return nil
}

func (i *Interview) one(q *question) error {
	fmt.Fprintf(i.W, "\n%s\n  %s\n", q.title, strings.ReplaceAll(q.about, "\n", "\n  "))
	suggested := ""
	if q.suggest != nil {
		suggested = q.suggest(i.Draft)
	}
	prompt := "> "
	if suggested != "" {
		prompt = "[" + suggested + "] > "
	}
	for {
		answer, err := i.In.Answer(prompt)
		if err != nil {
			return i.ended(q, err)
		}
		switch {
		case answer == "?" && q.field == "esp":
			PrintESPs(i.W)
			continue
		case answer == "" && suggested == "":
			fmt.Fprintln(i.W, "  an answer is needed; Ctrl-C ends this, and nothing is written")
			continue
		case answer == "":
			answer = suggested
		}
		if i.take(q, answer) {
			return nil
		}
	}
}

// take takes an answer, or says what is wrong with it.
func (i *Interview) take(q *question, answer string) bool {
	if (q.field == "learn" || q.field == "keys") && !slices.Contains([]string{"yes", "y", "no", "n"}, answer) {
		fmt.Fprintln(i.W, "  yes or no?")
		return false
	}
	before := i.Draft.Site
	q.set(i.Draft, answer)
	list := i.Draft.problems(q)
	for _, p := range list {
		fmt.Fprintf(i.W, "  %s\n", clean.Text(p.String()))
	}
	if len(list) > 0 {
		i.Draft.Site = before
		return false
	}
	for _, n := range i.Draft.notes(q) {
		fmt.Fprintf(i.W, "  %s\n", n)
	}
	return true
}

func (i *Interview) ended(q *question, err error) error {
	if err := interrupt.Of(i.In.Ctx, "nothing was written"); err != nil {
		return err
	}
	if errors.Is(err, io.EOF) {
		fmt.Fprintln(i.W)
		err = fmt.Errorf("the input ended before there was an answer to %q; nothing was written", q.title)
	}
	return failure.Bad(err, "--"+q.flag+" answers it")
}

// problems are what is wrong with an answer.
func (d *Draft) problems(q *question) []Problem {
	if q.field == "keys" {
		return nil // nothing is named but by us
	}
	s := d.Site
	if q.field == "host" {
		s = Site{Host: s.Host, ESP: "sendgrid"}
	}
	if d.Signed || s.ESP == core.PresetNone {
		s.Keys = []string{"k1"} // its id is chosen later
	}
	return s.Problems(q.field)
}

// notes explain an answer that was taken.
func (d *Draft) notes(q *question) (list []string) {
	if q.field != "destinations" {
		return nil
	}
	return WildcardNotes(d.Site.Destinations)
}

// WildcardNotes say what a wildcard among destinations means.
func WildcardNotes(destinations []string) (list []string) {
	for _, p := range destinations {
		above, ok := strings.CutPrefix(p, "*.")
		if !ok {
			continue
		}
		note := p + " is every host below " + above + ", also one that somebody else may have there"
		if !slices.Contains(destinations, above) {
			note += "; " + above + " itself is not among them"
		}
		list = append(list, note)
	}
	return list
}
