package page

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/recall"
	"github.com/clickedge/clickedge/deploy/check"
	"github.com/clickedge/clickedge/deploy/explain"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/pasted"
	"github.com/clickedge/clickedge/deploy/recalls"
	"github.com/clickedge/clickedge/deploy/serve/switches"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

const (
	// mostForm bounds what a form may have: a target has 8192 bytes at most.
	mostForm = 64 << 10
	// longestWait is how long the answer to a request of the page is awaited.
	longestWait = 2 * time.Minute
)

func (p *Page) home(w http.ResponseWriter, r *http.Request) {
	p.render(w, http.StatusOK, p.look(r.FormValue("site")))
}

// request shows one request beside the rest.
func (p *Page) request(w http.ResponseWriter, r *http.Request) {
	v, status := p.look(r.FormValue("site")), http.StatusOK
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if k := p.memory.find(id); err == nil && k != nil {
		v.Request = detailsOf(k)
	} else {
		v.Gone, status = true, http.StatusNotFound
	}
	p.render(w, status, v)
}

// unread answers a form that cannot be read, with the page: its program shows
// what is on it.
func (p *Page) unread(w http.ResponseWriter, r *http.Request, err error) {
	status, text := http.StatusBadRequest, "the form cannot be read: "+err.Error()
	if errors.As(err, new(*http.MaxBytesError)) {
		status, text = http.StatusRequestEntityTooLarge, fmt.Sprintf("the form has more than %d KiB; a link has %d bytes at most", mostForm>>10, contract.MaxTarget)
	}
	var v *view
	if r.URL.Path == "/explain" || r.URL.Path == "/send" { // what these say stands in the answer
		v = p.look("")
	}
	p.render(w, status, p.refused(r, v, errors.New(text)))
}

// acting answers a form with the page, or, where it has changed something, with
// the way back to the page, so that a reload does not change it again.
func (p *Page) acting(act func(*http.Request) (*view, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, mostForm)
		if err := r.ParseForm(); err != nil {
			p.unread(w, r, err)
			return
		}
		v, err := act(r)
		switch {
		case err != nil:
			v = p.refused(r, v, err)
			p.render(w, http.StatusUnprocessableEntity, v)
		case v != nil:
			p.render(w, http.StatusOK, v)
		default:
			p.memory.change()
			http.Redirect(w, r, "/?"+url.Values{"site": {r.FormValue("site")}}.Encode(), http.StatusSeeOther)
		}
	}
}

// refused is the page with what is wrong, and with what stood in the form.
func (p *Page) refused(r *http.Request, v *view, err error) *view {
	f := failure.Of(err)
	if v != nil {
		v.Answer = &answer{Error: f.Error(), Detail: f.Detail, Hint: f.Hint}
		return v
	}
	text := f.Error()
	if f.Detail != "" {
		text += ": " + f.Detail
	}
	p.note(Said{Text: text, Hint: f.Hint, Wrong: true})
	v = p.look(r.FormValue("site"))
	v.Recall = recallForm{r.FormValue("host"), r.FormValue("from"), r.FormValue("to"), r.FormValue("wide") != ""}
	return v
}

// explain explains a link that was pasted, or a request of the list.
func (p *Page) explain(r *http.Request) (*view, error) {
	v := p.look(r.FormValue("site"))
	v.Asked = asked{r.PostFormValue("link"), r.PostFormValue("host"), r.PostFormValue("method")}
	state := p.bench.State()
	l, err := linkOf(r, state)
	if err != nil {
		return v, err
	}
	site := state.Site(l.Host)
	if site == nil {
		return v, sitesfile.UnknownHost(l.Host, state.File, state.Sites.Sites)
	}
	req := &core.Request{Method: l.Method, Target: l.Target, Keys: state.Keys, Learned: state.Learned}
	x := explain.Of(req, site, state.Now)
	x.NoteLink(l)
	v.Answer = &answer{Title: x.Method + " " + x.Target, Sections: x.Sections(), Notes: x.Notes, Try: &Link{Host: site.Host, Method: l.Method, Target: l.Target}}
	return v, nil
}

