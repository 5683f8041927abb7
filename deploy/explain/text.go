package explain

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/header"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/deploy/check"
	"github.com/clickedge/clickedge/deploy/codes"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/output"
)

// Section is a group of facts under a title.
type Section struct {
	Title string
	Facts []Fact
}

// Fact is one line of an explanation. Name and Value are not escaped.
type Fact struct {
	Name, Value string
	Personal    bool // names a recipient or one mail
}

// Print writes the explanation for people: headings at the margin, facts in two
// columns below.
func (x *Explanation) Print(w io.Writer) {
	p := output.Facts{W: w}
	fmt.Fprintf(w, "%s %s\n", clean.Text(x.Method), clean.Text(x.Target))
	for _, s := range x.Sections() {
		p.Heading(s.Title)
		for _, f := range s.Facts {
			if f.Personal {
				f.Value += "  (personal)"
			}
			p.Row(f.Name, f.Value)
		}
	}
	if len(x.Notes) > 0 {
		p.Heading("notes")
		for _, n := range x.Notes {
			fmt.Fprintf(w, "  - %s\n", n)
		}
	}
}

// Sections are what the text form says, but for notes: the site, what the link
// says, what happens, and so on.
func (x *Explanation) Sections() []Section {
	p := &facts{}
	p.Heading("site")
	p.Row("host", x.Host)
	if len(x.main.Also) == 0 {
		p.Row("esp", x.Site.ESP)
		x.addOrigin(p)
	} else {
		p.Row("esp", x.espNames())
	}
	x.addRoute(p)
	x.addLink(p)
	x.addDecision(p)
	x.addSent(p)
	if x.IfAnswers != nil {
		p.Heading("if the ESP's answer leads where the link says")
		x.addOutcome(p, *x.IfAnswers)
	}
	x.addFailure(p)
	x.addLater(p)
	return p.sections
}

// facts are sections that grow.
type facts struct{ sections []Section }

// Heading begins a section.
func (f *facts) Heading(title string) { f.sections = append(f.sections, Section{Title: title}) }

// Row adds a fact to the last section.
func (f *facts) Row(name, value string) { f.add(Fact{Name: name, Value: value}) }

func (f *facts) add(fact Fact) {
	last := &f.sections[len(f.sections)-1]
	last.Facts = append(last.Facts, fact)
}

// addOrigin writes where the ESP that gets the request is asked.
func (x *Explanation) addOrigin(p *facts) {
	s := x.settings()
	if s.Origin != "" {
		p.Row("origin", s.Origin+", backend "+s.Backend)
	}
	if s.SecondOrigin != "" {
		p.Row("second origin", s.SecondOrigin+", for GET and HEAD where the first is not reached")
	}
}

// settings are those of the ESP that gets the request.
func (x *Explanation) settings() check.Settings {
	if i := slices.Index(x.main.Also, x.site); i >= 0 {
		return x.Site.ESPs[i+1].Settings
	}
	return x.Site.Settings
}

// addRoute writes why this ESP of several gets the request.
func (x *Explanation) addRoute(p *facts) {
	r := x.ESP
	if r == nil {
		return
	}
	p.Heading("which ESP")
	p.Row("esp", check.Name(r.ESP, r.Links))
	x.addOrigin(p)
	p.Row("why this one", r.Why)
	if len(r.Others) > 0 {
		p.Row("fits too", r.others())
	}
	if r.Retired != nil {
		p.Row("retired", r.Retired.When())
	}
}

// addLater writes what the request gets once the ESP is retired.
func (x *Explanation) addLater(p *facts) {
	t := x.Then
	if t == nil {
		return
	}
	p.Heading("until " + t.From + " (00:00 UTC) all of this; then, without " + x.site.ESP)
	x.addOutcome(p, t.Outcome)
	if t.Send == nil {
		p.Row("sent", "nothing, to nobody")
		return
	}
	p.Row("sent", t.Send.Method+" "+t.Send.Target)
	p.Row("to", `the origin in "unsubscribes", `+connectionText(t.Send))
	addEdits(p, t.Send.Headers)
}

func (x *Explanation) addLink(p *facts) {
	t := x.Link
	if t == nil {
		return
	}
	if t.Own {
		p.Heading("the link says (not yet checked)")
	} else {
		p.Heading("the link says")
	}
	p.Row("kind", t.Kind)
	for _, f := range t.Fields {
		p.add(Fact(f))
	}
	x.addDestination(p)
}

func (x *Explanation) addDestination(p *facts) {
	t := x.Link
	if t.Destination != "" {
		p.Row("leads to", t.Destination)
		if t.Reading != "" {
			p.Row("reading", readingText(t.Reading))
		}
		p.Row("allowed", x.allowedText(t))
	}
	for _, r := range [][2]string{{"unread", t.Doubt}, {"repaired", t.Repaired}, {"region", t.Region}, {"name", t.LearnedName}, {"learned", t.Learned}} {
		if r[1] != "" {
			p.Row(r[0], r[1])
		}
	}
}

func readingText(grade string) string {
	if grade == esp.Likely.String() {
		return grade + ": followed only where the ESP fails, as some damage would not show"
	}
	return grade
}

