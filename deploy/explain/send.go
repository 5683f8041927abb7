package explain

import (
	"cmp"
	"fmt"
	"net/http"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/header"
)

// sent is the request that the ESP gets.
type sent struct {
	Backend string       `json:"backend"`
	Address string       `json:"address"`
	TLS     bool         `json:"tls"`
	SNI     string       `json:"sni,omitempty"` // also the name that the certificate must have
	Method  string       `json:"method"`
	Target  string       `json:"target"`
	Headers []headerEdit `json:"headers"`
	// Answer is what is done to the fields of the ESP's answer.
	Answer []headerEdit `json:"answer_headers,omitempty"`
	// Unsubscribes: it is not the ESP that gets this, but the site's origin for
	// the unsubscribes of retired ESPs.
	Unsubscribes bool `json:"unsubscribes,omitempty"`
}

// headerEdit is what is done to one field, if it is there; the others pass as
// they came. They stand in the order in which they are carried out. A value in
// angle brackets is known only when a reader comes.
type headerEdit struct {
	Name   string `json:"name"`
	Value  string `json:"value,omitempty"`
	Append bool   `json:"appended,omitempty"` // to what came with the request
	Gone   bool   `json:"removed,omitempty"`
	Passes bool   `json:"passes,omitempty"` // as it came
	// Named: the fields that this one names are removed, those aside that the
	// ESP or the reader needs.
	Named bool `json:"named_removed,omitempty"`
	// Aliases: fields whose name has an underscore are removed, where the name
	// with a hyphen is set or removed on every request. Name is "*_*".
	Aliases bool `json:"aliases_removed,omitempty"`
	// Default: only where there is none.
	Default bool `json:"where_absent,omitempty"`
	// Kept: only on a redirect, where there is none, or where a permanent one
	// does not say for how long it is kept.
	Kept bool `json:"unless_kept,omitempty"`
	// Own: only the ESP's own cookies pass, whose names have Value in front of
	// them while they are with the reader.
	Own bool `json:"own_cookies,omitempty"`
}

// sentTo lists core's edits to the request for this origin and to its answer,
// for a message that has every field.
func sentTo(o *core.Origin, site *core.Site, req *core.Request) *sent {
	s := &sent{Backend: o.Backend, Address: fmt.Sprintf("%s:%d", o.Address, o.Port), TLS: o.TLS, Method: req.Method, Target: req.Target}
	if o.TLS {
		s.SNI = o.Address
	}
	var there, back core.Edits
	site.EditRequest(o, &core.Arrival{Headers: header.All | header.Underscore, Scheme: "<http or https>", Address: "<the reader's address>"}, there.Add)
	o.EditAnswer(http.StatusMovedPermanently, header.All, back.Add)
	s.Headers, s.Answer = headerEdits(o, there), headerEdits(o, back)
	return s
}

// headerEdits writes core's edits for people and programs.
func headerEdits(o *core.Origin, edits core.Edits) (list []headerEdit) {
	for _, e := range edits {
		h := headerEdit{Name: fieldName(e.Name), Value: e.Value}
		switch e.Op {
		case core.EditRemove:
			h.Gone = true
		case core.EditRemoveNamed:
			h.Named = true
		case core.EditRemoveAliases:
			h.Name, h.Aliases = "*_*", true
		case core.EditPass:
			h.Passes, h.Value = true, ""
		case core.EditAppend:
			h.Append = true
		case core.EditDefault:
			h.Default = true
		case core.EditUnlessKept:
			h.Kept = true
		case core.EditOwnCookies, core.EditOwnSetCookies:
			h.Own, h.Value = true, o.CookieMark()
		}
		list = append(list, h)
	}
	return list
}

// oddNames are fields whose names net/http writes differently.
var oddNames = map[string]string{"cdn-loop": "CDN-Loop", "te": "TE", "http2-settings": "HTTP2-Settings"}

// fieldName writes a field's name as its specification does.
func fieldName(name string) string { return cmp.Or(oddNames[name], http.CanonicalHeaderKey(name)) }