// linkOf reads the form. A request of the list has its target as it came, and
// no URL that would have to be taken apart.
func linkOf(r *http.Request, state *State) (*pasted.Link, error) {
	method := r.PostFormValue("method")
	if method == "" {
		method = http.MethodGet
	}
	if target, err := exact(r, "target"); target != "" || err != nil {
		return &pasted.Link{TLS: true, Host: core.CanonicalHost(r.PostFormValue("host")), Target: target, Method: method}, err
	}
	if r.PostFormValue("link") == "" {
		return nil, failure.Usage(errors.New("no link was pasted"), "paste one from a mail, or a line for curl")
	}
	l, err := pasted.Parse([]string{r.PostFormValue("link")}, pasted.Options{Host: r.PostFormValue("host"), Known: state.Sites.Sites.Has})
	if err == nil && l.Method == "" {
		l.Method = method
	}
	return l, err
}

// exact returns a field that is escaped within the form: HTML would change line
// ends, and bytes that are not UTF-8.
func exact(r *http.Request, name string) (string, error) {
	text, err := url.QueryUnescape(r.PostFormValue(name))
	if err != nil {
		return "", failure.Usage(fmt.Errorf("the form's field %s is not escaped: %w", name, err), "")
	}
	return text, nil
}

// send sends a request to the service, as its reader's browser would, and shows
// the answer. Redirects are not followed.
func (p *Page) send(r *http.Request) (*view, error) {
	v := p.look(r.FormValue("site"))
	s := &Sending{Host: core.CanonicalHost(r.PostFormValue("host")), Method: r.PostFormValue("method"), ContentType: r.PostFormValue("type"), UserAgent: r.UserAgent()}
	var err error
	if s.Target, err = exact(r, "target"); err != nil {
		return v, err
	}
	if s.Body, err = exact(r, "body"); err != nil {
		return v, err
	}
	state := p.bench.State()
	if state.Site(s.Host) == nil {
		return v, sitesfile.UnknownHost(s.Host, state.File, state.Sites.Sites)
	}
	ctx, cancel := context.WithTimeout(r.Context(), longestWait)
	defer cancel()
	got, err := p.bench.Send(ctx, s)
	v = p.look(r.FormValue("site")) // with the request itself, as a rule
	v.Answer = &answer{Title: s.Method + " " + s.Target, Sent: &reply{}}
	if err != nil {
		v.Answer.Sent.Error = err.Error()
		return v, nil
	}
	v.Answer.Sent = &reply{Status: got.Status, Header: got.Header, Body: string(got.Body), Cut: got.Cut}
	if got.BodyErr != nil {
		v.Answer.Sent.Error = got.BodyErr.Error()
	}
	return v, nil
}

// fault makes a stand-in fail, or lets it work again.
func (p *Page) fault(r *http.Request) (*view, error) {
	backend, fault := r.PostFormValue("backend"), r.PostFormValue("fault")
	if err := p.bench.SetFault(backend, fault); err != nil {
		return nil, err
	}
	if fault == "" || fault == "up" {
		p.Say(backend + " works again")
		return nil, nil
	}
	p.Say(fmt.Sprintf("%s fails from now on: %s", backend, faultText[fault]))
	return nil, nil
}

// faultText says what each fault of a stand-in does.
var faultText = map[string]string{
	"refuse": "it refuses connections", "reset": "it reads the request and resets the connection", "slow": "it does not answer",
	"500": "it answers everything with 500", "429": "it answers everything with 429", "wrong-location": "its redirects lead elsewhere",
	"drip": "its answers come byte by byte",
}