func (x *Explanation) allowedText(t *linkText) string {
	if t.Allowed == outcome.OK {
		return "yes"
	}
	return "no: " + x.whyNot(t.Destination, t.Allowed) + " (" + string(t.Allowed) + ")"
}

func (x *Explanation) addDecision(p *facts) {
	p.Heading("what happens")
	x.addOutcome(p, x.Decision)
	if x.Decision.Action == actionUnchecked {
		p.Row("what to do", "to have it checked, give --key-file FILE, or set "+keyring.EnvName(x.Link.Fields[0].Value))
	}
	if x.IfRight != nil {
		p.Heading("if the tag is right")
		x.addOutcome(p, *x.IfRight)
	}
	if x.IfWrong != nil {
		p.Heading("if it is not")
		x.addOutcome(p, *x.IfWrong)
	}
}

func (x *Explanation) addOutcome(p *facts, o Outcome) {
	p.Row("action", actionText(o, x.whoAnswers(o)))
	if o.Code != outcome.OK && o.Code != "" {
		p.Row("code", string(o.Code))
	}
	if r := o.Recalled; r != nil {
		p.Row("recalled", fmt.Sprintf("recalls[%d], from %s", r.Rule, r.From))
	}
	if o.Location != "" {
		p.Row("Location", o.Location)
	}
	p.Row("why", o.Why)
	if advice := codes.Explain(o.Code).Advice; advice != "" {
		p.Row("what to do", advice)
	}
}

// whoAnswers is whose answer the reader gets.
func (x *Explanation) whoAnswers(o Outcome) string {
	if o.unsubscribes {
		return `the answer of the origin in "unsubscribes"`
	}
	return "the ESP's answer"
}

func actionText(o Outcome, whose string) string {
	switch o.Action {
	case "proxy":
		return "proxy: the reader gets " + whose
	case actionUnchecked:
		return "not decided here"
	case "refuse":
		return fmt.Sprintf("refuse: a page with status %d", o.Status)
	}
	return fmt.Sprintf("%s: status %d", o.Action, o.Status)
}

func (x *Explanation) addFailure(p *facts) {
	o := x.IfFails
	if o == nil {
		return
	}
	who := "the ESP"
	if x.Send != nil && x.Send.Unsubscribes {
		who = `the origin in "unsubscribes"`
	}
	p.Heading("if " + who + " is down, slow or answers with an error")
	if o.Recalled != nil {
		x.addOutcome(p, *o)
		return
	}
	if o.Location == "" {
		p.Row("action", "refuse: a page that says to try again")
	} else {
		p.Row("action", actionText(*o, ""))
		p.Row("Location", o.Location)
	}
	p.Row("why", o.Why)
}

func (x *Explanation) addSent(p *facts) {
	s := x.Send
	if s == nil {
		return
	}
	who, whose := "the ESP", "the ESP's"
	if s.Unsubscribes {
		who, whose = `the origin in "unsubscribes"`, "that origin's"
	}
	p.Heading(who + " is sent")
	p.Row("connection", connectionText(s))
	p.Row("request", s.Method+" "+s.Target)
	addEdits(p, s.Headers)
	if len(s.Answer) > 0 {
		p.Heading("the reader gets of " + whose + " answer")
		addEdits(p, s.Answer)
	}
}

// addEdits writes a row for each field. Those that concern one connection
// only are many and go together, after those that matter more.
func addEdits(p *facts, list []headerEdit) {
	var connection []string
	for _, h := range list {
		if !h.Named && !h.Aliases && !isHopByHop(h.Name) {
			p.Row(h.Name, h.String())
		} else if h.Gone {
			connection = append(connection, h.Name)
		}
	}
	if i := slices.IndexFunc(list, func(h headerEdit) bool { return h.Aliases }); i >= 0 {
		p.Row(list[i].Name, list[i].String())
	}
	if len(connection) > 0 {
		p.Row("Connection", "(removed, with what it names and the other fields of one connection: "+strings.Join(connection[1:], ", ")+")")
	}
}

func isHopByHop(name string) bool {
	var set header.Set
	set.Read(name + "\x00")
	return set.Has(header.HopByHop)
}

// String says what is done to a header.
func (h headerEdit) String() string {
	switch {
	case h.Gone:
		return "(removed)"
	case h.Aliases:
		return "(removed, where a server may take its underscore for the hyphen of a field that is set or removed here, as of X_Forwarded_For)"
	case h.Passes:
		return "as it came"
	case h.Own && h.Name == "Cookie":
		return "only those that the ESP set here: " + h.Value + "… to the reader, without that to the ESP"
	case h.Default:
		return h.Value + ", where there is none"
	case h.Kept:
		return h.Value + ", on a redirect that has none or, if permanent, none that says for how long it is kept"
	case h.Own:
		return "for this host only, named " + h.Value + "…"
	case h.Append:
		return h.Value + ", appended"
	}
	return h.Value
}

func connectionText(s *sent) string {
	if !s.TLS {
		return s.Address + ", http without TLS"
	}
	return s.Address + ", TLS with SNI and certificate name " + s.SNI
}
