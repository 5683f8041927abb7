package cli

import (
	"fmt"

	"github.com/clickedge/clickedge/core"
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
	// Answer is what is done to the cookies of the ESP's answer.
	Answer []headerEdit `json:"answer_headers,omitempty"`
}

// headerEdit is what is done to one header; the others pass as they came. A
// value in angle brackets is known only when a reader comes.
type headerEdit struct {
	Name   string `json:"name"`
	Value  string `json:"value,omitempty"`
	Append bool   `json:"appended,omitempty"` // to what came with the request
	Gone   bool   `json:"removed,omitempty"`
	Passes bool   `json:"passes,omitempty"` // as it came
	// Own: only the ESP's own cookies pass, whose names have Value in front of
	// them while they are with the reader.
	Own bool `json:"own_cookies,omitempty"`
}

// sentTo says what core has the edge send to this origin.
func sentTo(o *core.Origin, site *core.Site, req *core.Request) *sent {
	s := &sent{Backend: o.Backend, Address: fmt.Sprintf("%s:%d", o.Address, o.Port), TLS: o.TLS, Method: req.Method, Target: req.Target}
	if o.TLS {
		s.SNI = o.Address
	}
	s.Headers, s.Answer = headerEdits(site.Edits()), headerEdits(site.AnswerEdits())
	return s
}

// headerEdits is what core says is done to a message.
func headerEdits(edits []core.Edit) (list []headerEdit) {
	for _, e := range edits {
		list = append(list, headerEdit{Name: e.Name, Value: e.Value, Append: e.Op == core.EditAppend, Gone: e.Op == core.EditRemove, Passes: e.Op == core.EditPass, Own: e.Op == core.EditOwnCookies})
	}
	return list
}
