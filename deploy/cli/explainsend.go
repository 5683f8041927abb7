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
}

// headerEdit is what is done to one header; the others pass as they came. A
// value in angle brackets is known only when a reader comes.
type headerEdit struct {
	Name   string `json:"name"`
	Value  string `json:"value,omitempty"`
	Append bool   `json:"appended,omitempty"` // to what came with the request
	Gone   bool   `json:"removed,omitempty"`
}

// sentTo says what edge/forward.go sends for this origin.
func sentTo(o *core.Origin, site *core.Site, req *core.Request) *sent {
	s := &sent{Backend: o.Backend, Address: fmt.Sprintf("%s:%d", o.Address, o.Port), TLS: o.TLS, Method: req.Method, Target: req.Target}
	if o.TLS {
		s.SNI = o.Address
	}
	host := site.Host
	if o.OriginHost {
		host = o.Address
	}
	s.Headers = append(s.Headers, headerEdit{Name: "Host", Value: host})
	if o.ForwardedHost {
		s.Headers = append(s.Headers, headerEdit{Name: "X-Forwarded-Host", Value: site.Host})
	} else {
		s.Headers = append(s.Headers, headerEdit{Name: "X-Forwarded-Host", Gone: true})
	}
	s.Headers = append(s.Headers,
		headerEdit{Name: "X-Forwarded-Proto", Value: "<http or https>"},
		headerEdit{Name: "X-Forwarded-For", Value: "<the reader's address>", Append: true},
		headerEdit{Name: "CDN-Loop", Value: string(core.AppendLoop(nil, site.Host)), Append: true})
	if o.StripCookies {
		s.Headers = append(s.Headers, headerEdit{Name: "Cookie", Gone: true})
	}
	return s
}
