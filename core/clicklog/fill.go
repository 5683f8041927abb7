package clicklog

import (
	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/header"
)

// Decided records a decision on a request of this site, which may be nil.
func (r *Record) Decided(d *core.Decision, site *core.Site) {
	r.Action, r.Code, r.Kind, r.Reading = d.Action, d.Code, d.Kind, d.Reading
	r.ID, r.KeyID, r.Expiry = d.ID, d.KeyID, d.Expiry
	r.Judged = d.Kind == esp.KindClick || d.Kind == esp.KindApp || d.Kind == esp.KindOpen
	if site != nil {
		r.ESP = site.ESP
	}
}

// Failed records that an answer could not be given, by a fault of ours.
func (r *Record) Failed() { r.Action, r.Code = core.Refuse, core.Internal }

// Attempted records what came of asking the ESP.
func (r *Record) Attempted(a *core.Attempt) {
	r.Missed, r.OriginStatus = a.Missed(), a.Status
	if a.Code != core.IncompleteRequest { // the reader's fault, not the ESP's
		r.OriginError = a.Reason
	}
}

// AttemptedSecond records what came of asking the second origin after the first
// was not reached.
func (r *Record) AttemptedSecond(first, second *core.Attempt) {
	r.Attempted(second)
	r.OriginError, r.SecondOrigin = first.Reason, second.Reason
	if second.Code == core.OK {
		r.SecondOrigin = "answered"
	}
}

// Compare records whether the ESP leads where the reader was sent, given its
// answer's status and the values of its Location, each followed by a NUL. Where
// it does not, the link was read wrongly: the text that it returns is for
// whoever runs the service. It holds hosts only, since a path may name the
// reader.
func (r *Record) Compare(ours string, status int, locations string, tls bool, site *core.Site) (warning string) {
	r.Agrees, r.OriginDestination = core.Agreement(ours, status, header.First(locations), tls, site.Host)
	if r.Agrees != "no" {
		return ""
	}
	where := r.OriginDestination
	switch where {
	case "":
		where = "what is no web page"
	case r.Destination:
		where = "another page of " + where
	}
	return "the ESP disagrees: the reader was sent to " + r.Destination + ", the ESP leads to " + where +
		"; site " + site.Host + ", esp " + site.ESP + ", request " + r.RequestID
}