func espOf(r *http.Request) switches.ESP {
	at, err := strconv.Atoi(r.PostFormValue("at"))
	if err != nil {
		at = -1
	}
	return switches.ESP{Host: core.CanonicalHost(r.PostFormValue("host")), At: at, Name: r.PostFormValue("esp")}
}

// change switches something of a site, and returns the warnings of "check" that
// come of it.
func (p *Page) change(host string, change func(*switches.Set, *switches.Sites) error) (warnings []string, err error) {
	before := warningsOf(p.bench.State(), host)
	if err := p.bench.Change(change); err != nil {
		return nil, err
	}
	for _, w := range warningsOf(p.bench.State(), host) {
		if !slices.Contains(before, w) {
			warnings = append(warnings, w)
		}
	}
	return warnings, nil
}

func warningsOf(s *State, host string) []string {
	if site := s.Site(host); site != nil {
		return check.Warnings(site, s.Now)
	}
	return nil
}

func (p *Page) retire(r *http.Request) (*view, error) {
	e, now := espOf(r), p.bench.State().Now
	warnings, err := p.change(e.Host, func(set *switches.Set, sites *switches.Sites) error { return set.Retire(sites, e, now) })
	if err != nil {
		return nil, err
	}
	p.Say(fmt.Sprintf("%s of %s is retired from now on: it is asked for nothing, and its links are answered from here", e.Name, e.Host), warnings...)
	return nil, nil
}

func (p *Page) recall(r *http.Request) (*view, error) {
	host := core.CanonicalHost(r.PostFormValue("host"))
	rule := recalls.Rule{From: r.PostFormValue("from"), To: r.PostFormValue("to")}
	rule.Gone = r.PostFormValue("then") == "gone"
	if rule.Gone {
		rule.To = ""
	}
	warnings, err := p.change(host, func(set *switches.Set, sites *switches.Sites) error {
		return set.Recall(sites, host, rule, r.PostFormValue("wide") != "")
	})
	if err != nil {
		return nil, err
	}
	p.Say(fmt.Sprintf("%s: whoever is about to be sent to %s %s", host, clean.Text(rule.From), recallText(rule)), append(warnings, p.unmet(host, rule)...)...)
	return nil, nil
}

// unmet says what a rule does not meet behind the other of http and https.
func (p *Page) unmet(host string, rule recalls.Rule) []string {
	site := p.bench.State().Site(host)
	from, fault := recall.ReadFrom(rule.From)
	if site == nil || fault.Problem != "" {
		return nil
	}
	list := site.Recalls.List()
	at := slices.IndexFunc(list, func(r recall.Rule) bool { return r.From == from })
	if at < 0 {
		return nil
	}
	if other, ok := recalls.Unmet(list, at); ok {
		return []string{fmt.Sprintf("it does not meet %s: recall that too if the mail has such links", clean.Text(other.String()))}
	}
	return nil
}

func recallText(r recalls.Rule) string {
	if r.Gone {
		return "gets a page from now on that says that the link was withdrawn"
	}
	return "goes to " + clean.Text(r.To) + " from now on"
}

// undo takes one switch back: of an ESP, or of a recall.
func (p *Page) undo(r *http.Request) (*view, error) {
	e, from := espOf(r), r.PostFormValue("from")
	err := p.bench.Change(func(set *switches.Set, sites *switches.Sites) error {
		if from != "" {
			return set.Unrecall(sites, e.Host, from)
		}
		return set.Unretire(sites, e)
	})
	switch {
	case err != nil:
		return nil, err
	case from != "":
		p.Say(fmt.Sprintf("%s: %s is not recalled any more", e.Host, clean.Text(from)))
	default:
		p.Say(fmt.Sprintf("%s of %s is asked again", e.Name, e.Host))
	}
	return nil, nil
}

// reset takes everything back.
func (p *Page) reset(*http.Request) (*view, error) {
	if err := p.bench.Reset(); err != nil {
		return nil, err
	}
	p.Say("everything is as it was when serve was started: nothing that was switched here is left")
	return nil, nil
}
