package sitesjson

import (
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/jsontext"
)

// secondOrigin is the value of second_origin before the first origin is known.
type secondOrigin struct {
	endpoint
	bare bool // a host alone: scheme and port are the first origin's
}

func (c *siteReader) setSecond(t jsontext.Text) {
	text, ok := string(t.Bytes), false
	if c.second.bare = destination.IsHost(text) && text == strings.ToLower(text); c.second.bare {
		c.second.host, ok = text, true
	} else {
		c.second.endpoint, ok = parseEndpoint(text)
	}
	if !ok {
		c.mistake(fieldSecond, t.At, quoteURL(t.Bytes)+" is not the URL of an origin", hintEndpoint(text))
	}
}

// relateSecond completes the second origin. It belongs to the same ESP as the
// first, so its requests and answers are edited in the same way.
func (c *siteReader) relateSecond() {
	if !c.given(fieldSecond) || c.bad[fieldSecond] {
		return
	}
	first, e := c.site.Origin, c.second.endpoint
	if c.second.bare {
		e.tls, e.port = first.TLS, first.Port
	}
	switch o := originAt(*first, e); {
	case e.host == first.Address && e.port == first.Port:
		c.mistake(fieldSecond, c.at[fieldSecond], "is the first origin already", "name another, or leave it out")
	case len(o.Backend) > maxBackend:
		c.mistake(fieldSecond, c.at[fieldSecond], "the host is too long to name a backend after it", "give a shorter name to the origin")
	default:
		c.site.SecondOrigin = c.shared(o)
	}
}

// originAt returns the origin with another address. If a preset of the family
// has that address, its backend and health probe are used.
func originAt(o core.Origin, e endpoint) core.Origin {
	o.Address, o.Port, o.TLS = e.host, e.port, e.tls
	o.Backend, o.Health = e.backend(), core.Health{}
	for _, p := range core.Presets() {
		if p.Family == o.Family && p.Address == o.Address && p.Port == o.Port && p.TLS == o.TLS {
			o.Backend, o.Health = p.Backend, p.Health
			break
		}
	}
	return o
}
