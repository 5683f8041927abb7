package core

import (
	"unsafe"

	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/header"
)

// Arrival is what the edits of a request depend on, beside the site.
type Arrival struct {
	// Headers are the fields that came.
	Headers header.Set
	// Scheme is "https" where the reader came over TLS, else "http".
	Scheme string
	// Address is the reader's, as text; "" where it is not known.
	Address string
	// Room is where a value is put that is made here, if it fits: [LoopRoom]
	// bytes are enough. Nil: it is allocated.
	Room []byte
}

// LoopRoom is what the mark against loops needs for the longest host.
const LoopRoom = len(LoopToken) + len(`; host=""`) + destination.MaxHost

// OutgoingHost is the Host that this origin gets. It is of one form: the site
// was found by a host in any letter case, perhaps with a port or a trailing
// dot.
func (s *Site) OutgoingHost(o *Origin) string {
	if o.OriginHost {
		return o.Address
	}
	return s.Host
}

// RequestEdits says what changes in a reader's request on its way to an origin
// of this site. The target, the method, the body and every field that is not
// named here stay as they came. A request whose edits cannot all be made must
// not be sent.
func (l *Edits) RequestEdits(s *Site, o *Origin, in *Arrival) {
	if in.Headers.Has(header.HopByHop) {
		l.addConnection(in.Headers)
	}
	l.add(EditSet, "host", s.OutgoingHost(o))
	if in.Headers.Has(credentials) {
		l.addCredentials(o, in.Headers)
	}
	// SparkPost takes X-Forwarded-Host for the Host, and nobody outside may
	// choose that.
	if o.ForwardedHost {
		l.add(EditSet, "x-forwarded-host", s.Host)
	} else if in.Headers.Has(header.ForwardedHost) {
		l.add(EditRemove, "x-forwarded-host", "")
	}
	l.add(EditSet, "x-forwarded-proto", in.Scheme)
	// SparkPost places readers by their addresses, and refuses too many clicks
	// from one.
	if in.Address != "" {
		l.addTo("x-forwarded-for", in.Address, in.Headers.Has(header.ForwardedFor))
	}
	mark := AppendLoop(in.Room[:0], s.Host)
	// Nobody else writes to the room.
	l.addTo("cdn-loop", unsafe.String(unsafe.SliceData(mark), len(mark)), in.Headers.Has(header.CDNLoop))
}

// addTo adds a value to those that came.
func (l *Edits) addTo(name, value string, came bool) {
	op := EditSet
	if came {
		op = EditAppend
	}
	l.add(op, name, value)
}

// credentials are the fields that say who the reader, or the operator, is to
// somebody else than the ESP.
const credentials = header.Cookie | header.Authorization | header.FastlyKey

func (l *Edits) addCredentials(o *Origin, has header.Set) {
	// A purge carries the token of Fastly's API in this field, which reaches
	// the program like any other.
	if has.Has(header.FastlyKey) {
		l.add(EditRemove, "fastly-key", "")
	}
	// A browser sends Authorization by itself to whom it was once given, and no
	// ESP asks for it.
	if has.Has(header.Authorization) {
		op := EditRemove
		if o.Family == esp.FamilyCustom {
			op = EditPass
		}
		l.add(op, "authorization", "")
	}
	if has.Has(header.Cookie) {
		l.addCookies(EditOwnCookies, "cookie", o)
	}
}

// addCookies does to a field of cookies what the origin's mode says.
func (l *Edits) addCookies(own EditOp, name string, o *Origin) {
	switch o.Cookies {
	case CookiesOwn:
		l.origin = o
		l.add(own, name, "")
	case CookiesStrip:
		l.add(EditRemove, name, "")
	default:
		l.add(EditPass, name, "")
	}
}
