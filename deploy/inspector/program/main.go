//go:build js

// Command program runs in the inspector's page. It gives the page one function,
// clickedge(link, host, method), which returns what explain says of a link on
// the sites of the page, as JSON.
package main

import (
	"encoding/json"
	"syscall/js"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/explain"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/pasted"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// answer is what the page shows: an explanation, or an error with its hint.
type answer struct {
	Title    string            `json:"title,omitempty"`
	Sections []explain.Section `json:"sections,omitempty"`
	Notes    []string          `json:"notes,omitempty"`
	Error    string            `json:"error,omitempty"`
	Hint     string            `json:"hint,omitempty"`
}

func main() {
	page := js.Global().Get("page")
	name, text := page.Get("name").String(), page.Get("sites").String()
	sites, _, err := sitesfile.Parse(name, []byte(text), nil)
	page.Set("explain", js.FuncOf(func(_ js.Value, args []js.Value) any {
		if err != nil {
			return encode(refusal(err))
		}
		return encode(inspect(sites, name, args[0].String(), args[1].String(), args[2].String()))
	}))
	page.Call("ready")
	select {} // the page calls
}

// inspect explains a link as "clickedge explain" does that has no secrets and
// has not looked at learned links.
func inspect(sites *core.Sites, name, link, host, method string) answer {
	l, err := pasted.Parse([]string{link}, pasted.Options{Host: host, Known: sites.Has})
	if err != nil {
		return refusal(err)
	}
	site := sites.Lookup(l.Host)
	if site == nil {
		return refusal(sitesfile.UnknownHost(l.Host, sitesfile.Shown(name), sites))
	}
	if l.Method != "" {
		method = l.Method
	}
	x := explain.Of(&core.Request{Method: method, Target: l.Target}, site, time.Now())
	x.NoteLink(l)
	return clear(answer{Title: x.Method + " " + x.Target, Sections: x.Sections(), Notes: x.Notes})
}

// clear escapes what cannot be seen, so that nothing in a link passes for
// something else.
func clear(a answer) answer {
	a.Title = clean.Text(a.Title)
	for _, s := range a.Sections {
		for i, f := range s.Facts {
			s.Facts[i].Name, s.Facts[i].Value = clean.Text(f.Name), clean.Text(f.Value)
		}
	}
	return a
}

func refusal(err error) answer {
	f := failure.Of(err)
	return answer{Error: f.Error(), Hint: f.Hint}
}

func encode(a answer) string {
	text, err := json.Marshal(a)
	if err != nil {
		return `{"error": "the explanation cannot be shown"}`
	}
	return string(text)
}
