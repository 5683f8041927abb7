package clicklog

import (
	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/header"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/core/verdict"
)

// Decided records a decision on a request. site may be nil.
func (r *Record) Decided(d *core.Decision, site *core.Site) {
	r.Action, r.Code, r.Kind, r.Reading = d.Action, d.Code, d.Kind, d.Reading
	r.ID, r.KeyID, r.Expiry = d.ID, d.KeyID, d.Expiry
	r.Judged = d.Kind == esp.KindClick || d.Kind == esp.KindApp || d.Kind == esp.KindOpen
	if site != nil {
		r.ESP = site.ESP
	}
}

// AskNetwork begins what the platform is asked of the reader's network: n is
// what it says, of which nothing is known yet.
func (r *Record) AskNetwork(n *verdict.Network) {
	*n = verdict.Network{Day: r.Time.Unix() / daySeconds}
	r.Network = n
}

// JudgeLink adds to the verdict on the request what its link says: whether it is
// a trap.
func (r *Record) JudgeLink() {
	if r.ID != "" {
		r.judgeSigned()
	}
}

// judgeSigned stands alone, so that other clicks do not pay for it.
//
//go:noinline
func (r *Record) judgeSigned() {
	if r.Kind == esp.KindClick && signed.IsTrap(r.ID) {
		r.Verdict.Trapped()
	}
}

// Failed records that no answer could be sent, through a fault of clickedge or
// its host.
func (r *Record) Failed() { r.Action, r.Code = core.Refuse, outcome.Internal }

// Attempted records the result of asking the ESP.
func (r *Record) Attempted(a *core.Attempt) {
	r.Missed, r.OriginStatus = a.Missed(), a.Status
	if a.Code != outcome.IncompleteRequest { // the reader's fault, not the ESP's
		r.OriginError = a.Reason
	}
}

// AttemptedSecond records the result of asking the second origin after the
// first was not reached.
func (r *Record) AttemptedSecond(first, second *core.Attempt) {
	r.Attempted(second)
	r.OriginError, r.SecondOrigin = first.Reason, second.Reason
	if second.Code == outcome.OK {
		r.SecondOrigin = "answered"
	}
}

// Compare records whether the ESP's Location is the one that the link says, by
// which the click was decided. It is given the status of the ESP's answer and
// the values of its Location, each followed by a NUL. If they differ, the link
// was read wrongly, and the returned warning is for the operator. It names only
// hosts, since a path may name the reader.
func (r *Record) Compare(d *core.Decision, status int, locations string, tls bool, site *core.Site) (warning string) {
	said := d.Said()
	r.Agrees, r.OriginDestination = core.Agreement(said, status, header.First(locations), tls, site.Host)
	if r.Agrees != "no" {
		return ""
	}
	ours, verb := r.Destination, "the reader was sent to "
	if d.Recalled != "" {
		ours, verb = core.LeadsTo(said, tls, site.Host), "the link, which is recalled, was read as one to "
	}
	where := r.OriginDestination
	switch where {
	case "":
		where = "what is no web page"
	case ours:
		where = "another page of " + where
	}
	return "the ESP disagrees: " + verb + ours + ", the ESP leads to " + where +
		"; site " + site.Host + ", esp " + site.ESP + ", request " + r.RequestID
}
