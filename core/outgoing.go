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

// OutgoingHost is the Host that this origin gets. It is canonical, although the
// reader's may be in any letter case, with a port or with a trailing dot.
func (s *Site) OutgoingHost(o *Origin) string {
	if o.OriginHost {
		return o.Address
	}
	return s.Host
}

// EditRequest says what changes in a reader's request on its way to an origin
// of this site. It calls edit for each change. The target, the method, the body
// and every field that is not named here stay as they came. A request whose
// edits cannot all be made must not be sent.
func (s *Site) EditRequest(o *Origin, in *Arrival, edit Editor) {
	if in.Headers.Has(header.HopByHop | header.Underscore) {
		editConnection(in.Headers, edit)
		if in.Headers.Has(header.Underscore) {
			edit(EditRemoveAliases, "", "")
		}
	}
	edit(EditSet, "host", s.OutgoingHost(o))
	if in.Headers.Has(credentials) {
		o.editCredentials(in.Headers, edit)
	}
	// SparkPost takes X-Forwarded-Host for the Host, which a reader must not be
	// able to choose.
	if o.ForwardedHost {
		edit(EditSet, "x-forwarded-host", s.Host)
	} else if in.Headers.Has(header.ForwardedHost) {
		edit(EditRemove, "x-forwarded-host", "")
	}
	edit(EditSet, "x-forwarded-proto", in.Scheme)
	// SparkPost locates readers by their addresses, and limits the clicks from
	// one address.
	if in.Address != "" {
		edit(appendOrSet(in.Headers.Has(header.ForwardedFor)), "x-forwarded-for", in.Address)
	}
	mark := AppendLoop(in.Room[:0], s.Host)
	edit(appendOrSet(in.Headers.Has(header.CDNLoop)), "cdn-loop", unsafe.String(unsafe.SliceData(mark), len(mark))) // nobody else writes to the room
	if o.Headers != "" {
		o.editHeaders(edit)
	}
}

// appendOrSet adds a value to those of the reader, if there are any.
func appendOrSet(came bool) EditOp {
	if came {
		return EditAppend
	}
	return EditSet
}

// credentials are the fields that may hold credentials for others than the ESP.
const credentials = header.Cookie | header.Authorization | header.FastlyKey

func (o *Origin) editCredentials(has header.Set, edit Editor) {
	// A purge request has the token of Fastly's API in this field, and Fastly
	// passes it to the program.
	if has.Has(header.FastlyKey) {
		edit(EditRemove, "fastly-key", "")
	}
	// A browser repeats Authorization to a host that once asked for it, and no
	// ESP asks for it. An origin of the operator's own may.
	if has.Has(header.Authorization) {
		op := EditRemove
		if o.Sender() == esp.FamilyCustom {
			op = EditPass
		}
		edit(op, "authorization", "")
	}
	if has.Has(header.Cookie) {
		edit(o.Cookies.edit(EditOwnCookies), "cookie", "")
	}
}

// edit is what this mode does to a field of cookies, where own is what
// CookiesOwn does to it.
func (c Cookies) edit(own EditOp) EditOp {
	switch c {
	case CookiesOwn:
		return own
	case CookiesStrip:
		return EditRemove
	}
	return EditPass
}
