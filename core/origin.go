package core

import (
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/header"
)

// Origin is where a site's requests are proxied to, and what is changed on the
// way. Host and SNI differ: Host is the branded domain by default, SNI and the
// certificate's name are always the origin's own.
type Origin struct {
	// Preset is the name in sites.json, "customerio-eu".
	Preset string
	// Family says how links are read.
	Family esp.Family
	// Backend is the backend's name on the Fastly service.
	Backend string
	// Address is the origin's host name, also its SNI and certificate name.
	Address string
	// Port of the origin.
	Port uint16
	// TLS is false where the origin speaks http only (Mailgun).
	TLS bool
	// OriginHost sends the origin's own name as Host instead of the branded
	// one.
	OriginHost bool
	// ForwardedHost adds X-Forwarded-Host with the branded domain.
	ForwardedHost bool
	// Headers are the fields that the site sets on each request: name and value
	// in turn, each followed by a NUL, see [header.Next]. The names are in
	// lower case and sorted, and [RefusedHeader] refuses none of
	// them. "" for none.
	Headers string
	// Cookies says which cookies pass between the reader and the ESP.
	Cookies Cookies
	// Health is the origin's health probe, empty if none is known.
	Health Health
}

// Health is a request that shows that an origin works, without following
// anybody's link.
type Health struct {
	Method string
	Path   string
	Status int
}

// Sender returns the family of the ESP behind the origin. Of a custom origin it
// is known at most what form its links have, in Family, and not who it is.
func (o *Origin) Sender() esp.Family {
	if o.Preset == PresetCustom {
		return esp.FamilyCustom
	}
	return o.Family
}

// editHeaders sets the site's own fields. A reader's value is replaced: an
// origin may take the field for the word of its proxy.
func (o *Origin) editHeaders(edit Editor) {
	for rest := o.Headers; rest != ""; {
		var name, value string
		name, rest = header.Next(rest)
		value, rest = header.Next(rest)
		edit(EditSet, name, value)
	}
}
