package handler

import (
	"encoding/json"
	"net"

	"github.com/fastly/compute-sdk-go/geo"

	"github.com/clickedge/clickedge/core/verdict"
)

// askLate adds to the line, and to its verdict, what few sites have, and asks the
// platform for it: the reader has been answered.
func (x *exchange) askLate() {
	if x.site.Network {
		x.askNetwork()
		x.record.Verdict.Locate(&x.signals, x.record.Network)
	}
	if x.site.LogHashes != "" {
		x.hash()
	}
}

// askNetwork asks the platform where the request came from, and how the client
// spoke TLS and HTTP/2. What the platform does not say, in whatever way, is not
// known. A panic is caught: the line then says that nothing is known.
func (x *exchange) askNetwork() {
	n := new(verdict.Network)
	x.record.AskNetwork(n)
	defer func() {
		if recover() != nil {
			x.record.AskNetwork(n)
			x.warn("internal error: a line without the reader's network")
		}
	}()
	n.ReadPlace(placeOf(x.address()))
	n.JA4 = string(x.in.TLSInfo.JA4)
	if meta, err := x.in.FastlyMeta(); err == nil {
		n.H2 = string(meta.H2)
	}
}

// placeOf is the part of the platform's geolocation of an address that is read,
// as the platform has it: the SDK has taken it apart.
func placeOf(address string) []byte {
	place, err := geo.Lookup(net.ParseIP(address))
	if err != nil {
		return nil
	}
	text, _ := json.Marshal(map[string]any{ // these can always be written
		"as_number": place.AsNumber, "proxy_type": place.ProxyType, "proxy_description": place.ProxyDescription,
	})
	return text
}
