package core

import "github.com/clickedge/clickedge/core/esp"

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
