// Package seen has what "clickedge serve" knows of one request: the exchange
// with the module, its line of the click log, and why it got what it got.
//
// Start with [Of] and [Request.Reason].
package seen

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/codes"
	"github.com/clickedge/clickedge/deploy/explain"
	"github.com/clickedge/clickedge/hostsim"
)

// Line has the members of a line of the click log that are shown.
type Line struct {
	Time         time.Time    `json:"time"`
	Request      string       `json:"request"`
	Host         string       `json:"host"`
	ESP          string       `json:"esp"`
	Kind         string       `json:"kind"`
	Method       string       `json:"method"`
	Action       string       `json:"action"`
	Code         outcome.Code `json:"code"`
	Status       int          `json:"status"`
	OriginStatus int          `json:"origin_status"`
	OriginError  string       `json:"origin_error"`
	Agrees       string       `json:"agrees"`
	Override     string       `json:"override"`
	Verdict      string       `json:"verdict"`
	Reasons      string       `json:"reasons"`
	Micros       int64        `json:"us"`
}

// Request is a request that is over.
type Request struct {
	*hostsim.Exchange
	// Raw is its line of the click log, "" for none, and Line what is in it.
	Raw  string
	Line Line
	// Site is the one that was in service, and Keys its secrets: with them core
	// decides again. Nil: no site has the host.
	Site *core.Site
	Keys signed.Keyring
}

// Of finds the line of the click log.
func Of(x *hostsim.Exchange) *Request {
	r := &Request{Exchange: x}
	for _, line := range x.Logs {
		if line.Endpoint == contract.LogEndpoint && json.Unmarshal([]byte(line.Line), &r.Line) == nil {
			r.Raw = line.Line
			break
		}
	}
	return r
}

// Logged reports whether there is a line of the click log. Without one the guest
// has trapped, or the module is not clickedge.
func (r *Request) Logged() bool { return r.Raw != "" }

// Backend is the first that was asked; "" for none.
func (r *Request) Backend() string {
	if len(r.Sent) > 0 {
		return r.Sent[0].Backend
	}
	return ""
}

// Location is where the answer leads; "" for nowhere.
func (r *Request) Location() string {
	to, _ := r.ResponseHeader.Get("Location")
	return to
}

// Reason says why. Core decides again here, with the site that was in service.
// If the result differs, as with other sites in the module or after an answer of
// the ESP, only the code is explained.
func (r *Request) Reason() string {
	words := codes.Explain(r.Line.Code).What
	if r.Site != nil {
		req := &core.Request{Method: r.Request.Method, Target: r.Request.Target, CDNLoop: strings.Join(r.Request.Header.Values("cdn-loop"), ", "), Keys: r.Keys}
		words = reasonOf(explain.Of(req, r.Site, r.Line.Time), r.Line, words)
	}
	if r.Line.OriginError != "" {
		words += "; the ESP: " + r.Line.OriginError
	}
	if r.Line.Agrees == "no" {
		words += "; the ESP would have led elsewhere"
	}
	if r.Line.Override != "" {
		words += "; the site's entry in the config store is " + r.Line.Override
	}
	return words
}

// reasonOf is core's reason for a line: that of the decision where it came out
// so, and that of the failure where the ESP has failed.
func reasonOf(x *explain.Explanation, l Line, otherwise string) string {
	switch {
	case x.Decision.Action == l.Action && x.Decision.Code == l.Code:
		return x.Decision.Why
	case x.IfAnswers != nil && x.IfAnswers.Action == l.Action && x.IfAnswers.Code == l.Code:
		return x.IfAnswers.Why
	case x.IfFails != nil && x.IfFails.Action == l.Action && l.Action != "":
		return otherwise + ": " + x.IfFails.Why
	}
	return otherwise
}
